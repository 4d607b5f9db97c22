"""What detection does to the world: alerts, counts and dead letters."""

from typing import Final, Literal

import msgspec

from finguard.domain.stream import Place, Record
from finguard.domain.transaction import Transaction
from finguard.domain.verdict import Finding

Stage = Literal["decode", "assess", "rule"]
"""Where a message turned out to be poison."""

REASONS: Final = frozenset(
    {
        "amount",
        "conflict",
        "country",
        "currency",
        "duplicate_key",
        "empty",
        "encoding",
        "future",
        "key_mismatch",
        "malformed_json",
        "rule_failed",
        "schema",
        "timestamp",
        "too_large",
        "unprintable",
    }
)
"""Every code that says why a message is poison."""


class Alert(msgspec.Struct, frozen=True):
    """One finding on one transaction, as it is stored.

    Attributes:
        published_us: when Kafka took the event, microseconds since 1970.
    """

    transaction: Transaction
    finding: Finding
    incident_id: str
    partition: int
    offset: int
    published_us: int


class DeadLetter(msgspec.Struct, frozen=True):
    """A message that will never become a transaction as it stands.

    Attributes:
        reason: a code of bounded variety. detail: for a person.
        error_class: the exception's name.
        attempt: how often it has been tried, this time included, if its headers say the truth.
        replays: the letter it replays, if its headers say the truth.
        place: where it lies in the dead-letter topic, once it does.
    """

    record: Record
    stage: Stage
    reason: str
    detail: str
    error_class: str
    attempt: int
    replays: int | None = None
    place: Place | None = None


class Resolution(msgspec.Struct, frozen=True):
    """A message that was judged well, and whose headers say that it replays a dead letter.

    Attributes:
        sha256: of key and value; the letter is resolved only by what was sent for it.
    """

    dead_letter_id: int
    sha256: str
    partition: int


class Span(msgspec.Struct, frozen=True):
    """The records of one partition that a batch takes effect for: `[first, end)`."""

    partition: int
    epoch: int
    first: int
    end: int


class Effects(msgspec.Struct, frozen=True):
    """All that one batch does to PostgreSQL, in one transaction or not at all.

    Attributes:
        transactions: how many happened, by (partition, minutes since 1970).
        resolutions: replays that were judged well.
    """

    spans: tuple[Span, ...]
    alerts: tuple[Alert, ...]
    dead_letters: tuple[DeadLetter, ...]
    transactions: dict[tuple[int, int], int]
    resolutions: tuple[Resolution, ...] = ()
