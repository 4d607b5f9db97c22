"""Velocity: windows of event time, their edges, and events that arrive late."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from finguard.domain.profile import PastTransaction, Profile
from finguard.domain.rules import RuleLimits, VelocityLimits
from finguard.domain.rules.velocity import velocity
from finguard.domain.transaction import Transaction
from finguard.domain.verdict import Finding
from tests.strategies import histories, profiles
from tests.unit.domain.examples import judge, profile_of, purchase, rules_found, run

RULE = "velocity"
MICROSECOND = timedelta(microseconds=1)


def burst(
    count: int,
    step: timedelta = timedelta(seconds=1),
    **changes: Any,  # noqa: ANN401 - of any field
) -> list[Transaction]:
    """Small purchases in quick succession."""
    return [
        purchase(f"b{n}", after=n * step, **{"amount": Decimal("1.99"), **changes})
        for n in range(count)
    ]


def check(transaction: Transaction, profile: Profile, limits: VelocityLimits) -> Finding | None:
    """The velocity rule's finding alone."""
    return velocity(transaction, PastTransaction.of(transaction), profile, limits)


def test_ten_are_allowed_and_eleven_are_not() -> None:
    """The eleventh within a minute fires, and says how many there are."""
    assessments, _ = run(*burst(11))
    assert [[]] * 10 + [[RULE]] == [rules_found(assessment) for assessment in assessments]
    finding = assessments[-1].verdict.findings[0]
    assert 11 == finding.evidence["count"]
    assert "medium" == finding.severity
    expected = "11 transactions within 60 seconds, worth 21.89 USD: limits 10 and 20,000.00 USD"
    assert expected == finding.story


def test_the_window_is_open_where_it_begins() -> None:
    """A transaction exactly 60 s earlier counts no more; a microsecond later it still does."""
    profile = profile_of(*burst(10))
    start = timedelta(seconds=60)
    assert RULE not in judge(purchase("n", after=start), profile)
    assert RULE in judge(purchase("n", after=start - MICROSECOND), profile)


def test_the_window_is_closed_where_it_ends() -> None:
    """Transactions of the very same instant count."""
    profile = profile_of(*burst(10, step=timedelta()))
    assert RULE in judge(purchase("n"), profile)


def test_both_channels_count_together() -> None:
    """Card testing does not care where the card is said to be."""
    offline = burst(5)
    online = [purchase(f"o{n}", channel="online", after=n * MICROSECOND) for n in range(5)]
    finding = judge(purchase("n", after=timedelta(seconds=5)), profile_of(*offline, *online))[RULE]
    assert 11 == finding.evidence["count"]
    assert 10 == len(finding.evidence["transaction_ids"])


def test_sums_are_exact() -> None:
    """Twenty thousand dollars are allowed; one ten-thousandth more is not."""
    first = purchase("a", amount=Decimal("19999.9998"))
    exactly = purchase("b", amount=Decimal("0.0002"))
    more = purchase("b", amount=Decimal("0.0003"))
    assert RULE not in judge(exactly, profile_of(first))
    finding = judge(more, profile_of(first))[RULE]
    assert "20000.0001" == finding.evidence["total"]
    assert "20000" == finding.evidence["max_total"]


def test_one_large_transaction_is_no_velocity() -> None:
    """A sum takes two: one purchase is high value's affair, whatever else was bought for nothing.

    Neither a purchase in another currency nor a card check of amount zero adds to the sum.
    """
    large = purchase("n", amount=Decimal(25_000), after=timedelta(seconds=9))
    other = purchase("a", amount=Decimal(5), currency="EUR")
    check_of_card = purchase("b", amount=Decimal(0))
    assert RULE not in judge(large, Profile())
    assert RULE not in judge(large, profile_of(other, check_of_card))
    assert RULE in judge(large, profile_of(purchase("c", amount=Decimal("0.01"))))


def test_sums_stay_within_their_currency() -> None:
    """Yen are not added to dollars, and their limit is the equivalent one."""
    yen = [purchase(f"y{n}", amount=Decimal(1_600_000), currency="JPY") for n in range(2)]
    assert RULE in judge(yen[1], profile_of(yen[0]))
    dollars = purchase("d", amount=Decimal(15_000))
    assert RULE not in judge(dollars, profile_of(yen[0]))


def test_a_mixture_of_currencies_is_told_as_such() -> None:
    """The count is of all, the sum of those in the transaction's own currency."""
    mixed = [*burst(6, currency="EUR"), *burst(5)]
    mixed = [purchase(f"m{n}", amount=t.amount, currency=t.currency) for n, t in enumerate(mixed)]
    finding = judge(mixed[-1], profile_of(*mixed[:-1]))[RULE]
    assert "11 transactions within 60 seconds, 5 of them worth 9.95 USD: " in finding.story


def test_too_many_and_too_much_is_severe() -> None:
    """Both limits passed at once is high, either alone is medium."""
    assessments, _ = run(*burst(11, amount=Decimal(2_000)))
    assert "high" == assessments[-1].verdict.findings[-1].severity


def test_a_late_event_counts_its_own_window() -> None:
    """What happened a minute after it is none of its business."""
    profile = profile_of(*[purchase(f"l{n}", after=timedelta(seconds=60 + n)) for n in range(10)])
    assert RULE not in judge(purchase("late"), profile)


def test_a_late_event_completes_the_window_of_a_later_one() -> None:
    """Eleven within a minute are found when the one that was missing arrives at last."""
    events = burst(11)
    missing = events.pop(4)
    finding = judge(missing, profile_of(*events))[RULE]
    assert 11 == finding.evidence["count"]
    assert {event.transaction_id for event in events} == set(finding.evidence["transaction_ids"])


def test_the_window_of_a_later_one_is_open_where_it_begins() -> None:
    """A minute before that later one counts no more in it."""
    around = [purchase("first"), purchase("later", after=timedelta(seconds=60))]
    limits = RuleLimits(velocity=VelocityLimits(max_count=2))
    late = purchase("late", after=timedelta(seconds=30))
    assert RULE not in judge(late, profile_of(*around), limits)
    nearer = purchase("first", after=MICROSECOND)
    assert RULE in judge(late, profile_of(nearer, around[1]), limits)


@given(st.permutations(burst(11)))
def test_a_burst_is_found_in_whatever_order_it_arrives(arrived: list[Transaction]) -> None:
    """Backwards, shuffled or in order: ten are silent and the last to arrive fires."""
    assessments, _ = run(*arrived)
    assert [[]] * 10 + [[RULE]] == [rules_found(assessment) for assessment in assessments]


@given(histories(span=timedelta(minutes=2)))
def test_a_replay_gives_the_same_answer(arrived: list[Transaction]) -> None:
    """Nothing but the events and their order decides: no clock, no chance."""
    assert run(*arrived) == run(*arrived)


@given(
    histories(max_size=4, span=timedelta(minutes=2)),
    profiles(),
    st.integers(1, 3),
    st.integers(1, 9),
)
def test_findings_are_those_of_the_definition(
    arrived: list[Transaction], profile: Profile, max_count: int, max_usd: int
) -> None:
    """The rule with its short cuts finds what the definition, read word by word, finds."""
    limits = VelocityLimits(3600, max_count, Decimal(5_000 * max_usd))
    for transaction in arrived:
        finding = check(transaction, profile, limits)
        expected = _found_by_definition(transaction, profile, limits)
        assert expected == (finding is not None)


def _found_by_definition(
    transaction: Transaction, profile: Profile, limits: VelocityLimits
) -> bool:
    here = PastTransaction.of(transaction)
    known = [*profile.in_person, *profile.online]
    window_us = int(limits.window_s * 1_000_000)
    for end_us in {here.time_us} | {past.time_us for past in known}:
        window = [p for p in [here, *known] if end_us - window_us < p.time_us <= end_us]
        if here not in window:
            continue
        sums = [p.amount_units for p in window if p.currency == here.currency and p.amount_units]
        limit = limits.equivalents.in_currency(limits.max_amount_usd, here.currency) * 10_000
        others = [p.amount_units for p in window[1:] if p.currency == here.currency]
        if len(window) > limits.max_count and len(window) > 1:
            return True
        if any(others) and sum(sums) > limit:
            return True
    return False


@pytest.mark.parametrize("window_s", [0.000001, 0.5, 60.0, 259_200.0])
def test_any_length_of_window_will_do(window_s: float) -> None:
    """From a microsecond to three days the window means what it says."""
    limits = RuleLimits(velocity=VelocityLimits(window_s=window_s, max_count=1))
    edge = timedelta(seconds=window_s)
    assert RULE in judge(purchase("n", after=edge - MICROSECOND), profile_of(purchase()), limits)
    assert RULE not in judge(purchase("n", after=edge), profile_of(purchase()), limits)
