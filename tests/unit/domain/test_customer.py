"""What profiles of a customer say together."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from statistics import median_low

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from finguard.domain.customer import UsualAmount, habits
from finguard.domain.profile import History, PastTransaction, Profile
from finguard.domain.transaction import Transaction

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)

transactions = st.builds(
    lambda number, amount, currency, channel, city, minute: Transaction(
        transaction_id=f"t-{number}",
        user_id="u-1",
        amount=amount,
        currency=currency,
        merchant="m",
        category="c",
        channel=channel,
        city=city,
        country="DE",
        lat=52.5,
        lon=13.4,
        timestamp=NOON + timedelta(minutes=minute),
    ),
    st.integers(0, 10**6),
    st.decimals(0, 1_000, places=4),
    st.sampled_from(["EUR", "USD"]),
    st.sampled_from(["in_person", "online"]),
    st.sampled_from(["Ulm", "Berlin"]),
    st.integers(0, 60),
)


def profile(made_of: list[Transaction]) -> Profile:
    """The profile that remembers all of these."""
    made = Profile()
    for each in made_of:
        past = PastTransaction.of(each)
        made = made.remember(past, each.channel, History(max_count=100))
    return made


def test_nothing_remembered_says_nothing() -> None:
    """Neither no profile nor an empty one has habits."""
    assert habits([]) is None
    assert habits([Profile()]) is None


@given(st.lists(transactions, min_size=1, max_size=12), st.integers(0, 12))
def test_sums_are_those_of_a_recount(made_of: list[Transaction], cut: int) -> None:
    """However the transactions are spread over profiles, all of them are in every sum."""
    found = habits([profile(made_of[:cut]), profile(made_of[cut:])])
    assert found is not None
    assert found.transactions == len(made_of)
    assert found.earliest_us == min(each.time_us for each in made_of)
    assert found.latest_us == max(each.time_us for each in made_of)
    for each in found.amounts:
        paid = [int(t.amount * 10_000) for t in made_of if t.currency == each.currency]
        assert each == UsualAmount(
            currency=each.currency,
            transactions=len(paid),
            median_units=median_low(paid),
            max_units=max(paid),
        )
    assert sum(each.transactions for each in found.amounts) == len(made_of)
    in_person = [each for each in made_of if each.channel == "in_person"]
    assert sum(each.transactions for each in found.places) == len(in_person)
    for place in found.places:
        there = [each.time_us for each in in_person if each.city == place.city]
        assert (place.transactions, place.latest_us) == (len(there), max(there))


def test_flagged_places_are_counted() -> None:
    """A place that was found impossible is one of them, and said to be."""
    each = Transaction(
        transaction_id="t-1",
        user_id="u-1",
        amount=Decimal(1),
        currency="EUR",
        merchant="m",
        category="c",
        channel="in_person",
        city="Ulm",
        country="DE",
        lat=48.4,
        lon=9.99,
        timestamp=NOON,
    )
    past = msgspec.structs.replace(PastTransaction.of(each), flagged=True)
    found = habits([Profile().remember(past, "in_person", History())])
    assert found is not None
    assert (found.flagged, found.places[0].city) == (1, "Ulm")
