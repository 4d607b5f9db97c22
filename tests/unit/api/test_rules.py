"""What detectors tell of their rules, put together."""

from typing import Any

import msgspec

from finguard.api.rule_models import Rule
from finguard.api.rules import combine
from finguard.domain.rules import RuleLimits, TravelLimits, terms

Told = list[dict[str, Any]]


def told(**travel: float) -> Told:
    """The terms of a detector whose limits of travels are these."""
    limits = RuleLimits(travel=TravelLimits(**travel))
    return [msgspec.to_builtins(each) for each in terms(limits)]


def travel(applied: dict[str, Told | None]) -> Rule:
    """The first rule of all, as those detectors apply it."""
    return combine(applied).items[0]


def test_without_a_detector_the_rules_have_meanings_alone() -> None:
    """Nobody can say which limits would apply."""
    rules = combine({})
    assert rules.detectors == 0
    assert [rule.rule for rule in rules.items] == ["impossible_travel", "high_value", "velocity"]
    for rule in rules.items:
        assert rule.meaning
        assert (rule.status, rule.version, rule.limits, rule.variants) == (
            "not_applied",
            None,
            None,
            [],
        )


def test_detectors_that_agree_are_one_variant() -> None:
    """The limits are theirs, whatever the defaults are."""
    rule = travel({"a": told(max_speed_kmh=900), "b": told(max_speed_kmh=900)})
    assert (rule.status, rule.version) == ("agreed", 1)
    assert rule.limits is not None
    assert rule.limits["max_speed_kmh"] == 900
    assert [variant.detectors for variant in rule.variants] == [["a", "b"]]


def test_detectors_that_disagree_are_told_apart() -> None:
    """No limits are called those that apply; the way that most go comes first."""
    slow = told(max_speed_kmh=900)
    rule = travel({"a": slow, "b": told(), "c": told()})
    assert (rule.status, rule.version, rule.limits) == ("disagreed", None, None)
    assert [variant.detectors for variant in rule.variants] == [["b", "c"], ["a"]]
    assert rule.variants[1].limits == slow[0]["limits"]


def test_one_rule_may_be_agreed_upon_where_another_is_not() -> None:
    """Each is compared by itself."""
    rules = combine({"a": told(max_speed_kmh=900), "b": told()})
    assert [rule.status for rule in rules.items] == ["disagreed", "agreed", "agreed"]


def test_a_version_of_its_own_is_a_variant() -> None:
    """The same limits mean something else."""
    newer = [{**each, "version": 2} for each in told()]
    rule = travel({"a": told(), "b": newer})
    assert rule.status == "disagreed"
    assert [variant.version for variant in rule.variants] == [1, 2]


def test_a_detector_that_does_not_tell_is_no_agreement() -> None:
    """It judges by something, and nobody knows by what."""
    rule = travel({"a": told(), "b": None})
    assert rule.status == "disagreed"
    assert [variant.detectors for variant in rule.variants] == [["a"]]
    assert travel({"b": None}).status == "not_applied"


def test_a_rule_that_this_version_does_not_know_is_listed() -> None:
    """With the meaning that its detector tells, behind those that are known."""
    odd = {"rule": "odd_hours", "version": 1, "meaning": "At night.", "limits": {"from_h": 2}}
    rules = combine({"a": [*told(), odd]})
    assert (rules.items[-1].rule, rules.items[-1].meaning) == ("odd_hours", "At night.")
    assert rules.items[-1].status == "agreed"


def test_the_meaning_is_that_of_the_detector_that_has_run_longest() -> None:
    """It is what judges, and words may have changed since."""
    changed = [{**each, "meaning": "Other words."} for each in told()]
    assert travel({"a": changed, "b": told()}).meaning == "Other words."
