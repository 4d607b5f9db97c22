"""Hypothesis strategies for what the domain knows: transactions, histories, profiles."""

from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from itertools import product
from string import ascii_uppercase
from typing import Any

import msgspec
from hypothesis import strategies as st

from finguard.domain.currencies import ACTIVE_CURRENCIES
from finguard.domain.profile import History, PastTransaction, Profile
from finguard.domain.transaction import Transaction

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)
"""When the transactions of `histories` begin."""

PLACES = (
    ("Istanbul", "TR", 41.0138, 28.9497),
    ("Ankara", "TR", 39.9334, 32.8597),
    ("New York", "US", 40.7128, -74.0060),
    ("Suva", "FJ", -18.1416, 178.4419),
    ("Apia", "WS", -13.8333, -171.7667),
    ("Amundsen-Scott", "AQ", -90.0, 0.0),
    ("nowhere", "ZZ", 0.0, 0.0),
)


def texts(max_size: int = 128) -> st.SearchStrategy[str]:
    """Names as a source may write them, in any script."""
    characters = st.characters(
        exclude_categories=("Cc", "Cs", "Zl", "Zp"),
        exclude_characters="\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069",
    )
    return st.text(characters, min_size=1, max_size=max_size)


def amounts() -> st.SearchStrategy[Decimal]:
    """Every amount that money can be, zero and a million million among them."""
    units = st.one_of(st.integers(0, 10**16), st.integers(0, 10**6))
    exact = units.map(lambda units: Decimal(units).scaleb(-4))
    return st.one_of(exact, exact.map(Decimal.normalize))


def timestamps() -> st.SearchStrategy[datetime]:
    """Instants from 1970 to 9999, in any zone that RFC 3339 can say."""
    minutes = st.integers(-23 * 60 - 59, 23 * 60 + 59)
    return st.datetimes(
        min_value=datetime(1970, 1, 2),  # noqa: DTZ001 - the zone is drawn beside it
        max_value=datetime(9999, 12, 30),  # noqa: DTZ001 - as above
        timezones=minutes.map(lambda minutes: timezone(timedelta(minutes=minutes))),
    )


def transactions(**fixed: Any) -> st.SearchStrategy[Transaction]:  # noqa: ANN401 - of any field
    """Valid transactions; a field given is drawn from that strategy, or is that value."""
    fields: dict[str, Any] = {
        "transaction_id": texts(64),
        "user_id": texts(64),
        "amount": amounts(),
        "currency": st.sampled_from(sorted(ACTIVE_CURRENCIES)),
        "merchant": texts(),
        "category": texts(),
        "channel": st.sampled_from(["in_person", "online"]),
        "city": texts(),
        "country": st.text(ascii_uppercase, min_size=2, max_size=2),
        "lat": st.floats(-90, 90),
        "lon": st.floats(-180, 180),
        "timestamp": timestamps(),
        "location_radius_km": st.none() | st.floats(0, 1000),
    }
    fields |= {
        name: value if isinstance(value, st.SearchStrategy) else st.just(value)
        for name, value in fixed.items()
    }
    return st.builds(Transaction, **fields)


def histories(
    *, max_size: int = 12, span: timedelta = timedelta(hours=4)
) -> st.SearchStrategy[list[Transaction]]:
    """One user's transactions in order of arrival, which is not that of their event times.

    They are close together, so that equal times, equal places and full windows are frequent.
    """
    moments = [NOON + span * step / 16 + instant for step in range(17) for instant in _INSTANTS]
    fields = st.tuples(
        st.sampled_from(PLACES),
        st.sampled_from(_PRICES),
        st.sampled_from(moments),
        st.sampled_from(_MANNERS),
    )
    return st.lists(fields, max_size=max_size).map(
        lambda drawn: [_nearby(f"t{number}", *values) for number, values in enumerate(drawn)]
    )


_INSTANTS = (timedelta(0), timedelta(microseconds=1))
_PRICES = list(product([Decimal(0), Decimal("9.99"), Decimal(12_500)], ["USD", "EUR", "JPY"]))
_MANNERS = [*product(["in_person"], [None, 0.0, 30.0]), ("online", None)]


def _nearby(
    transaction_id: str,
    place: tuple[str, str, float, float],
    price: tuple[Decimal, str],
    timestamp: datetime,
    manner: tuple[Any, float | None],
) -> Transaction:
    city, country, lat, lon = place
    amount, currency = price
    channel, radius_km = manner
    return Transaction(
        transaction_id=transaction_id,
        user_id="u",
        amount=amount,
        currency=currency,
        merchant="Corner Books",
        category="books",
        channel=channel,
        city=city,
        country=country,
        lat=lat,
        lon=lon,
        timestamp=timestamp,
        location_radius_km=radius_km,
    )


def bounds() -> st.SearchStrategy[History]:
    """Bounds on a profile so tight that they are felt."""
    return st.builds(History, st.integers(1, 6), st.integers(0, 4 * 3_600_000_000))


def profiles(history: History | None = None) -> st.SearchStrategy[Profile]:
    """Profiles as remembering transactions makes them, some of those flagged."""
    return st.builds(_remembering, histories(), st.integers(0, 2**12 - 1), st.just(history))


def _remembering(transactions: list[Transaction], flags: int, history: History | None) -> Profile:
    profile = Profile()
    for number, transaction in enumerate(transactions):
        past = PastTransaction.of(transaction)
        past = msgspec.structs.replace(past, flagged=bool(flags >> number & 1))
        profile = profile.remember(past, transaction.channel, history or History())
    return profile
