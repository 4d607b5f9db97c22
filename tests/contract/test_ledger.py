"""The ledger: effects of a batch happen together, once, and only for the partition's owner."""

from datetime import UTC, datetime
from decimal import Decimal
from typing import Protocol

import psycopg2
import pytest

from finguard.adapters.memory import MemoryLedger
from finguard.adapters.postgres.connection import connect
from finguard.adapters.postgres.ledger import PostgresLedger
from finguard.domain.effects import Alert, DeadLetter, Effects, Span
from finguard.domain.stream import Claim, Record, TopicIdentity
from finguard.domain.transaction import Transaction
from finguard.domain.verdict import Finding
from finguard.errors import DataLossError, OwnershipLost
from finguard.pipeline.ports import Ledger

TOPIC = TopicIdentity("transactions", "id-1", 6)


class Book(Protocol):
    """A ledger with a way to see what stands in it."""

    @property
    def ledger(self) -> Ledger:
        """The ledger."""

    def another(self) -> Ledger:
        """A second member's view of the same ledger."""

    def alerts(self) -> list[tuple[str, str, str, Decimal, int]]:
        """(user, transaction, rule, amount, offset) of all alerts."""

    def dead_letters(self) -> list[tuple[int, int, str]]:
        """(partition, offset, reason) of all dead letters."""

    def transactions(self) -> dict[tuple[int, int], int]:
        """Counts by (partition, minute)."""


class MemoryBook:
    """The ledger in memory."""

    def __init__(self) -> None:
        self.ledger = MemoryLedger()

    def another(self) -> Ledger:
        """The same object serves every member."""
        return self.ledger

    def alerts(self) -> list[tuple[str, str, str, Decimal, int]]:
        """Its alerts."""
        return [
            (*key, alert.transaction.amount, alert.offset)
            for key, alert in sorted(self.ledger.alerts.items())
        ]

    def dead_letters(self) -> list[tuple[int, int, str]]:
        """Its dead letters."""
        return [(*place, d.reason) for place, d in sorted(self.ledger.dead_letters.items())]

    def transactions(self) -> dict[tuple[int, int], int]:
        """Its counters."""
        return self.ledger.transactions


class PostgresBook:
    """The ledger in PostgreSQL."""

    def __init__(self, dsn: str) -> None:
        self._dsn = dsn
        self.ledger = self.another()

    def another(self) -> PostgresLedger:
        """One with a connection of its own."""
        return PostgresLedger(
            lambda: connect(self._dsn, application_name="test"), group="group", identity=TOPIC
        )

    def _rows(self, query: str) -> list[tuple[object, ...]]:
        connection = psycopg2.connect(self._dsn)
        try:
            with connection.cursor() as cursor:
                cursor.execute(query)
                return cursor.fetchall()
        finally:
            connection.close()

    def alerts(self) -> list[tuple[str, str, str, Decimal, int]]:
        """The table's rows."""
        return self._rows(  # type: ignore[return-value] # as the schema has them
            'SELECT user_id, transaction_id, rule, amount, "offset" FROM alerts ORDER BY 1, 2, 3'
        )

    def dead_letters(self) -> list[tuple[int, int, str]]:
        """The table's rows."""
        return self._rows(  # type: ignore[return-value] # as the schema has them
            'SELECT partition, "offset", reason FROM dead_letters ORDER BY 1, 2'
        )

    def transactions(self) -> dict[tuple[int, int], int]:
        """The table's rows."""
        rows = self._rows(
            "SELECT partition, extract(epoch FROM minute)::bigint / 60, transactions"
            " FROM transactions_per_minute"
        )
        return {(partition, minute): count for partition, minute, count in rows}  # type: ignore[misc]


@pytest.fixture(params=["memory", "postgres"])
def book(request: pytest.FixtureRequest) -> Book:
    """An empty ledger."""
    if request.param == "memory":
        return MemoryBook()
    return PostgresBook(request.getfixturevalue("database"))


def alert(transaction_id: str, offset: int, rule: str = "high_value") -> Alert:
    """An alert with texts that a careless query would stumble over."""
    transaction = Transaction(
        transaction_id=transaction_id,
        user_id="o'hara %s",
        amount=Decimal("999999999999.9999"),
        currency="TRY",
        merchant="Šťastný {} % \\",
        category="c",
        channel="online",
        city="İstanbul",
        country="TR",
        lat=41.0,
        lon=29.0,
        timestamp=datetime(2026, 1, 1, tzinfo=UTC),
    )
    finding = Finding(rule, 1, "high", 100, "a story", {"a": None, "b": [1.5, "x"]})
    return Alert(transaction, finding, transaction_id, 0, offset, 1_767_225_600_123_456)


def letter(offset: int, detail: str = "broken") -> DeadLetter:
    """A dead letter of partition 0."""
    record = Record("transactions", 0, offset, 1_767_225_600_123, b"k", b"v")
    return DeadLetter(record, "decode", "schema", detail, "InvalidMessage", 1)


def effects(claim: Claim, end: int, *alerts: Alert, count: int = 1) -> Effects:
    """A batch of one partition, up to `end`."""
    span = Span(claim.partition, claim.epoch, claim.next_offset, end)
    return Effects((span,), alerts, (), {(claim.partition, 29_453_760): count})


def test_a_first_claim_starts_where_it_is_told(book: Book) -> None:
    """A partition that nobody ever claimed begins at the given offset, in epoch 1."""
    assert book.ledger.claim({0: 17, 5: 0}) == {0: Claim(0, 1, 17), 5: Claim(5, 1, 0)}


def test_a_later_claim_raises_the_epoch_and_keeps_the_progress(book: Book) -> None:
    """A successor goes on where the predecessor's last commit ended, wherever the topic starts."""
    first = book.ledger.claim({0: 17})[0]
    book.ledger.record(effects(first, 30))
    assert book.another().claim({0: 99}) == {0: Claim(0, 2, 30)}


def test_effects_are_stored_together(book: Book) -> None:
    """Alerts, dead letters and counters of one batch all stand there afterwards."""
    claim = book.ledger.claim({0: 0})[0]
    book.ledger.record(
        Effects(
            (Span(0, claim.epoch, 0, 5),),
            (alert("t1", 1), alert("t1", 1, "velocity"), alert("t2", 2)),
            (letter(3), letter(4, "\x00\ud800\n")),
            {(0, 29_453_760): 3},
        )
    )
    amount = Decimal("999999999999.9999")
    assert book.alerts() == [
        ("o'hara %s", "t1", "high_value", amount, 1),
        ("o'hara %s", "t1", "velocity", amount, 1),
        ("o'hara %s", "t2", "high_value", amount, 2),
    ]
    assert book.dead_letters() == [(0, 3, "schema"), (0, 4, "schema")]
    assert book.transactions() == {(0, 29_453_760): 3}


def test_the_same_batch_twice_counts_once(book: Book) -> None:
    """A repetition after a commit whose outcome was lost changes nothing and is no error."""
    claim = book.ledger.claim({0: 0})[0]
    batch = effects(claim, 5, alert("t1", 1), count=5)
    book.ledger.record(batch)
    book.ledger.record(batch)
    assert len(book.alerts()) == 1
    assert book.transactions() == {(0, 29_453_760): 5}


def test_counters_add_up(book: Book) -> None:
    """Two batches of one minute are one sum."""
    claim = book.ledger.claim({0: 0})[0]
    book.ledger.record(effects(claim, 5, count=5))
    book.ledger.record(effects(Claim(0, claim.epoch, 5), 9, count=4))
    assert book.transactions() == {(0, 29_453_760): 9}


def test_the_first_alert_on_a_transaction_and_rule_stays(book: Book) -> None:
    """The same transaction at another offset does not replace what an analyst may have seen."""
    claim = book.ledger.claim({0: 0})[0]
    book.ledger.record(effects(claim, 5, alert("t1", 1)))
    book.ledger.record(effects(Claim(0, claim.epoch, 5), 9, alert("t1", 7)))
    assert [offset for *_, offset in book.alerts()] == [1]


def test_a_zombie_writes_nothing(book: Book) -> None:
    """After another member's claim the old epoch stores neither alerts nor counters."""
    old = book.ledger.claim({0: 0})[0]
    book.another().claim({0: 0})
    with pytest.raises(OwnershipLost):
        book.ledger.record(effects(old, 5, alert("t1", 1)))
    assert book.alerts() == []
    assert book.transactions() == {}


def test_one_lost_partition_fails_the_whole_batch(book: Book) -> None:
    """A batch over two partitions, one of them lost, leaves no trace of the other either."""
    claims = book.ledger.claim({0: 0, 1: 0})
    book.another().claim({1: 0})
    spans = tuple(Span(p, claims[p].epoch, 0, 5) for p in (0, 1))
    with pytest.raises(OwnershipLost):
        book.ledger.record(Effects(spans, (alert("t1", 1),), (), {(0, 1): 1}))
    assert book.alerts() == []
    assert book.another().claim({0: 0})[0].next_offset == 0


def test_a_known_topic_is_admitted_again(book: Book) -> None:
    """The same topic is no surprise."""
    book.ledger.admit(TOPIC, accept_data_loss=False)
    book.ledger.admit(TOPIC, accept_data_loss=False)


def test_a_topic_created_anew_is_refused(book: Book) -> None:
    """Deleted and created again means that what it held is lost; never skipped in silence."""
    book.ledger.admit(TOPIC, accept_data_loss=False)
    with pytest.raises(DataLossError, match="created again"):
        book.ledger.admit(TopicIdentity("transactions", "id-2", 6), accept_data_loss=False)


def test_a_topic_with_more_partitions_is_refused(book: Book) -> None:
    """More partitions would move users to others, away from their histories."""
    book.ledger.admit(TOPIC, accept_data_loss=False)
    with pytest.raises(DataLossError, match="partitions"):
        book.ledger.admit(TopicIdentity("transactions", "id-1", 7), accept_data_loss=True)
