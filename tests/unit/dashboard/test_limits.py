"""Limits of rules as a person reads them."""

import pytest
from pydantic import JsonValue

from finguard.dashboard.client.rules import Variant
from finguard.dashboard.limits import limit_lines
from finguard.domain.rules import RuleLimits, terms


def variant(**limits: JsonValue) -> Variant:
    """One way of applying a rule."""
    return Variant(version=1, limits=limits, detectors=("a",))


@pytest.mark.parametrize(
    ("name", "value", "written"),
    [
        ("max_speed_kmh", 1000.0, "1,000 km/h"),
        ("min_distance_km", 99.5, "99.5 km"),
        ("flight_overhead_s", 5400.0, "1.5 hours"),
        ("threshold_usd", "10000", "10,000.00 USD"),
        ("max_count", 12_000, "12,000"),
        (
            "units_per_usd",
            {"EUR": "0.9", "GBP": "0.8", "XAF": "590"},
            "0.9 EUR, 0.8 GBP and 1 more",
        ),
        ("units_per_usd", {"XAF": "590"}, "590 XAF"),
        ("units_per_usd", {}, ""),
        ("odd", "by *night*", "by *night*"),
        ("odd", None, "–"),  # noqa: RUF001
        ("odd", [1], "[1]"),
    ],
)
def test_a_limit_has_the_unit_of_its_name(name: str, value: JsonValue, written: str) -> None:
    """What is new to the dashboard stands as it is."""
    ((_, shown),) = limit_lines([variant(**{name: value})])
    assert shown == written


def test_variants_stand_beside_one_another() -> None:
    """Where they differ there is a sign; what only one of them has is a gap in the other."""
    lines = limit_lines(
        [variant(odd_limit=1, max_count=10, window_s=60), variant(window_s=60, max_count=5)]
    )
    assert lines == [
        ("Counted within", "1 minute", "1 minute"),
        ("≠ More transactions than", "10", "5"),
        ("≠ Odd limit", "1", "–"),  # noqa: RUF001
    ]


def test_every_limit_of_the_rules_has_words() -> None:
    """A limit that joins a rule gets a name here, or it reads like code."""
    for told in terms(RuleLimits()):
        words = {line[0] for line in limit_lines([variant(**told.limits)])}
        assert len(words) == len(told.limits)
        assert not words & {name.replace("_", " ").capitalize() for name in told.limits}
