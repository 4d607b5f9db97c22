"""Every currency that is accepted has a threshold of its own."""

from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from finguard.domain.currencies import ACTIVE_CURRENCIES, UNITS_PER_USD
from finguard.domain.rules.money import Equivalents, from_units, plain, show, to_units
from finguard.domain.transaction import amount_units
from tests.strategies import amounts


def test_each_accepted_currency_has_its_equivalent() -> None:
    """None falls back on the dollar by oversight, where 10,000 may be worth a cup of tea."""
    assert ACTIVE_CURRENCIES == UNITS_PER_USD.keys()


def test_equivalents_are_positive_and_the_dollar_is_one() -> None:
    """A threshold of zero would flag every transaction."""
    assert min(UNITS_PER_USD.values()) > 0
    assert Decimal(1) == UNITS_PER_USD["USD"]


def test_an_unknown_currency_counts_like_the_dollar() -> None:
    """A table that somebody cut short makes rules too strict, and breaks none."""
    assert Decimal(10_000) == Equivalents({}).in_currency(Decimal(10_000), "LAK")


def test_equivalents_are_exact() -> None:
    """Thresholds are money: 10,000 dollars are 3,100 Kuwaiti dinars to the last digit."""
    assert Decimal(3100) == Equivalents().in_currency(Decimal(10_000), "KWD")


@given(amounts())
def test_units_are_money_and_back(amount: Decimal) -> None:
    """Ten-thousandths and money convert without loss, and print without an exponent."""
    units = amount_units(amount)
    assert to_units(amount) == units
    assert amount == from_units(units)
    assert amount == Decimal(plain(from_units(units)))
    assert not set(plain(amount)) - set("0123456789.")


@given(st.integers(0, 10**16))
def test_money_is_shown_with_thousands_and_its_currency(units: int) -> None:
    """A person reads `12,500.00 USD`."""
    shown = show(from_units(units), "USD")
    assert shown.endswith(" USD")
    assert "." in shown
    assert "12,500.00 USD" == show(Decimal(12_500), "USD")
