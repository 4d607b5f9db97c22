"""The terms of the rules: complete, readable by people and programs, and those that apply."""

import json
from decimal import Decimal

import msgspec
import pytest

from finguard.domain.rules import (
    RuleLimits,
    Terms,
    TravelLimits,
    ValueLimits,
    VelocityLimits,
    rules,
    terms,
)
from finguard.domain.rules.money import Equivalents

LIMITS = RuleLimits(
    TravelLimits(max_speed_kmh=900),
    ValueLimits(Decimal("5000.50"), Equivalents({"EUR": Decimal("0.90")})),
    VelocityLimits(30, 5, Decimal(700), Equivalents({"EUR": Decimal("0.90")})),
)


def told(rule: str) -> Terms:
    """One rule's."""
    (found,) = (each for each in terms(LIMITS) if each.rule == rule)
    return found


def test_every_rule_has_its_terms() -> None:
    """In the same order, each with a meaning."""
    assert [rule.name for rule in rules(LIMITS)] == [each.rule for each in terms(LIMITS)]
    assert all(each.meaning.endswith(".") for each in terms(LIMITS))


def test_limits_are_told_as_they_apply() -> None:
    """Amounts as text, without idle zeros; currencies with what stands for a dollar."""
    assert told("impossible_travel").limits["max_speed_kmh"] == 900
    assert told("high_value").limits == {
        "threshold_usd": "5000.5",
        "units_per_usd": {"EUR": "0.9"},
    }
    assert told("velocity").limits == {
        "window_s": 30,
        "max_count": 5,
        "max_amount_usd": "700",
        "units_per_usd": {"EUR": "0.9"},
    }


@pytest.mark.parametrize("limits", [LIMITS.travel, LIMITS.value, LIMITS.velocity])
def test_no_limit_is_left_out(limits: msgspec.Struct) -> None:
    """A field that joins a rule's limits is told as well."""
    fields = {field for field in limits.__struct_fields__ if field != "equivalents"}
    assert any(fields <= each.limits.keys() for each in terms(LIMITS))


def test_terms_are_json() -> None:
    """PostgreSQL keeps them as they are."""
    assert json.loads(json.dumps(msgspec.to_builtins(terms(LIMITS))))
