"""The rows of docs/faults.md: each a function, with what the whole run and the tests ask of it."""

from collections.abc import Callable, Mapping
from types import ModuleType
from typing import Any, Final, NamedTuple

from tests.chaos import broker, crashes, database, membership, messages, profiles, replays, topic


class Row(NamedTuple):
    """One fault.

    Attributes:
        provoke: does the damage to a trial, and insists on what the row alone promises.
        whole: its parameters in the whole run.
        quick: those in the tests, which are short; None where the whole run is enough.
    """

    number: int
    fault: str
    provoke: Callable[..., None]
    whole: Mapping[str, Any]
    quick: Mapping[str, Any] | None = None


ROWS: Final = (
    Row(
        1,
        "killed after PostgreSQL's commit, before Redis",
        crashes.after_postgres,
        {"messages": 4_000, "batch": 500},
        {"messages": 1_000, "batch": 5_000},
    ),
    Row(
        2,
        "killed after Redis, before Kafka's commit",
        crashes.before_commit,
        {"messages": 4_000, "batch": 500},
        {"messages": 1_000, "batch": 5_000},
    ),
    Row(
        3,
        "killed within PostgreSQL's transaction",
        crashes.within_postgres,
        {"kills": 5},
        {"kills": 1},
    ),
    Row(
        4,
        "SIGKILL at random moments",
        crashes.at_random,
        {"kills": 30, "shortest_s": 0.1, "longest_s": 3.0},
        {"kills": 4, "shortest_s": 0.1, "longest_s": 3.0},
    ),
    Row(
        5,
        "SIGTERM under load",
        crashes.orderly_stop,
        {"stops": 5, "within_s": 10.0},
        # Other tests' programs may be starting meanwhile.
        {"stops": 1, "within_s": 120.0},
    ),
    Row(6, "members 1, 3, 1 under load", membership.one_three_one, {"rounds": 3}, {"rounds": 1}),
    Row(
        7,
        "zombie: frozen beyond the session, then thawed",
        membership.zombie,
        {"points": 3, "anywhere": 3},
        {"points": 1, "anywhere": 0},
    ),
    Row(
        8,
        "batch longer than the poll interval",
        membership.too_slow,
        {"heirs": (False, True)},
    ),
    Row(9, "broker SIGKILL and restart", broker.killed, {"kills": 5}, {"kills": 1}),
    Row(10, "broker frozen for 60 s", broker.frozen, {"frozen_s": 60.0}),
    Row(
        11,
        "broker away for 5 min while producing",
        broker.away_while_producing,
        {"away_s": 300.0, "rate": 200},
    ),
    Row(
        12,
        "PostgreSQL immediate restart",
        database.restarted,
        {"restarts": 6},
        {"restarts": 2},
    ),
    Row(13, "PostgreSQL frozen for 60 s", database.frozen, {"frozen_s": 60.0}),
    Row(14, "PostgreSQL's disk full (53100)", database.full, {"waits": 5}, {"waits": 1}),
    Row(
        15,
        "serialization failure, deadlock (40001, 40P01)",
        database.at_odds,
        {"rounds": 3},
    ),
    Row(16, "Redis SIGKILL with append-only file", profiles.killed, {"kills": 5}, {"kills": 1}),
    Row(17, "Redis emptied", profiles.emptied, {"times": 3}, {"times": 1}),
    Row(18, "Redis restored from an older copy", profiles.set_back, {}, {}),
    Row(
        19,
        "Redis out of memory, or evicting",
        profiles.out_of_memory,
        {"times": 3},
        {"times": 1},
    ),
    Row(20, "topic created anew", topic.created_anew, {"messages": 3_000}),
    Row(
        21,
        "retention deleted what was not judged",
        topic.cut_short,
        {"messages": 3_000},
        {"messages": 500},
    ),
    Row(
        22,
        "the same transaction at two offsets",
        messages.sent_twice,
        {"messages": 10_000},
        {"messages": 2_000},
    ),
    Row(
        23,
        "shuffled, up to 48 h late",
        messages.shuffled_and_late,
        {"messages": 10_000},
        {"messages": 2_000},
    ),
    Row(
        24,
        "dead letter larger than its topic takes",
        messages.giants,
        {"messages": 3_000},
    ),
    Row(25, "nothing but poison", messages.flood, {"messages": 3_000}),
    Row(
        26,
        "dead letters replayed twice, still bad",
        replays.replayed,
        {"messages": 2_000, "letters": 20},
    ),
    Row(
        27,
        "partitions added",
        topic.repartitioned,
        {"messages": 3_000, "by_itself": True},
        {"messages": 500, "by_itself": False},
    ),
)


def quick(*modules: ModuleType) -> list[Row]:
    """The rows of these modules that the tests run."""
    names = {module.__name__ for module in modules}
    return [row for row in ROWS if row.quick is not None and row.provoke.__module__ in names]


def title(row: Row) -> str:
    """What a test of a row is called."""
    return f"{row.number}-{row.provoke.__name__}"
