"""Each crime is what its name says, and the rule made for it finds it."""

from collections import defaultdict
from decimal import Decimal

import msgspec
import pytest

from finguard.domain.assess import Assessment
from finguard.domain.currencies import UNITS_PER_USD
from finguard.domain.geo import distance_km
from finguard.domain.transaction import Transaction
from finguard.simulator.world import Event
from tests.unit.simulator.worlds import LIVE, events, judge

Crimes = dict[str, dict[str, list[tuple[Event, Assessment]]]]


@pytest.fixture(scope="module")
def crimes() -> Crimes:
    """By scenario and victim, each crime's events with the verdicts on them."""
    found: Crimes = defaultdict(lambda: defaultdict(list))
    for event, assessment in judge(events(msgspec.structs.replace(LIVE, fraud_rate=0.3), 40_000)):
        if event.fraud is not None:
            found[event.fraud.scenario][event.transaction.user_id].append((event, assessment))
    return found


def _rules(crime: list[tuple[Event, Assessment]]) -> set[str]:
    return {finding.rule for _, assessment in crime for finding in assessment.verdict.findings}


def _dollars(transaction: Transaction) -> Decimal:
    return transaction.amount / UNITS_PER_USD[transaction.currency]


def test_all_four_occur(crimes: Crimes) -> None:
    """A long run has many of each."""
    assert {"impossible_travel", "high_value", "card_testing", "account_takeover"} == set(crimes)
    assert all(len(victims) > 50 for victims in crimes.values())


def test_impossible_travel_is_found_at_once(crimes: Crimes) -> None:
    """Every purchase of the cloned card is in person, far away, and found with high severity."""
    for crime in crimes["impossible_travel"].values():
        for event, assessment in crime:
            (finding,) = assessment.verdict.findings
            assert (finding.rule, finding.severity) == ("impossible_travel", "high")
            assert event.transaction.channel == "in_person"


def test_high_value_is_found(crimes: Crimes) -> None:
    """One purchase worth more than 10,000 US dollars, in whatever currency."""
    for crime in crimes["high_value"].values():
        ((event, _),) = crime
        assert _dollars(event.transaction) >= 10_000
        assert "high_value" in _rules(crime)


def test_card_testing_is_found(crimes: Crimes) -> None:
    """A dozen or more small online payments within a minute, and perhaps one larger one."""
    for crime in crimes["card_testing"].values():
        stream = [event.transaction for event, _ in crime]
        small = [one for one in stream if _dollars(one) < 5]
        assert {"online"} == {one.channel for one in stream}
        assert len(stream) <= len(small) + 1
        if len(small) >= 12:  # else the stretch ended in the middle of the burst
            assert small[-1].time_us - small[0].time_us < 60e6
            assert {"velocity"} == _rules(crime)


def test_account_takeover_is_found_twice(crimes: Crimes) -> None:
    """A burst online and purchases in person, from one city far from the victim."""
    whole = 0
    for crime in crimes["account_takeover"].values():
        stream = [event.transaction for event, _ in crime]
        assert len({one.city for one in stream}) == 1
        if "in_person" in {one.channel for one in stream}:
            whole += 1
            assert {"velocity", "impossible_travel"} == _rules(crime)
    assert whole > 50


def test_far_is_far(crimes: Crimes) -> None:
    """The nearest place where the card was shown before lies beyond any ground travel."""
    for crime in crimes["impossible_travel"].values():
        event, assessment = crime[0]
        earlier = assessment.verdict.findings[0].evidence["journeys"][0]["compared_with"]
        here = event.transaction
        assert distance_km(earlier["lat"], earlier["lon"], here.lat, here.lon) > 2_400
