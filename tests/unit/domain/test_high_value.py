"""High value: the edges of the threshold, in every currency."""

from decimal import Decimal

import msgspec
import pytest
from hypothesis import given

from finguard.domain.profile import PastTransaction, Profile
from finguard.domain.rules import RuleLimits, ValueLimits
from finguard.domain.rules.high_value import high_value, usual_amount
from finguard.domain.rules.money import Equivalents
from finguard.domain.transaction import Transaction
from tests.strategies import transactions
from tests.unit.domain.examples import judge, minutes, profile_of, purchase

RULE = "high_value"


@pytest.mark.parametrize(
    ("currency", "threshold"),
    [("USD", "10000"), ("EUR", "9000"), ("JPY", "1500000"), ("KWD", "3100"), ("LAK", "217000000")],
)
def test_fires_exactly_at_the_threshold(currency: str, threshold: str) -> None:
    """At the threshold of its currency an amount is high, a ten-thousandth below it is not."""
    high = purchase(amount=Decimal(threshold), currency=currency)
    below = purchase(amount=Decimal(threshold) - Decimal("0.0001"), currency=currency)
    finding = judge(high, Profile())[RULE]
    assert ("medium", 60) == (finding.severity, finding.score)
    assert threshold == finding.evidence["threshold"]
    assert RULE not in judge(below, Profile())


def test_five_times_the_threshold_is_severe() -> None:
    """Severity rises at five times the threshold, and the score with every unit."""
    severe = judge(purchase(amount=Decimal(50_000)), Profile())[RULE]
    less = judge(purchase(amount=Decimal("49999.9999")), Profile())[RULE]
    assert ("high", 92) == (severe.severity, severe.score)
    assert ("medium", 91) == (less.severity, less.score)


def test_a_currency_the_table_lacks_counts_like_the_dollar() -> None:
    """A shortened table is too strict for most, and never breaks a rule."""
    limits = RuleLimits(value=ValueLimits(equivalents=Equivalents({"USD": Decimal(1)})))
    assert RULE in judge(purchase(amount=Decimal(10_000), currency="JPY"), Profile(), limits)


def test_an_amended_equivalent_moves_the_threshold() -> None:
    """What the settings say of a currency holds."""
    limits = RuleLimits(value=ValueLimits(equivalents=Equivalents({"EUR": Decimal("0.5")})))
    assert RULE in judge(purchase(amount=Decimal(5_000), currency="EUR"), Profile(), limits)


def test_zero_is_never_high() -> None:
    """A card check of amount zero is a valid and harmless transaction."""
    assert {} == judge(purchase(amount=Decimal(0)), Profile())


def test_the_usual_amount_is_told_where_three_are_known() -> None:
    """Two purchases are no habit; three are, online ones and one of the same currency counted."""
    known = [
        purchase("a", amount=Decimal(10)),
        purchase("b", amount=Decimal(30), channel="online"),
        purchase("c", amount=Decimal(999), currency="EUR"),
    ]
    high = purchase("high", amount=Decimal(12_500), after=minutes(9))
    finding = judge(high, profile_of(*known))[RULE]
    assert finding.evidence["usual_amount"] is None
    assert "12,500.00 USD at Corner Books: threshold 10,000.00 USD" == finding.story
    finding = judge(high, profile_of(*known, purchase("d", amount=Decimal(20))))[RULE]
    assert "20" == finding.evidence["usual_amount"]
    assert finding.story.endswith("; usual for this user: 20.00 USD")


def test_the_usual_amount_is_exact_however_large() -> None:
    """Of an even number the lower middle is taken: a mean is a float, and rounds at 2**53."""
    amounts = ["900719925474.0993", "900719925474.0995", "1", "1000000000000"]
    known = [purchase(str(n), amount=Decimal(amount)) for n, amount in enumerate(amounts)]
    assert Decimal("900719925474.0993") == usual_amount(profile_of(*known), "USD")


def test_the_amount_in_the_evidence_is_plain() -> None:
    """However the source wrote it: no exponent, no idle zeros."""
    for text in ("1.25E+4", "12500.0000000000000000000000000000000"):
        finding = judge(purchase(amount=Decimal(text)), Profile())[RULE]
        assert "12500" == finding.evidence["amount"]


@given(transactions(), transactions())
def test_more_money_is_never_less_severe(one: Transaction, other: Transaction) -> None:
    """Of two amounts in one currency the greater scores at least as high."""
    other = msgspec.structs.replace(other, currency=one.currency)
    less, more = sorted((one, other), key=lambda transaction: transaction.amount)
    assert _score(less) <= _score(more) <= 100


def _score(transaction: Transaction) -> int:
    past = PastTransaction.of(transaction)
    finding = high_value(transaction, past, Profile(), ValueLimits())
    return 0 if finding is None else finding.score
