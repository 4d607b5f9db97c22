"""The command line of the producer: from arguments to a job."""

import argparse
import math
import secrets
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from finguard.domain.transaction import Transaction
from finguard.simulator.replay.job import ReplayOptions, replay_job
from finguard.simulator.replay.mapping import MappingError
from finguard.simulator.run import GIVE_UP_S, Job
from finguard.simulator.simulation import SimulationOptions, UsageError, simulation_job

EPILOG = """\
examples:
  python producer.py                                  50 transactions a second, until Ctrl-C
  python producer.py --rate 500 --labels truth.jsonl  ten times as fast, with the ground truth
  python producer.py --seed 7 --rate 0 --limit 100000 --start-time 2026-01-01
  python producer.py --replay sales.parquet --map amount=amt --default currency=USD
  python producer.py --replay sales.csv.gz --speed 60   an hour of events in a minute

Kafka's address and topic come from the environment: FINGUARD_KAFKA_BOOTSTRAP_SERVERS, ...
"""

MAX_FRAUD_RATE = 0.5
MAX_POISON_RATE = 0.9


def parse_job(arguments: Sequence[str] | None = None) -> Job:
    """Read the command line; bad usage ends the process with code 2 and a clear line.

    Args:
        arguments: None for the process's own.

    Raises:
        UnreadableFile: when the file to replay cannot be opened.
    """
    parser = _parser()
    given = vars(parser.parse_args(arguments))
    path = given.pop("replay", None)
    world = {name: given[name] for name in _WORLD_OPTIONS if name in given}
    replay = {name: given[name] for name in _REPLAY_OPTIONS if name in given}
    misplaced = replay if path is None else world
    if misplaced:
        names = ", ".join(_FLAGS.get(name, f"--{name.replace('_', '-')}") for name in misplaced)
        parser.error(f"{names}: {'only with' if path is None else 'not with'} --replay")
    try:
        job = _job(path, given.get("limit"), world, replay)
    except (UsageError, MappingError) as error:
        parser.error(str(error))
    return job._replace(give_up_s=given.get("give_up_after", GIVE_UP_S))


def _job(
    path: Path | None, limit: int | None, world: dict[str, Any], replay: dict[str, Any]
) -> Job:
    now_us = time.time_ns() // 1_000
    if path is None:
        world.setdefault("seed", secrets.randbelow(2**32))
        return simulation_job(SimulationOptions(limit=limit, **world), now_us)
    # Later pairs win, as later options do.
    pairs = {name: dict(replay[name]) for name in _PAIRS if name in replay}
    return replay_job(ReplayOptions(path=path, limit=limit, **replay | pairs), now_us)


_WORLD_OPTIONS = ("rate", "users", "seed", "fraud_rate", "poison_rate", "start_us", "labels")
_REPLAY_OPTIONS = ("renamed", "defaults", "speed")
_PAIRS = ("renamed", "defaults")
_FLAGS = {"start_us": "--start-time", "renamed": "--map", "defaults": "--default"}


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="producer.py",
        description="Publish simulated card transactions, or replay a real file, to Kafka.",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        argument_default=argparse.SUPPRESS,
        allow_abbrev=False,
    )
    parser.add_argument("--limit", type=_whole(1), metavar="N", help="stop after N messages")
    parser.add_argument(
        "--give-up-after",
        type=_number(1),
        metavar="SECONDS",
        help=f"how long Kafka may stay silent before the run fails ({GIVE_UP_S:g})",
    )
    _add_world_options(parser.add_argument_group("the simulated world"))
    _add_replay_options(parser.add_argument_group("replay of a file"))
    return parser


def _add_world_options(group: "argparse._ArgumentGroup") -> None:
    group.add_argument(
        "--rate",
        type=_number(0),
        metavar="TPS",
        help="transactions a second; 0 for as fast as possible, with event time advancing as if "
        "everybody shopped three times a day (50)",
    )
    group.add_argument(
        "--users",
        type=_whole(1),
        metavar="N",
        help="cardholders at any time (1000, or 20 for each transaction a second)",
    )
    group.add_argument(
        "--seed",
        type=_whole(0),
        metavar="N",
        help="the same seed, start time and options give the same bytes (random, and logged)",
    )
    group.add_argument(
        "--fraud-rate",
        type=_number(0, MAX_FRAUD_RATE),
        metavar="SHARE",
        help="share of the transactions that belong to a crime (0.01)",
    )
    group.add_argument(
        "--poison-rate",
        type=_number(0, MAX_POISON_RATE),
        metavar="SHARE",
        help="share of the messages that are no transactions (0.002)",
    )
    group.add_argument(
        "--start-time",
        dest="start_us",
        type=_time_us,
        metavar="ISO8601",
        help="event time of the first transaction; UTC unless it names a zone (now)",
    )
    group.add_argument(
        "--labels",
        type=Path,
        metavar="FILE",
        help="write which messages are fraud or poison to FILE, one JSON object a line",
    )


def _add_replay_options(group: "argparse._ArgumentGroup") -> None:
    group.add_argument(
        "--replay",
        type=Path,
        metavar="FILE",
        help="publish the rows of FILE instead: .csv, .jsonl (each also .gz) or .parquet",
    )
    group.add_argument(
        "--map",
        dest="renamed",
        action="append",
        type=_pair,
        metavar="FIELD=COLUMN",
        help="the event's FIELD is called COLUMN in the file; repeatable",
    )
    group.add_argument(
        "--default",
        dest="defaults",
        action="append",
        type=_pair,
        metavar="FIELD=VALUE",
        help="VALUE for a FIELD without a column, or with an empty cell; repeatable "
        "(channel=in_person)",
    )
    group.add_argument(
        "--speed",
        type=_number(0),
        metavar="FACTOR",
        help="1 for the pace of the file's own times, 60 for an hour a minute, "
        "0 for as fast as possible (0)",
    )


def _whole(least: int) -> Callable[[str], int]:
    def whole_number(text: str) -> int:
        number = int(text)
        if number < least:
            raise argparse.ArgumentTypeError(f"must be {least} or more")
        return number

    return whole_number


def _number(least: float, most: float = math.inf) -> Callable[[str], float]:
    def number(text: str) -> float:
        value = float(text)
        if not (least <= value <= most and math.isfinite(value)):
            limits = f"{least:g} or more" if math.isinf(most) else f"{least:g} to {most:g}"
            raise argparse.ArgumentTypeError(f"must be {limits}")
        return value

    return number


def _time_us(text: str) -> int:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is no ISO 8601 time") from None
    moment = moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment
    return round(moment.timestamp() * 1_000_000)


def _pair(text: str) -> tuple[str, str]:
    field, equals, value = text.partition("=")
    if not equals or not value:
        raise argparse.ArgumentTypeError(f"{text!r} is not of the form FIELD=...")
    if field not in Transaction.__struct_fields__:
        known = ", ".join(Transaction.__struct_fields__)
        raise argparse.ArgumentTypeError(f"{field!r} is no field of the event: {known}")
    return field, value
