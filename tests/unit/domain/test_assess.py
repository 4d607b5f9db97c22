"""One evaluator: what is known, what is remembered, and what one rule's fault may not do."""

import json
from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings

from finguard.domain.assess import assess
from finguard.domain.profile import History, PastTransaction, Profile
from finguard.domain.rules import RuleLimits
from finguard.domain.rules.high_value import high_value
from finguard.domain.rules.impossible_travel import impossible_travel
from finguard.domain.rules.velocity import velocity
from finguard.domain.transaction import Transaction
from finguard.domain.verdict import Finding, Rule, Verdict
from finguard.errors import InvalidMessage
from tests.strategies import bounds, histories, profiles, transactions
from tests.unit.domain.examples import (
    HISTORY,
    NEW_YORK,
    ORDINARY,
    RULES,
    minutes,
    profile_of,
    purchase,
    rules_found,
    run,
)


def raising(_event: Transaction, _past: PastTransaction, _profile: Profile) -> Finding | None:
    """A rule with a fault."""
    raise ZeroDivisionError


BROKEN = Rule("broken", raising)


def test_an_ordinary_transaction_is_remembered() -> None:
    """No finding, no incident, and the profile knows it from now on."""
    assessment = assess(ORDINARY, Profile(), RULES, HISTORY)
    assert Verdict() == assessment.verdict
    assert 0 == assessment.verdict.score
    assert profile_of(ORDINARY) == assessment.profile
    assert not assessment.repeated


def test_all_rules_are_heard_and_the_highest_score_counts() -> None:
    """One transaction may break several rules; its verdict is the worst of them."""
    event = purchase("ny", NEW_YORK, minutes(1), amount=Decimal(12_500))
    verdict = assess(event, profile_of(purchase()), RULES, HISTORY).verdict
    assert ["impossible_travel", "high_value"] == [finding.rule for finding in verdict.findings]
    assert 100 == verdict.score
    assert "ny" == verdict.incident_id


def test_a_rule_that_raises_hurts_no_other() -> None:
    """The others' findings stand, the failure is told, and nothing is remembered."""
    known, event = profile_of(purchase()), purchase("ny", NEW_YORK, minutes(1))
    assessment = assess(event, known, (BROKEN, *RULES), HISTORY)
    assert ["impossible_travel"] == rules_found(assessment)
    (failure,) = assessment.verdict.failures
    assert "broken" == failure.rule
    assert isinstance(failure.error, ZeroDivisionError)
    assert known.in_person == assessment.profile.in_person
    assert assessment.profile.find("ny") is None


def test_a_failure_without_findings_changes_nothing() -> None:
    """No finding, no incident; the profile is the one that was given."""
    known = profile_of(purchase())
    assessment = assess(purchase("t2", after=minutes(1)), known, (*RULES, BROKEN), HISTORY)
    assert known is assessment.profile
    assert ("", ()) == (assessment.verdict.incident_id, assessment.verdict.findings)


def test_once_the_rule_is_mended_the_transaction_is_judged_anew() -> None:
    """It is not taken for a repetition, and its findings belong to the same incident."""
    event = purchase("ny", NEW_YORK, minutes(1))
    broken = assess(event, profile_of(purchase()), (*RULES, BROKEN), HISTORY)
    mended = assess(event, broken.profile, RULES, HISTORY)
    assert not mended.repeated
    assert broken.verdict.findings == mended.verdict.findings
    assert broken.verdict.incident_id == mended.verdict.incident_id


@pytest.mark.parametrize(
    "change",
    [
        {"amount": Decimal("123.46")},
        {"currency": "EUR"},
        {"merchant": "Another"},
        {"category": "games"},
        {"channel": "online"},
        {"city": "Izmir"},
        {"country": "GR"},
        {"lat": 41.0138001},
        {"lon": 28.9497001},
        {"timestamp": ORDINARY.timestamp + timedelta(microseconds=1)},
        {"location_radius_km": 1.0},
    ],
    ids=lambda change: next(iter(change)),
)
def test_case_05_the_same_id_with_another_content_is_refused(change: dict[str, Any]) -> None:
    """Whatever field differs: two events under one id are a fault of the source."""
    with pytest.raises(InvalidMessage) as caught:
        assess(purchase(**change), profile_of(ORDINARY), RULES, HISTORY)
    assert "conflict" == caught.value.reason


@given(transactions())
def test_case_04_any_transaction_is_recognised(transaction: Transaction) -> None:
    """Assessed again it is a repetition without findings, and the profile is the very same."""
    first = assess(transaction, Profile(), RULES, HISTORY)
    again = assess(transaction, first.profile, RULES, HISTORY)
    assert again.repeated
    assert Verdict() == again.verdict
    assert first.profile is again.profile


def test_case_04_a_flagged_transaction_is_recognised_too() -> None:
    """The mark that the first verdict left does not make it another event."""
    event = purchase("ny", NEW_YORK, minutes(1))
    (_, _, again), profile = run(purchase(), event, event)
    assert again.repeated
    assert profile.in_person[-1].flagged


@given(histories())
def test_replaying_a_history_changes_nothing(arrived: list[Transaction]) -> None:
    """All of it once more, in order: repetitions all, and the same profile."""
    _, profile = run(*arrived)
    for transaction in arrived:
        again = assess(transaction, profile, RULES, HISTORY)
        assert again.repeated
        assert profile is again.profile


@given(histories(), bounds())
def test_assessing_remembers_what_remembering_does(
    arrived: list[Transaction], history: History
) -> None:
    """But for flags and incidents a profile is the same whether or not rules were asked.

    So it is a function of the set of transactions; see test_profile.
    """
    _, profile = run(*arrived, history=history)
    expected = profile_of(*arrived, history=history)
    assert expected.in_person == _unflagged(profile.in_person)
    assert expected.online == _unflagged(profile.online)


def test_flags_depend_on_the_order_of_arrival() -> None:
    """Of a contradictory pair the later to arrive is in doubt: flags are no function of the set."""
    home, abroad = purchase("home"), purchase("ny", NEW_YORK, minutes(1))
    _, forth = run(home, abroad)
    _, back = run(abroad, home)
    assert [False, True] == [past.flagged for past in forth.in_person]
    assert [True, False] == [past.flagged for past in back.in_person]


@given(histories(span=timedelta(hours=1)), profiles())
@settings(max_examples=200)
def test_findings_can_be_stored_and_shown(arrived: list[Transaction], profile: Profile) -> None:
    """Evidence is JSON without NaN, stories are one line, scores lie between 0 and 100."""
    for transaction in arrived:
        event = msgspec.structs.replace(transaction, transaction_id=f"new {transaction.city}")
        verdict = assess(event, profile, RULES, HISTORY).verdict
        assert () == verdict.failures
        for finding in verdict.findings:
            _check_finding(finding)


@given(transactions(), transactions(), transactions())
@settings(max_examples=200)
def test_findings_on_anything_can_be_stored_and_shown(
    one: Transaction, other: Transaction, third: Transaction
) -> None:
    """The same for the widest texts, the farthest places and the greatest amounts."""
    third = msgspec.structs.replace(third, timestamp=one.timestamp)
    other = msgspec.structs.replace(other, timestamp=one.timestamp, channel="in_person")
    events = [
        msgspec.structs.replace(event, transaction_id=f"t{number}")
        for number, event in enumerate([one, other, third])
    ]
    for assessment in run(*events)[0]:
        assert () == assessment.verdict.failures
        for finding in assessment.verdict.findings:
            _check_finding(finding)


def test_a_repetition_is_known_as_long_as_it_is_remembered() -> None:
    """Sixteen newer ones on its channel push it out; from then on it is judged anew.

    This is the price of a bounded profile; PostgreSQL still keeps its alerts from appearing twice.
    """
    first = purchase("first", amount=Decimal(10_000))
    newer = [purchase(f"n{n}", after=minutes(n + 2)) for n in range(HISTORY.max_count)]
    (*_, known), _ = run(first, *newer[:-1], first)
    (original, *_, forgotten), profile = run(first, *newer, first)
    assert (True, False) == (known.repeated, forgotten.repeated)
    assert rules_found(original) == rules_found(forgotten)
    assert profile.find("first") is None


def test_findings_within_half_an_hour_are_one_incident() -> None:
    """The incident is named after the transaction that opened it; half an hour is inclusive."""
    half = minutes(30)
    events = [
        purchase("first", amount=Decimal(10_000)),
        purchase("within", amount=Decimal(10_000), after=half),
        purchase("beyond", amount=Decimal(10_000), after=half + timedelta(microseconds=1)),
        purchase("again", amount=Decimal(10_000), after=2 * half),
    ]
    assessments, _ = run(*events)
    incidents = [assessment.verdict.incident_id for assessment in assessments]
    assert ["first", "first", "beyond", "beyond"] == incidents


def test_a_late_finding_does_not_close_the_latest_incident() -> None:
    """It is an incident of its own; what follows still belongs to the latest one."""
    events = [
        purchase("latest", amount=Decimal(10_000), after=minutes(120)),
        purchase("late", amount=Decimal(10_000)),
        purchase("next", amount=Decimal(10_000), after=minutes(121)),
    ]
    assessments, _ = run(*events)
    incidents = [assessment.verdict.incident_id for assessment in assessments]
    assert ["latest", "late", "latest"] == incidents


def test_an_id_may_come_back_when_its_history_is_over() -> None:
    """What lies beyond the window is not looked at, whether or not the profile still holds it.

    Otherwise a profile rebuilt from Kafka would judge differently than one that was never lost.
    """
    again = purchase("t1", after=timedelta(hours=73), amount=Decimal(1))
    assessment = assess(again, profile_of(ORDINARY), RULES, HISTORY)
    assert not assessment.repeated
    assert profile_of(again) == assessment.profile


@given(histories(max_size=4), profiles())
def test_a_profile_at_rest_judges_like_a_rebuilt_one(
    arrived: list[Transaction], old: Profile
) -> None:
    """After the window has passed an old profile counts exactly as much as none."""
    for transaction in arrived:
        later = transaction.timestamp + timedelta(hours=77)
        event = msgspec.structs.replace(transaction, timestamp=later)
        assert assess(event, Profile(), RULES, HISTORY) == assess(event, old, RULES, HISTORY)


def _unflagged(track: tuple[PastTransaction, ...]) -> tuple[PastTransaction, ...]:
    return tuple(msgspec.structs.replace(past, flagged=False) for past in track)


def _check_finding(finding: Finding) -> None:
    assert finding.evidence == json.loads(json.dumps(finding.evidence, allow_nan=False))
    assert 1 == len(finding.story.splitlines())
    assert 0 <= finding.score <= 100
    assert finding.severity in {"low", "medium", "high"}


@given(histories(), bounds())
def test_an_id_known_to_be_new_is_judged_alike(
    arrived: list[Transaction], history: History
) -> None:
    """Whoever knows that an id is new, and has the transaction as history keeps it, saves time."""
    profile = Profile()
    for transaction in arrived:
        expected = assess(transaction, profile, RULES, history)
        past = PastTransaction.of(transaction)
        assert expected == assess(transaction, profile, RULES, history, past, is_new=True)
        profile = expected.profile


@given(profiles(), histories())
def test_rules_with_their_limits_bound_find_what_their_functions_find(
    profile: Profile, arrived: list[Transaction]
) -> None:
    """The quick look that comes before most judgements never hides a finding."""
    limits = RuleLimits()
    functions: list[Callable[[Transaction, PastTransaction, Profile], Finding | None]] = [
        lambda t, past, before: impossible_travel(t, past, before, limits.travel),
        lambda t, past, before: high_value(t, past, before, limits.value),
        lambda t, past, before: velocity(t, past, before, limits.velocity),
    ]
    for transaction in arrived:
        past = PastTransaction.of(transaction)
        for rule, function in zip(RULES, functions, strict=True):
            expected = function(transaction, past, profile)
            assert expected == rule.judge(transaction, past, profile)
