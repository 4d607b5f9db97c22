"""Measures the dashboard with a million alerts behind it; `make bench-dashboard` runs it."""

import argparse
import os
import sys
from collections.abc import Callable, Sequence
from typing import Any, Final

from bench.api.bed import Bed, running_bed, serving
from bench.api.client import Load
from bench.api.filling import fill
from bench.api.operations import Chance, lists
from bench.api.services import versions
from bench.command import run, wanted_parts
from bench.dashboard.bed import Shown, bury, showing
from bench.dashboard.cost import measure_crowd, measure_refreshes
from bench.dashboard.report import FILE, markdown, merged
from bench.dashboard.viewers import Address
from bench.dashboard.visits import browser_path, measure_visits
from bench.figures import store
from devstack.console import Console

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
    wanted = wanted_parts(parser, given.only, PARTS)
    return run(lambda console, load: _measure(wanted, given, console, load))


def _measure(
    wanted: Sequence[str], given: argparse.Namespace, console: Console, load: float
) -> None:
    if "visits" in wanted:
        browser_path()
    with running_bed(console, "dashboard") as bed:
        fill(bed.dsn, given.alerts)
        bury(bed.dsn)
        with serving(bed) as api, showing(bed, api) as shown:
            where = f"{versions(bed, 'streamlit')}; {given.alerts:,} alerts; load before {load:.1f}"
            parts = _parts(bed, shown, given)
            for name in wanted:
                report = merged({name: {"figures": parts[name](), "measured": where}})
                store(report, FILE)
    print(markdown(report))  # noqa: T201
    console.line(f"All figures: {os.path.relpath(FILE)}")


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
        "dead letters": Address("dead_letters", "range=All"),
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
