"""Alerts stored by the detector's own ledger, as it stores them."""

from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import timedelta
from decimal import Decimal
from itertools import count
from typing import NamedTuple

from finguard.adapters.postgres.connection import connect
from finguard.adapters.postgres.ledger import PostgresLedger
from finguard.domain.effects import Alert, Effects, Span
from finguard.domain.stream import TopicIdentity
from finguard.domain.transaction import Transaction
from finguard.domain.verdict import Finding
from tests.integration.api.world import NOON

TOPIC = TopicIdentity("transactions", "topic-1", 6)

_numbers = count(1)


class Found(NamedTuple):
    """A rule's finding on a transaction of its own."""

    user_id: str = "u-1"
    rule: str = "high_value"


class Detector:
    """A detector that owns one partition.

    Args:
        ledger: where it stores what it finds.
        partition: that it claims.
    """

    def __init__(self, ledger: PostgresLedger, partition: int) -> None:
        self._ledger = ledger
        self._claim = ledger.claim({partition: 0})[partition]
        self._next = self._claim.next_offset

    def store(self, *found: Found) -> list[Alert]:
        """Store alerts in one batch."""
        alerts = [self._alert(each) for each in found]
        self.store_again(alerts)
        return alerts

    def store_again(self, alerts: list[Alert]) -> None:
        """Store these, whether they have been stored before or not."""
        span = Span(self._claim.partition, self._claim.epoch, self._next, self._next + 1)
        self._next += 1
        self._ledger.record(Effects((span,), tuple(alerts), (), {}))

    def _alert(self, found: Found) -> Alert:
        number = next(_numbers)
        transaction = Transaction(
            transaction_id=f"d-{number:06}",
            user_id=found.user_id,
            amount=Decimal("12500.00"),
            currency="USD",
            merchant="Corner Books",
            category="books",
            channel="in_person",
            city="Berlin",
            country="DE",
            lat=52.52,
            lon=-13.405,
            timestamp=NOON + number * timedelta(seconds=1),
        )
        finding = Finding(found.rule, 1, "medium", 60, "a story", {"limit": "10000"})
        partition = self._claim.partition
        return Alert(transaction, finding, transaction.transaction_id, partition, number, 0)


@contextmanager
def detector(dsn: str, partition: int = 0) -> Iterator[Detector]:
    """A detector on a database."""
    ledger = PostgresLedger(
        lambda: connect(dsn, application_name="test"), group="group", identity=TOPIC
    )
    with closing(ledger):
        yield Detector(ledger, partition)
