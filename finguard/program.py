"""What every command shares: a clean stop on a signal, and errors as one line with a remedy."""

import gc
import signal
import sys
from collections.abc import Callable, Iterable
from threading import Event
from types import FrameType
from typing import NoReturn

import structlog

from finguard.errors import FinGuardError

_log = structlog.get_logger()


def stop_on_signals() -> Event:
    """An event that SIGINT and SIGTERM set; a second signal ends the process at once."""
    stop = Event()

    def handle(number: int, _frame: FrameType | None) -> None:
        stop.set()
        signal.signal(number, signal.SIG_DFL)

    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, handle)
    return stop


def spare_the_collector() -> None:
    """Let the garbage collector look seldom, and never again at what is there now.

    A program that makes many objects and no cycles pays a third of its time for a search that finds
    nothing; what libraries make in cycles is still found, later.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(100_000, 20, 20)


def warn_of(oddities: Iterable[str]) -> None:
    """Log what is odd but no error, a line each."""
    for oddity in oddities:
        _log.warning(oddity)


def run_to_exit(main: Callable[[], int | None]) -> NoReturn:
    """Run a command's `main`; exit with its code, or with 1 and one line for an error of ours.

    An error that is not ours ends with its trace, since only a developer can help then.
    """
    try:
        code = main() or 0
    except FinGuardError as error:
        sys.stderr.write(f"error: {error}\n")
        code = 1
    sys.exit(code)
