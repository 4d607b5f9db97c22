"""Measures the dashboard with a million alerts behind it; `make bench-dashboard` runs it."""

import argparse
import os
import signal
import sys
from collections.abc import Callable
from typing import Any, Final

from bench.api.bed import Bed, BenchError, running_bed, serving
from bench.api.client import Load
from bench.api.filling import fill
from bench.api.operations import Chance, lists
from bench.api.processor import versions
from bench.dashboard.bed import Shown, showing
from bench.dashboard.cost import measure_crowd, measure_refreshes
from bench.dashboard.report import FILE, markdown, merged, store
from bench.dashboard.viewers import Address
from bench.dashboard.visits import measure_visits
from devstack import StackError
from devstack.console import Console
from finguard.errors import FinGuardError

QUIET_LOAD: Final = 0.5
ALERTS: Final = 1_000_000
CLIENTS: Final = 20
PARTS: Final = ("visits", "refreshes", "crowd")

DAY: Final = "range=24+h"
CROWD: Final = (
    *(Address(query=DAY),) * 10,
    *(Address("alerts", DAY),) * 8,
    *(Address("system"),) * 2,
)
"""Where the viewers are who look on while others use the API."""


def main() -> int:
    """Measure the parts asked for, one after the other, and report after each."""
    parser = argparse.ArgumentParser(prog="make bench-dashboard", description=__doc__)
    parser.add_argument("--only", default=",".join(PARTS), help="parts to measure")
    parser.add_argument("--alerts", type=int, default=ALERTS, help="in PostgreSQL")
    parser.add_argument("--visits", type=int, default=15, help="to each page")
    parser.add_argument("--seconds", type=int, default=40, help="that a page is looked at")
    parser.add_argument("--times", type=int, default=10, help="that each operation is asked for")
    parser.add_argument("--rate", type=float, default=2.0, help="requests/s of each other client")
    given = parser.parse_args()
    wanted = given.only.split(",")
    if unknown := set(wanted) - set(PARTS):
        parser.error(f"no such part: {', '.join(sorted(unknown))}; there are {', '.join(PARTS)}")
    console = Console(sys.stderr)
    # As Ctrl-C does: nothing is left running.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    load = os.getloadavg()[0]
    if load > QUIET_LOAD:
        console.line(f"This machine is busy (load {load:.1f}): the figures will be too high.")
    try:
        with running_bed(console, "dashboard") as bed:
            fill(bed.dsn, given.alerts)
            with serving(bed) as api, showing(bed, api) as shown:
                where = f"{versions(bed, 'streamlit')}; {given.alerts:,} alerts"
                parts = _parts(bed, shown, given)
                for name in (name for name in PARTS if name in wanted):
                    measured = f"{where}; load before {load:.1f}"
                    report = merged({name: {"figures": parts[name](), "measured": measured}})
                    store(report)
    except (BenchError, StackError, FinGuardError) as error:
        console.line(f"error: {error}")
        return 1
    except KeyboardInterrupt:
        return 130
    print(markdown(report))  # noqa: T201
    console.line(f"All figures: {os.path.relpath(FILE)}")
    return 0


def _parts(
    bed: Bed, shown: Shown, given: argparse.Namespace
) -> dict[str, Callable[[], dict[str, Any]]]:
    chance = Chance(bed.dsn, seed=7)
    alert = chance.alert()
    pages = {
        "overview, a day": Address(query=DAY),
        "overview, all time": Address(query="range=All"),
        "alerts, a day": Address("alerts", DAY),
        "alerts, all time, one open": Address("alerts", f"range=All&alert={alert['alert_id']}"),
        "customer": Address("customer", f"range=All&user={alert['user_id']}"),
        "rules": Address("rules", DAY),
        "system": Address("system"),
    }
    load = Load(clients=CLIENTS, times=given.times, rate=given.rate)
    return {
        "visits": lambda: measure_visits(shown, pages, given.visits),
        "refreshes": lambda: measure_refreshes(bed, shown, pages, given.seconds),
        "crowd": lambda: measure_crowd(shown, list(lists(chance)), CROWD, load),
    }


if __name__ == "__main__":
    sys.exit(main())
