"""The commands behind `make up`, `down`, `status`, `demo` and `clean`."""

import argparse
import logging
import os
import signal
import sys
from collections.abc import Callable, Mapping
from types import FrameType

from dotenv import load_dotenv

from devstack.console import Console
from devstack.demo import run_demo, stop_demo
from devstack.errors import StackError
from devstack.layout import CHECKOUT, Layout
from devstack.lifecycle import Lifecycle
from devstack.settings import StackSettings

Action = Callable[[StackSettings, Lifecycle], int]


def up(_settings: StackSettings, life: Lifecycle) -> int:
    """Start what does not run yet, and wait until it is usable."""
    life.console.line("Starting the services ...")
    life.up()
    return 0


def down(_settings: StackSettings, life: Lifecycle) -> int:
    """Stop what `up` and `demo` have started here."""
    stop_demo(CHECKOUT, life)
    life.down()
    return 0


def status(_settings: StackSettings, life: Lifecycle) -> int:
    """Tell how each service is; exit 0 only if all are healthy."""
    row = "{:<11}{:<22}{:<10}{:<24}{}"
    life.console.line(row.format("SERVICE", "ADDRESS", "HEALTHY", "STATE", "LOG"))
    statuses = life.status()
    for each in statuses:
        healthy = "yes" if each.is_healthy else "no"
        line = row.format(each.title, each.address, healthy, each.state, each.log)
        life.console.line(line)
    return 0 if all(each.is_healthy for each in statuses) else 1


def demo(settings: StackSettings, life: Lifecycle) -> int:
    """Run the services and the four programs until Ctrl-C."""
    try:
        run_demo(CHECKOUT, settings, life)
    except KeyboardInterrupt:
        life.console.line("Stopped.")
    return 0


def fetch(_settings: StackSettings, life: Lifecycle) -> int:
    """Download what the services need."""
    with life.layout.locked():
        life.fetch()
    return 0


def clean(settings: StackSettings, life: Lifecycle) -> int:
    """Stop everything and drop all data and logs."""
    down(settings, life)
    life.clean()
    return 0


ACTIONS: Mapping[str, Action] = {
    action.__name__: action for action in (up, down, status, demo, fetch, clean)
}


def main() -> int:
    """Run one command; show a person an error in words, never a traceback."""
    action = ACTIONS[_arguments().command]
    signal.signal(signal.SIGTERM, _interrupt)
    if signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN:  # which is what nohup asks for
        signal.signal(signal.SIGHUP, _interrupt)
    logging.disable()
    load_dotenv(CHECKOUT / ".env")
    console, trouble = Console(sys.stdout), Console(sys.stderr)
    try:
        settings = StackSettings.load(os.environ)
        return action(settings, Lifecycle.of(settings, Layout.of_checkout(), console))
    except StackError as error:
        trouble.line(f"Error: {error}")
    except OSError as error:
        trouble.line(f"Error: {error}\n  -> if the folder .finguard is another user's, delete it")
    except KeyboardInterrupt:
        trouble.line("Interrupted.")
        return 128 + signal.SIGINT
    return 1


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m devstack", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    for name, action in ACTIONS.items():
        commands.add_parser(name, help=action.__doc__)
    return parser.parse_args()


def _interrupt(_number: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt


if __name__ == "__main__":
    sys.exit(main())
