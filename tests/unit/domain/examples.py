"""One ordinary transaction, and short ways to say how another one differs from it."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any, NamedTuple

import msgspec

from finguard.domain.assess import Assessment, assess
from finguard.domain.profile import History, PastTransaction, Profile
from finguard.domain.rules import RuleLimits, rules
from finguard.domain.transaction import Transaction, decode, encode
from finguard.domain.verdict import Finding

START = datetime(2026, 11, 23, 12, tzinfo=UTC)
HISTORY = History()
RULES = rules(RuleLimits())


class Place(NamedTuple):
    """Where a transaction happens; field names as in the event."""

    city: str
    country: str
    lat: float
    lon: float


ISTANBUL = Place("Istanbul", "TR", 41.0138, 28.9497)
ANKARA = Place("Ankara", "TR", 39.9334, 32.8597)
NEW_YORK = Place("New York", "US", 40.7128, -74.0060)
NOWHERE = Place("unknown", "ZZ", 0.0, 0.0)

ORDINARY = Transaction(
    transaction_id="t1",
    user_id="u1",
    amount=Decimal("123.45"),
    currency="USD",
    merchant="Corner Books",
    category="books",
    channel="in_person",
    city="Istanbul",
    country="TR",
    lat=41.0138,
    lon=28.9497,
    timestamp=START,
)


def purchase(
    transaction_id: str = "t1",
    place: Place = ISTANBUL,
    after: timedelta = timedelta(),
    **changes: Any,  # noqa: ANN401 - of any field
) -> Transaction:
    """The ordinary transaction somewhere, some time after the start."""
    return msgspec.structs.replace(
        ORDINARY,
        **{
            "transaction_id": transaction_id,
            **place._asdict(),
            "timestamp": START + after,
            **changes,
        },
    )


def minutes(count: float) -> timedelta:
    """So many minutes."""
    return timedelta(minutes=count)


def profile_of(*transactions: Transaction, history: History = HISTORY) -> Profile:
    """A profile that remembers them, without having judged them."""
    profile = Profile()
    for transaction in transactions:
        profile = profile.remember(PastTransaction.of(transaction), transaction.channel, history)
    return profile


def judge(
    transaction: Transaction, profile: Profile, limits: RuleLimits | None = None
) -> dict[str, Finding]:
    """The findings on a transaction, by rule."""
    judged = assess(transaction, profile, rules(limits) if limits else RULES, HISTORY)
    return {finding.rule: finding for finding in judged.verdict.findings}


def run(*transactions: Transaction, history: History = HISTORY) -> tuple[list[Assessment], Profile]:
    """Assess them in this order of arrival."""
    profile, assessments = Profile(), []
    for transaction in transactions:
        assessments.append(assess(transaction, profile, RULES, history))
        profile = assessments[-1].profile
    return assessments, profile


def rules_found(assessment: Assessment) -> list[str]:
    """Names of the rules with a finding."""
    return [finding.rule for finding in assessment.verdict.findings]


def reread(transaction: Transaction) -> Transaction:
    """The transaction after a journey as bytes."""
    return decode(
        encode(transaction),
        key=transaction.user_id.encode(),
        published_us=transaction.time_us,
    )
