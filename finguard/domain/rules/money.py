"""Amounts in one currency compared with limits given in US dollars."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Final

import msgspec

from finguard.domain.currencies import UNITS_PER_USD
from finguard.domain.transaction import AMOUNT_DECIMALS, AMOUNT_SCALE

_ONE: Final = Decimal(1)


class Equivalents(msgspec.Struct, frozen=True):
    """How many units of a currency stand for one US dollar in a threshold.

    Attributes:
        units_per_usd: by ISO 4217 code. A currency it does not know counts like the dollar, which
            is too strict rather than too lax for nearly all of them.
    """

    units_per_usd: Mapping[str, Decimal] = msgspec.field(default_factory=lambda: UNITS_PER_USD)

    def in_currency(self, usd: Decimal, currency: str) -> Decimal:
        """What an amount of dollars stands for in a currency, exactly."""
        return usd * self.units_per_usd.get(currency, _ONE)

    def plain(self) -> dict[str, str]:
        """The same, JSON-ready."""
        return {code: plain(units) for code, units in sorted(self.units_per_usd.items())}


def to_units(amount: Decimal) -> Decimal:
    """An amount in the ten-thousandths that profiles count in."""
    return amount * AMOUNT_SCALE


def from_units(units: int) -> Decimal:
    """Ten-thousandths back as money."""
    return Decimal(units).scaleb(-AMOUNT_DECIMALS)


def plain(amount: Decimal) -> str:
    """Money for evidence: no exponent, no idle zeros."""
    return f"{amount.normalize():f}"


def show(amount: Decimal, currency: str) -> str:
    """Money as a person reads it: `12,500.00 USD`."""
    return f"{amount:,.2f} {currency}"
