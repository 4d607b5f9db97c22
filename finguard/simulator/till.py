"""The till: turns a sale into a transaction event, with exact amounts in local money."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from random import Random
from typing import Final

from finguard.domain.currencies import UNITS_PER_USD
from finguard.domain.transaction import Transaction
from finguard.simulator.people import User
from finguard.simulator.places import City
from finguard.simulator.shops import Shop

EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)

_UNITS_PER_USD: Final = {code: float(units) for code, units in UNITS_PER_USD.items()}

_DECIMALS: Final = {
    **dict.fromkeys(UNITS_PER_USD, 2),
    **dict.fromkeys(("JPY", "KRW", "VND", "CLP", "PYG", "UGX", "XOF", "XAF", "ISK"), 0),
    **dict.fromkeys(("IDR", "IQD", "IRR", "LBP"), 0),  # two by the book, none in practice
    **dict.fromkeys(("KWD", "BHD", "OMR", "JOD", "TND"), 3),
}
"""Decimals of the amounts that people pay in each currency."""

_ID_STRIDE: Final = 0x9E3779B97F4A7C15
"""Odd, so its multiples modulo 2^64 never repeat; scattered, so the ids look random."""

_TELLING_TERMINALS: Final = 0.3
_TELLING_ADDRESSES: Final = 0.6
"""Shares of the in-person and of the online events that say how far off their location may be."""


class Till:
    """Writes sales out as events, each with an id that no other event of the run has.

    Args:
        rng: for the uncertainty of locations.
        id_base: where the ids of this run begin, so that two runs do not share any.
    """

    def __init__(self, rng: Random, id_base: int) -> None:
        self._rng = rng
        self._id_base = id_base
        self._sales = 0

    def ring_up(
        self, user: User, shop: Shop, usd: float, time_us: int, city: City | None = None
    ) -> Transaction:
        """A purchase worth so many US dollars, in the city where the user is or in another.

        In person one pays in the city's money; online in that of one's home.
        """
        self._sales += 1
        where = city or user.place
        online = shop.lat is None or shop.lon is None
        currency = user.home.currency if online else where.currency
        return Transaction(
            transaction_id=f"tx-{(self._id_base + self._sales * _ID_STRIDE) % 2**64:016x}",
            user_id=user.user_id,
            amount=_in_currency(usd, currency),
            currency=currency,
            merchant=shop.merchant,
            category=shop.trade.category,
            channel="online" if online else "in_person",
            city=where.name,
            country=where.country,
            lat=where.lat if shop.lat is None else shop.lat,
            lon=where.lon if shop.lon is None else shop.lon,
            timestamp=EPOCH + timedelta(microseconds=time_us),
            location_radius_km=self._address_radius() if online else self._terminal_radius(),
        )

    def _terminal_radius(self) -> float | None:
        if self._rng.random() >= _TELLING_TERMINALS:
            return None
        return round(0.1 + 2.0 * self._rng.random(), 1)

    def _address_radius(self) -> float | None:
        if self._rng.random() >= _TELLING_ADDRESSES:
            return None
        return 10.0 + int(self._rng.random() * 41)


def _in_currency(usd: float, currency: str) -> Decimal:
    """An amount as it is paid: whole cents, yen or fils, and at least one of them."""
    decimals = _DECIMALS[currency]
    smallest_units = max(1, round(usd * _UNITS_PER_USD[currency] * 10**decimals))
    return Decimal(smallest_units).scaleb(-decimals)
