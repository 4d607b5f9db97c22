"""What a customer usually does, as far as profiles remember it."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from operator import attrgetter
from statistics import median_low

import msgspec

from finguard.domain.profile import PastTransaction, Profile


class UsualAmount(msgspec.Struct, frozen=True, kw_only=True):
    """What a customer spends in one currency.

    Attributes:
        median_units: in ten-thousandths of the currency; of an even number the lower middle one,
            an amount that was really paid. max_units: likewise.
    """

    currency: str
    transactions: int
    median_units: int
    max_units: int


class UsualPlace(msgspec.Struct, frozen=True, kw_only=True):
    """A city in which a customer pays in person.

    Attributes:
        lat_e7: where the latest of these transactions was, in 1e-7 degrees. lon_e7: likewise.
        latest_us: event time of it, in microseconds since 1970.
    """

    city: str
    country: str
    lat_e7: int
    lon_e7: int
    transactions: int
    latest_us: int


class Habits(msgspec.Struct, frozen=True, kw_only=True):
    """All remembered transactions of a customer, summed up.

    Attributes:
        flagged: those whose place was itself found impossible or improbable.
        earliest_us: event time of the first, in microseconds since 1970. latest_us: of the last.
        amounts: one a currency, the most frequent first.
        places: one a city, the one visited last first.
    """

    transactions: int
    flagged: int
    earliest_us: int
    latest_us: int
    amounts: Sequence[UsualAmount]
    places: Sequence[UsualPlace]


def habits(profiles: Sequence[Profile]) -> Habits | None:
    """What profiles of one customer say together; None when they remember nothing."""
    in_person = [past for profile in profiles for past in profile.in_person]
    pasts = [*in_person, *(past for profile in profiles for past in profile.online)]
    if not pasts:
        return None
    times_us = [past.time_us for past in pasts]
    return Habits(
        transactions=len(pasts),
        flagged=sum(past.flagged for past in pasts),
        earliest_us=min(times_us),
        latest_us=max(times_us),
        amounts=sorted(_amounts(pasts), key=lambda each: (-each.transactions, each.currency)),
        places=sorted(
            _places(in_person), key=lambda each: (-each.latest_us, each.country, each.city)
        ),
    )


def _amounts(pasts: Sequence[PastTransaction]) -> Iterator[UsualAmount]:
    by_currency: defaultdict[str, list[int]] = defaultdict(list)
    for past in pasts:
        by_currency[past.currency].append(past.amount_units)
    for currency, units in by_currency.items():
        yield UsualAmount(
            currency=currency,
            transactions=len(units),
            median_units=median_low(units),
            max_units=max(units),
        )


def _places(in_person: Sequence[PastTransaction]) -> Iterator[UsualPlace]:
    by_city: defaultdict[tuple[str, str], list[PastTransaction]] = defaultdict(list)
    for past in in_person:
        by_city[past.country, past.city].append(past)
    for (country, city), there in by_city.items():
        latest = max(there, key=attrgetter("time_us", "transaction_id"))
        yield UsualPlace(
            city=city,
            country=country,
            lat_e7=latest.lat_e7,
            lon_e7=latest.lon_e7,
            transactions=len(there),
            latest_us=latest.time_us,
        )
