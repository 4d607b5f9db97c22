"""Evidence in words, for what the rules really write."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import msgspec
import pytest

from finguard.dashboard.evidence import Line, explain
from finguard.domain.assess import assess
from finguard.domain.profile import History, Profile
from finguard.domain.rules import RuleLimits, rules
from finguard.domain.transaction import Channel, Transaction
from tests.unit.dashboard.samples import TRAVEL_EVIDENCE

NOON = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
ISTANBUL = ("Istanbul", "TR", 41.01, 28.95)
NEW_YORK = ("New York", "US", 40.71, -74.0)


def transaction(
    number: int,
    place: tuple[str, str, float, float],
    *,
    amount: str = "20",
    after_s: float = 0,
    channel: Channel = "in_person",
) -> Transaction:
    """A transaction of the one user of these tests."""
    city, country, lat, lon = place
    return Transaction(
        transaction_id=f"t-{number}",
        user_id="user-1",
        amount=Decimal(amount),
        currency="USD",
        merchant="Corner Books",
        category="books",
        channel=channel,
        city=city,
        country=country,
        lat=lat,
        lon=lon,
        timestamp=NOON + timedelta(seconds=after_s),
    )


def found(rule: str, *transactions: Transaction) -> dict[str, Any]:
    """The evidence that a rule writes about the last of these transactions, as JSON."""
    profile = Profile()
    for judged in transactions:
        assessment = assess(judged, profile, rules(RuleLimits()), History())
        profile = assessment.profile
    finding = next(found for found in assessment.verdict.findings if found.rule == rule)
    evidence: dict[str, Any] = msgspec.json.decode(msgspec.json.encode(finding.evidence))
    return evidence


def test_impossible_travel_is_told_against_its_limits() -> None:
    """What the travel rule writes is understood: values in units, limits beside them."""
    evidence = found(
        "impossible_travel", transaction(1, ISTANBUL), transaction(2, NEW_YORK, after_s=60)
    )

    explanation = explain("impossible_travel", evidence)

    assert [line.what for line in explanation.lines] == ["Distance", "Time between", "Speed needed"]
    assert explanation.lines[1] == Line(
        "Time between", "1 minute", "plus 1 minute for clocks that differ"
    )
    assert explanation.lines[2].limit == "at most 1,000 km/h"
    assert explanation.journeys[0].compared_with.city == "Istanbul"
    assert explanation.journeys[0].compared_with.happened_at == NOON


def test_improbable_travel_says_what_it_is_too_soon_for() -> None:
    """Below the hard limit the quickest honest ways are named."""
    evidence = found(
        "impossible_travel", transaction(1, ISTANBUL), transaction(2, NEW_YORK, after_s=9 * 3600)
    )

    line = explain("impossible_travel", evidence).lines[-1]

    assert line.limit == "train 300 km/h, or flight 850 km/h plus 1.5 hours"


def test_two_places_at_once_have_no_speed() -> None:
    """Equal times are told in words, not as infinity."""
    evidence = found("impossible_travel", transaction(1, ISTANBUL), transaction(2, NEW_YORK))

    assert explain("impossible_travel", evidence).lines[2].value == "two places at once"


def test_a_high_amount_is_told_against_the_threshold_and_the_usual() -> None:
    """What the value rule writes is understood, with how unusual the amount is."""
    earlier = [transaction(number, ISTANBUL, after_s=number * 3600) for number in range(3)]
    evidence = found("high_value", *earlier, transaction(9, ISTANBUL, amount="12500", after_s=9e4))

    assert explain("high_value", evidence).lines == (
        Line("Amount", "12,500.00 USD", "below 10,000.00 USD"),
        Line("Usual for this user", "20.00 USD"),
        Line("Compared with usual", "625 times as much"),
    )


def test_without_a_history_nothing_is_usual() -> None:
    """A user's first transactions say so instead of comparing."""
    evidence = found("high_value", transaction(1, ISTANBUL, amount="12500"))

    assert explain("high_value", evidence).lines[1].value == "too few transactions to say"


def test_a_burst_is_told_by_count_and_sum() -> None:
    """What the velocity rule writes is understood, with the transactions that count."""
    burst = [
        transaction(number, ISTANBUL, amount="2", after_s=number, channel="online")
        for number in range(11)
    ]

    explanation = explain("velocity", found("velocity", *burst))

    assert explanation.lines == (
        Line("Transactions within 60 seconds", "11", "at most 10"),
        Line("Total within 60 seconds", "22.00 USD", "at most 20,000.00 USD"),
    )
    assert len(explanation.transaction_ids) == 10


def test_the_worst_journey_comes_first() -> None:
    """Of several journeys the one that takes the highest speed leads."""
    journey = TRAVEL_EVIDENCE["journeys"][0]
    slower = {**journey, "distance_km": 200.0, "speed_kmh": 12_000.0}
    evidence = {**TRAVEL_EVIDENCE, "journeys": [slower, journey]}

    explanation = explain("impossible_travel", evidence)

    assert [round(found.distance_km) for found in explanation.journeys] == [8070, 200]


@pytest.mark.parametrize(
    ("rule", "evidence"),
    [
        ("card_testing", {"small_amounts": 12, "merchant": None}),
        ("velocity", {"small_amounts": 12, "merchant": None}),
    ],
)
def test_unknown_evidence_is_shown_as_it_stands(rule: str, evidence: dict[str, Any]) -> None:
    """A new rule, or a new form of an old one, is readable before the dashboard knows it."""
    assert explain(rule, evidence).lines == (
        Line("Small amounts", "12"),
        Line("Merchant", "–"),  # noqa: RUF001
    )
