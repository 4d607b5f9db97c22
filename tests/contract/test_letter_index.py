"""The index of dead letters: what the detector writes, what people change, who settles what."""

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Protocol

import msgspec
import psycopg2
import pytest
from psycopg2.extras import RealDictCursor

from finguard.adapters.memory import MemoryLedger
from finguard.adapters.postgres.connection import connect
from finguard.adapters.postgres.dead_letters import PostgresLetterIndex
from finguard.adapters.postgres.ledger import PostgresLedger
from finguard.adapters.postgres.pool import ConnectionPool
from finguard.dead_letters.ports import LetterIndex
from finguard.domain.dead_letters import (
    Actor,
    Letter,
    LetterFilter,
    Position,
    Replay,
    SentReplay,
    digest,
)
from finguard.domain.effects import DeadLetter, Effects, Resolution, Span
from finguard.domain.stream import Place, Record, TopicIdentity
from finguard.pipeline.ports import Ledger
from tests.patience import PATIENCE_S

TOPIC = TopicIdentity("transactions", "id-1", 6)
START_MS = 1_767_225_600_123
START = datetime.fromtimestamp(START_MS / 1000, UTC)
ANN = Actor("ann", "request-1")
ALL = LetterFilter()

MANY = """
    INSERT INTO dead_letters (
      topic, topic_id, partition, "offset", stage, reason, detail, attempt, published_at, status
    )
    SELECT 't', 'i', 0, n, 'decode', CASE WHEN n % 1000 = 0 THEN 'empty' ELSE 'schema' END, '', 1,
      timestamptz '2020-01-01' + n * interval '1 hour',
      CASE WHEN n % 1000 = 1 THEN 'discarded' ELSE 'open' END
    FROM generate_series(1, 50000) AS n
"""


class Shelf(Protocol):
    """A ledger, and the index of what it buries."""

    @property
    def ledger(self) -> Ledger:
        """What the detector writes through."""

    @property
    def index(self) -> LetterIndex:
        """What people work with."""

    def audit(self) -> list[tuple[str, str, int]]:
        """(actor, action, letter) of every change, in order."""


class MemoryShelf:
    """Both in memory."""

    def __init__(self) -> None:
        self.ledger = MemoryLedger()
        self.index = self.ledger.letters

    def audit(self) -> list[tuple[str, str, int]]:
        """As it keeps it."""
        return self.index.audit


class PostgresShelf:
    """Both in PostgreSQL."""

    def __init__(self, dsn: str, pool: ConnectionPool) -> None:
        self._dsn = dsn
        self.pool = pool
        self.ledger = PostgresLedger(
            lambda: connect(dsn, application_name="test"), group="group", identity=TOPIC
        )
        self.index = PostgresLetterIndex(pool.transaction)

    def audit(self) -> list[tuple[str, str, int]]:
        """The table's rows."""
        rows = self.query("SELECT actor, action, subject FROM audit_log ORDER BY audit_id")
        return [(str(actor), str(action), int(str(subject))) for actor, action, subject in rows]

    def query(self, sql: str) -> list[tuple[object, ...]]:
        """Any rows."""
        connection = psycopg2.connect(self._dsn)
        try:
            with connection.cursor() as cursor:
                cursor.execute(sql)
                return cursor.fetchall()
        finally:
            connection.close()


@pytest.fixture
def postgres(database: str) -> Iterator[PostgresShelf]:
    """The one in PostgreSQL, empty."""
    opener = partial(
        connect,
        database,
        application_name="test",
        statement_timeout_ms=int(1_000 * PATIENCE_S),
    )
    pool = ConnectionPool(opener, size=2, wait_s=PATIENCE_S, hold_s=PATIENCE_S)
    yield PostgresShelf(database, pool)
    pool.close()


@pytest.fixture(params=["memory", "postgres"])
def shelf(request: pytest.FixtureRequest) -> Shelf:
    """An empty ledger with its index."""
    if request.param == "memory":
        memory = MemoryShelf()
        memory.ledger.admit(TOPIC, accept_data_loss=False)
        return memory
    found: Shelf = request.getfixturevalue("postgres")
    return found


def dead(
    offset: int,
    value: bytes | None = b"v",
    *,
    reason: str = "schema",
    replays: int | None = None,
    partition: int = 0,
) -> DeadLetter:
    """A dead letter; its message came so many seconds after the first one."""
    timestamp = START_MS + 1000 * offset
    record = Record("transactions", partition, offset, timestamp, b"k", value)
    # The attempt is what hostile headers say.
    return DeadLetter(
        record, "decode", reason, "broken \x00\ud800", "Oops", 77, replays, Place(2, 100 + offset)
    )


def record(shelf: Shelf, *letters: DeadLetter, resolves: Sequence[Resolution] = ()) -> None:
    """Store a batch of one partition, as a detector that has just claimed it."""
    partition = letters[0].record.partition if letters else 0
    claim = shelf.ledger.claim({partition: 0})[partition]
    end = claim.next_offset + 1000
    span = Span(partition, claim.epoch, claim.next_offset, end)
    shelf.ledger.record(Effects((span,), (), letters, {}, tuple(resolves)))


def letters(shelf: Shelf) -> dict[int, Letter]:
    """All letters by id."""
    return {row.dead_letter_id: row for row in shelf.index.newest(ALL, below=None, limit=100)}


def statuses(shelf: Shelf) -> list[tuple[str, int]]:
    """Status and attempt of all letters, by id."""
    return [(row.status, row.attempt) for _, row in sorted(letters(shelf).items())]


def replay(shelf: Shelf, letter_id: int, value: bytes = b"v", partition: int | None = 0) -> Replay:
    """Begin a replay."""
    letter = shelf.index.find([letter_id])[letter_id]
    begun = Replay(letter=letter, key=b"k", value=value, own_headers=[], partition=partition)
    assert shelf.index.begin([begun], ANN) == {letter_id}
    return begun


def judged_well(letter_id: int, value: bytes = b"v", partition: int = 0) -> Resolution:
    """What the detector says of a good message with a replay's headers."""
    return Resolution(letter_id, digest(b"k", value), partition)


def test_a_letter_says_all_that_is_known(shelf: Shelf) -> None:
    """Where it came from and lies, what is wrong, how large it is; and attempts start with 1."""
    record(shelf, dead(3, b"four"))
    (letter,) = letters(shelf).values()
    assert (letter.topic, letter.topic_id, letter.partition, letter.offset) == (
        "transactions",
        "id-1",
        0,
        3,
    )
    assert (letter.dlq_partition, letter.dlq_offset) == (2, 103)
    assert (letter.stage, letter.reason, letter.error_class) == ("decode", "schema", "Oops")
    assert (letter.size, letter.attempt, letter.replay_of) == (4, 1, None)
    assert (letter.status, letter.status_by, letter.followed_by) == ("open", None, None)
    assert letter.published_at == START + timedelta(seconds=3)


def test_letters_come_newest_first_and_page_by_page(shelf: Shelf) -> None:
    """Each page goes on below the last letter of the one before."""
    record(shelf, *(dead(offset) for offset in range(5)))
    seen: list[int] = []
    below = None
    while page := shelf.index.newest(ALL, below=below, limit=2):
        seen += [letter.offset for letter in page]
        below = Position(page[-1].published_at, page[-1].dead_letter_id)
    assert seen == [4, 3, 2, 1, 0]


def test_for_work_they_come_oldest_first_up_to_a_letter(shelf: Shelf) -> None:
    """In the order in which they were taken, without what came later."""
    record(shelf, *(dead(offset) for offset in range(5)))
    known = sorted(letters(shelf))
    first = shelf.index.oldest(ALL, above=None, latest_id=known[3], limit=3)
    above = Position(first[-1].published_at, first[-1].dead_letter_id)
    rest = shelf.index.oldest(ALL, above=above, latest_id=known[3], limit=3)
    assert [letter.dead_letter_id for letter in [*first, *rest]] == known[:4]


@pytest.mark.parametrize(
    ("wanted", "offsets"),
    [
        (LetterFilter(reasons=("schema", "future")), [0, 2]),
        (LetterFilter(stages=("rule",)), []),
        (LetterFilter(statuses=["discarded"]), [1]),
        (LetterFilter(since=START + timedelta(seconds=1)), [1, 2]),
        (LetterFilter(until=START + timedelta(seconds=1)), [0]),
        (LetterFilter(reasons=("empty",), statuses=("open",)), []),
    ],
)
def test_a_filter_restricts_by_all_it_names(
    shelf: Shelf, wanted: LetterFilter, offsets: list[int]
) -> None:
    """Lists and counts agree."""
    record(shelf, dead(0), dead(1, reason="empty"), dead(2, reason="future"))
    (middle,) = (letter for letter in letters(shelf).values() if letter.offset == 1)
    shelf.index.discard([middle], "no use", ANN)
    found = shelf.index.newest(wanted, below=None, limit=10)
    assert sorted(letter.offset for letter in found) == offsets
    assert shelf.index.count(wanted) == (len(offsets), max(letters(shelf)))


def test_an_empty_index_counts_nothing(shelf: Shelf) -> None:
    """There is no newest letter, and none is found."""
    assert shelf.index.count(ALL) == (0, 0)
    assert shelf.index.find([1, 2**62]) == {}


def test_a_replay_that_comes_back_is_the_next_attempt(shelf: Shelf) -> None:
    """It joins the chain, and the letter before says so, even if nobody confirmed the sending."""
    record(shelf, dead(0))
    (first,) = letters(shelf)
    replay(shelf, first)
    record(shelf, dead(1, replays=first))
    second = max(letters(shelf))
    assert statuses(shelf) == [("replayed", 1), ("open", 2)]
    assert letters(shelf)[first].followed_by == second
    replay(shelf, second)
    record(shelf, dead(2, replays=second))
    assert statuses(shelf) == [("replayed", 1), ("replayed", 2), ("open", 3)]
    chain = shelf.index.chain(letters(shelf)[second])
    assert [(row.attempt, row.replay_of) for row in chain] == [(1, None), (2, first), (3, first)]
    assert chain[-1].followed_by is None


@pytest.mark.parametrize("together", [True, False])
def test_the_same_replay_twice_makes_one_letter(shelf: Shelf, *, together: bool) -> None:
    """Whether both copies come in one batch or in two."""
    record(shelf, dead(0))
    (first,) = letters(shelf)
    replay(shelf, first)
    copies = [dead(1, replays=first), dead(2, replays=first)]
    for batch in [copies] if together else [[copy] for copy in copies]:
        record(shelf, *batch)
    assert statuses(shelf) == [("replayed", 1), ("open", 2)]


@pytest.mark.parametrize(
    "forged",
    [
        dead(5, b"other", replays=1),
        dead(5, None, replays=1),
        dead(5, replays=2),
        dead(5, replays=10**18 - 1),
        dead(5, replays=0),
        dead(5, replays=1, partition=3),
    ],
    ids=["bytes", "nothing", "not-replayed", "no-such", "zero", "partition"],
)
def test_a_forged_replay_is_a_letter_of_its_own(shelf: Shelf, forged: DeadLetter) -> None:
    """Whoever names a letter without its bytes in its partition joins no chain and hides none."""
    record(shelf, dead(0), dead(1, reason="empty"))
    assert sorted(letters(shelf)) == [1, 2]
    replay(shelf, 1)
    record(shelf, forged)
    record(shelf, dead(6, replays=1))
    rows = sorted(letters(shelf).items())[2:]
    assert [(row.attempt, row.replay_of) for _, row in rows] == [(1, None), (2, 1)]


def test_a_good_replay_resolves_its_whole_chain(shelf: Shelf) -> None:
    """Every attempt of the message is settled, by the detector; others are not touched."""
    record(shelf, dead(0), dead(1, b"another"))
    replay(shelf, 1)
    record(shelf, dead(2, replays=1))
    third = max(letters(shelf))
    replay(shelf, third, b"mended")
    record(shelf, resolves=[judged_well(third, b"mended")])
    assert statuses(shelf) == [("resolved", 1), ("open", 1), ("resolved", 2)]
    assert letters(shelf)[1].status_by == "detector"


@pytest.mark.parametrize(
    "forged",
    [
        judged_well(1, b"other"),
        judged_well(2),
        judged_well(10**18 - 1),
        judged_well(1, partition=3),
    ],
    ids=["bytes", "not-replayed", "no-such", "partition"],
)
def test_a_forged_success_settles_nothing(shelf: Shelf, forged: Resolution) -> None:
    """Headers alone do not resolve other people's letters."""
    record(shelf, dead(0), dead(1))
    replay(shelf, 1)
    record(shelf, resolves=[forged])
    assert statuses(shelf) == [("open", 1), ("open", 1)]


def test_the_same_success_twice_is_one(shelf: Shelf) -> None:
    """Two copies of a replay in one batch, or a repetition later, are no trouble."""
    record(shelf, dead(0))
    replay(shelf, 1)
    record(shelf, resolves=[judged_well(1), judged_well(1)])
    record(shelf, resolves=[judged_well(1)])
    assert statuses(shelf) == [("resolved", 1)]


def test_a_confirmation_marks_the_letter_and_its_place(shelf: Shelf) -> None:
    """From then on it is replayed, and known where to."""
    record(shelf, dead(0))
    begun = replay(shelf, 1, partition=None)
    assert statuses(shelf) == [("open", 1)]
    shelf.index.confirm([SentReplay(begun, Place(4, 17))])
    letter = letters(shelf)[1]
    assert (letter.status, letter.replay_partition, letter.replay_offset) == ("replayed", 4, 17)


def test_a_verdict_before_the_confirmation_stands(shelf: Shelf) -> None:
    """The detector may be faster than whoever sent the replay."""
    record(shelf, dead(0))
    begun = replay(shelf, 1)
    record(shelf, resolves=[judged_well(1)])
    shelf.index.confirm([SentReplay(begun, Place(0, 17))])
    assert (statuses(shelf), letters(shelf)[1].replay_offset) == ([("resolved", 1)], 17)


def test_an_outdated_confirmation_says_nothing(shelf: Shelf) -> None:
    """Another replay was begun since; the place of the old one is not its place."""
    record(shelf, dead(0))
    old = replay(shelf, 1)
    replay(shelf, 1, b"other")
    shelf.index.confirm([SentReplay(old, Place(0, 17))])
    assert (statuses(shelf), letters(shelf)[1].replay_offset) == ([("open", 1)], None)


def test_who_comes_second_changes_nothing(shelf: Shelf) -> None:
    """A replay or a discard that was decided on an older look at the letter is not done."""
    record(shelf, dead(0))
    seen = letters(shelf)[1]
    late = Replay(letter=seen, key=b"k", value=b"w", own_headers=[], partition=0)
    replay(shelf, 1)
    assert shelf.index.begin([late], ANN) == set()
    assert shelf.index.discard([seen], "no use", ANN) == {1}
    assert shelf.index.discard([seen], "no use", ANN) == set()
    gone = msgspec.structs.replace(seen, dead_letter_id=99)
    assert shelf.index.discard([gone], "no use", ANN) == set()


def test_every_change_by_a_person_is_audited(shelf: Shelf) -> None:
    """Who did what to which letter, in order; what was refused is no change."""
    record(shelf, dead(0), dead(1))
    replay(shelf, 1)
    both = [letters(shelf)[1], letters(shelf)[2]]
    shelf.index.discard(both, "no use", ANN)
    shelf.index.discard(both, "no use", ANN)
    assert shelf.audit() == [
        ("ann", "dead_letter.replay", 1),
        ("ann", "dead_letter.discard", 1),
        ("ann", "dead_letter.discard", 2),
    ]


def test_a_discarded_letter_can_be_replayed_after_all(shelf: Shelf) -> None:
    """It is open again, and the reason for the discard is gone."""
    record(shelf, dead(0))
    shelf.index.discard([letters(shelf)[1]], "no 'use' %s", ANN)
    letter = letters(shelf)[1]
    assert (letter.status, letter.status_by, letter.status_note) == (
        "discarded",
        "ann",
        "no 'use' %s",
    )
    replay(shelf, 1)
    assert (letters(shelf)[1].status, letters(shelf)[1].status_note) == ("open", None)


def test_the_audit_log_keeps_what_was_edited(postgres: PostgresShelf) -> None:
    """In full and escaped, whatever bytes it holds; with the request that brought it."""
    record(postgres, dead(0))
    letter = letters(postgres)[1]
    edited = Replay(
        letter=letter,
        key=b"k",
        value=b"\x00\xff\xed\xa0\x80 <b>",
        own_headers=[],
        partition=None,
        edited=True,
    )
    postgres.index.begin([edited], ANN)
    ((before, after, request),) = postgres.query("SELECT before, after, request_id FROM audit_log")
    assert (before, request) == ({"status": "open", "attempt": 1}, "request-1")
    assert after == {
        "status": "replayed",
        "attempt": 2,
        "key": "k",
        "value": "\\x00\\xff\\xed\\xa0\\x80 <b>",
    }
    assert json.dumps(after).isascii()


@pytest.mark.parametrize(
    ("wanted", "index"),
    [
        (ALL, "dead_letters_by_time"),
        (LetterFilter(since=START, until=START + timedelta(days=1)), "dead_letters_by_time"),
        (LetterFilter(statuses=("discarded",)), "dead_letters_by_status"),
        (LetterFilter(reasons=("empty",)), "dead_letters_by_reason"),
    ],
)
def test_lists_use_their_index(postgres: PostgresShelf, wanted: LetterFilter, index: str) -> None:
    """On many rows of which few match, PostgreSQL does not read the whole table."""
    plans: list[str] = []

    @contextmanager
    def watched() -> Iterator[RealDictCursor]:
        with postgres.pool.transaction() as cursor:
            cursor.execute(MANY)
            cursor.execute("ANALYZE dead_letters")
            yield cursor
            cursor.execute(b"EXPLAIN " + (cursor.query or b""))
            plans.extend(str(row["QUERY PLAN"]) for row in cursor)

    PostgresLetterIndex(watched).newest(wanted, below=None, limit=50)
    assert index in "".join(plans)
    assert "Seq Scan" not in "".join(plans)
