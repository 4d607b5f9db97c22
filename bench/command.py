"""What the commands of the bench share."""

import os
import signal
import sys
from argparse import ArgumentParser
from collections.abc import Callable, Sequence
from typing import Final

from devstack import StackError
from devstack.console import Console
from finguard.errors import FinGuardError

QUIET_LOAD: Final = 0.5


class BenchError(Exception):
    """What is measured, or what it needs, did not do what it was started for."""


def wanted_parts(parser: ArgumentParser, named: str, parts: Sequence[str]) -> list[str]:
    """The parts that an option names, separated by commas, in their own order; or the usage."""
    wanted = named.split(",")
    if unknown := set(wanted) - set(parts):
        parser.error(f"no such part: {', '.join(sorted(unknown))}; there are {', '.join(parts)}")
    return [part for part in parts if part in wanted]


def run(measure: Callable[[Console, float], None]) -> int:
    """Measure; the exit code. What fails is told in one line, and leaves nothing running.

    Args:
        measure: is given the console, and the machine's load before.
    """
    console = Console(sys.stderr)
    # As Ctrl-C does: nothing is left running.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    load = os.getloadavg()[0]
    if load > QUIET_LOAD:
        console.line(f"This machine is busy (load {load:.1f}): the figures will be worse for it.")
    try:
        measure(console, load)
    except (BenchError, StackError, FinGuardError) as error:
        console.line(f"error: {error}")
        return 1
    except KeyboardInterrupt:
        return 130
    return 0
