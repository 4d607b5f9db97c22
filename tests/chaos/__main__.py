"""Provokes every fault on real processes and prints what it cost: `python -m tests.chaos`."""

import argparse
import logging
import signal
import sys
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

import msgspec
import structlog

from bench.machine import describe
from devstack import Stack, running_stack
from tests.acceptance.programs import ROOT, Site
from tests.chaos.outcome import TITLES, Outcome, cells, run
from tests.chaos.rows import ROWS, Row
from tests.conftest import clone_database, make_template

RESULTS: Final = ROOT / "bench" / "results" / "chaos.json"
MAX_RECOVERY_S: Final = 60.0


def main() -> int:
    """Run the rows asked for, or render the latest run as Markdown."""
    parser = argparse.ArgumentParser(prog="python -m tests.chaos", description=__doc__)
    parser.add_argument("--rows", default="", metavar="9,17", help="only these; all if empty")
    parser.add_argument("--markdown", action="store_true", help="print the latest run's table")
    options = parser.parse_args()
    if options.markdown:
        outcomes = msgspec.json.decode(RESULTS.read_bytes(), type=list[Outcome])
        _print(*_markdown(outcomes), "", outcomes[0].machine)
        return 0
    wanted = {int(number) for number in options.rows.split(",") if number.strip()}
    if unknown := wanted - {row.number for row in ROWS}:
        parser.error(f"no such rows: {sorted(unknown)}")
    outcomes = _run([row for row in ROWS if not wanted or row.number in wanted])
    _print("", *_table(outcomes), "", outcomes[0].machine)
    return 0 if all(outcome.passed for outcome in outcomes) else 1


def _run(rows: Sequence[Row]) -> list[Outcome]:
    # The oracle's own log is nobody's business here.
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.ERROR))
    # Asked to stop, the services must stop, too.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    machine = describe("kafka-python", "redis", "psycopg2-binary")
    outcomes: list[Outcome] = []
    with TemporaryDirectory(prefix="finguard-chaos-") as name:
        folder = Path(name)
        with running_stack(folder / "stack") as stack:
            template = make_template(stack)
            for row in rows:
                _print(f"row {row.number}: {row.fault} ...")
                outcome = run(stack, _site(stack, template, folder / str(row.number)), row)
                outcome.machine = machine
                if outcome.recovery_s is not None and outcome.recovery_s > MAX_RECOVERY_S:
                    outcome.failure += f" recovered only after {outcome.recovery_s:.1f} s"
                outcomes.append(outcome)
                _print(f"  {_line(outcome)}")
                _write(outcomes)
    return outcomes


def _site(stack: Stack, template: str, folder: Path) -> Site:
    folder.mkdir()
    return Site(stack, clone_database(stack, template), folder)


def _write(outcomes: Sequence[Outcome]) -> None:
    RESULTS.parent.mkdir(parents=True, exist_ok=True)
    RESULTS.write_bytes(msgspec.json.format(msgspec.json.encode(outcomes)))


def _line(outcome: Outcome) -> str:
    figures = zip(TITLES[2:], cells(outcome)[2:], strict=True)
    told = ", ".join(f"{title} {figure}" for title, figure in figures)
    return f"{told} (after {outcome.took_s:.0f} s) {outcome.failure}".rstrip()


def _table(outcomes: Sequence[Outcome]) -> list[str]:
    lines = [TITLES, *(cells(outcome) for outcome in outcomes)]
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    return [
        "  ".join(
            cell.ljust(width) if title == "fault" else cell.rjust(width)
            for title, cell, width in zip(TITLES, line, widths, strict=True)
        )
        for line in lines
    ]


def _markdown(outcomes: Sequence[Outcome]) -> list[str]:
    rule = ["---" if title == "fault" else "---:" for title in TITLES]
    lines = [TITLES, rule, *(cells(outcome) for outcome in outcomes)]
    return [f"| {' | '.join(line)} |" for line in lines]


def _print(*lines: str) -> None:
    sys.stdout.write("".join(f"{line}\n" for line in lines))
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
