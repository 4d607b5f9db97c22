"""The detector with its ports rigged: it dies, freezes or dawdles at a chosen point of the loop.

Each argument is a rig such as `ledger.record:after:3:kill`: the port, its method, whether before
or after the call takes effect, which call (from 1), and what happens then.
"""

import signal
import sys
import threading
import time
from collections.abc import Callable, Sequence
from typing import Final

import msgspec

from detector import connect_ports, policy
from finguard.logging import configure_logging
from finguard.pipeline.detector import Detector
from finguard.pipeline.ports import Ports
from finguard.program import run_to_exit, stop_on_signals
from finguard.settings import load_settings
from tests.unit.pipeline.worlds import Faulty

DAWDLE_S: Final = 10.0
DAWDLED: Final = "has dawdled"


def _dawdle() -> None:
    time.sleep(DAWDLE_S)
    sys.stderr.write(f"{DAWDLED}\n")


_ACTIONS: Final[dict[str, Callable[[], None]]] = {
    # To the very thread: sent to the process, it may go on a little before another one stops it.
    "kill": lambda: signal.pthread_kill(threading.get_ident(), signal.SIGKILL),
    "freeze": lambda: signal.pthread_kill(threading.get_ident(), signal.SIGSTOP),
    "dawdle": _dawdle,
}


def rigged(ports: Ports, rigs: Sequence[str]) -> Ports:
    """The ports, with the rigs in place."""
    for rig in rigs:
        point, moment, call, action = rig.split(":")
        port, method = point.split(".")
        plan = {"before": "fails", "after": "fails_after"}[moment]
        faulty = Faulty(getattr(ports, port), method, **{plan: _at(int(call), _ACTIONS[action])})
        ports = msgspec.structs.replace(ports, **{port: faulty})
    return ports


def _at(call: int, action: Callable[[], None]) -> Callable[[int], None]:
    def act(number: int) -> None:
        if number == call - 1:
            action()

    return act


def main() -> None:
    """As the detector's own, but for the rigs."""
    settings = load_settings()
    configure_logging("detector", level=settings.log_level, format=settings.log_format)
    stop = stop_on_signals()
    ports = rigged(connect_ports(settings, ()), sys.argv[1:])
    Detector(ports, policy(settings), stopping=stop.is_set).run()


if __name__ == "__main__":
    run_to_exit(main)
