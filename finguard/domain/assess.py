"""The one evaluator: live detection, backtests, tests and benchmarks all judge through it."""

from collections.abc import Sequence
from typing import Final

import msgspec

from finguard.domain.profile import History, PastTransaction, Profile
from finguard.domain.rules.impossible_travel import NAME as TRAVEL
from finguard.domain.transaction import Transaction
from finguard.domain.verdict import Finding, Rule, RuleFailure, Verdict
from finguard.errors import InvalidMessage

INCIDENT_WINDOW_US: Final = 30 * 60 * 1_000_000
"""Findings on one user this close to an incident's first belong to it: one notification."""

_CLEAN: Final = Verdict()


class Assessment(msgspec.Struct, frozen=True, gc=False):
    """What came of one transaction.

    Attributes:
        verdict: what the rules found.
        profile: the history with the transaction in it.
        remembered: what the history was given to remember; None where a rule raised, or where it
            knew the transaction already. It may be older than the history reaches back.
        repeated: the history knew it already; it has had all its effects.
    """

    verdict: Verdict
    profile: Profile
    remembered: PastTransaction | None = None
    repeated: bool = False


def assess(
    transaction: Transaction,
    profile: Profile,
    rules: Sequence[Rule],
    history: History,
    past: PastTransaction | None = None,
    *,
    is_new: bool = False,
) -> Assessment:
    """Judge a transaction against the history before it and add it to that history.

    A transaction on which a rule raised is not added, so that it can be judged anew, by all
    rules, once the rule is mended.

    Args:
        transaction: as the event says it.
        profile: the history before it.
        rules: what it is judged by.
        history: how much the profile remembers.
        past: the transaction as history keeps it, from whoever has made it already.
        is_new: the caller knows that the history does not know this id: looking for it takes
            longer than all else here.

    Raises:
        InvalidMessage: when the history knows this id with another content.
    """
    if past is None:
        past = PastTransaction.of(transaction)
    # A profile at rest keeps growing older; what it would have lost by now is not looked at.
    recent = profile.since(past.time_us - history.max_age_us)
    known = None if is_new else recent.find(past.transaction_id)
    if known is not None:
        if not known.same_event(past):
            raise InvalidMessage("conflict", "this id was used before with another content")
        return Assessment(_CLEAN, profile, repeated=True)
    nearby = recent.until(past.time_us + history.max_age_us)
    findings, failures = _judge(transaction, past, nearby, rules)
    if not findings and not failures:
        return Assessment(_CLEAN, recent.joined_by(past, transaction.channel, history), past)
    incident_id = ""
    if findings:
        incident_id, recent = _incident(recent, past)
    verdict = Verdict(findings, failures, incident_id)
    if failures:
        return Assessment(verdict, _with_incident_of(recent, profile) if findings else profile)
    if any(finding.rule == TRAVEL for finding in findings):
        past = msgspec.structs.replace(past, flagged=True)
    return Assessment(verdict, recent.joined_by(past, transaction.channel, history), past)


def _judge(
    transaction: Transaction, past: PastTransaction, profile: Profile, rules: Sequence[Rule]
) -> tuple[tuple[Finding, ...], tuple[RuleFailure, ...]]:
    findings: tuple[Finding, ...] = ()
    failures: tuple[RuleFailure, ...] = ()
    for rule in rules:
        try:
            finding = rule.judge(transaction, past, profile)
        except Exception as error:  # noqa: BLE001 - a rule's fault must not reach the other rules
            failures = (*failures, RuleFailure(rule.name, error))
        else:
            if finding is not None:
                findings = (*findings, finding)
    return findings, failures


def _incident(profile: Profile, past: PastTransaction) -> tuple[str, Profile]:
    """The incident that findings on `past` belong to, and the profile that knows the latest one.

    A late transaction long before the latest incident is an incident of its own, and does not take
    the latest one's place: those that follow still belong to that.
    """
    if not profile.incident_id:
        return past.transaction_id, _opened(profile, past)
    apart_us = past.time_us - profile.incident_us
    if abs(apart_us) <= INCIDENT_WINDOW_US:
        return profile.incident_id, profile
    return past.transaction_id, _opened(profile, past) if apart_us > 0 else profile


def _with_incident_of(judged: Profile, profile: Profile) -> Profile:
    """The history as it was: nothing joins it, so nothing has grown too old for it either."""
    return msgspec.structs.replace(
        profile, incident_id=judged.incident_id, incident_us=judged.incident_us
    )


def _opened(profile: Profile, past: PastTransaction) -> Profile:
    return msgspec.structs.replace(
        profile, incident_id=past.transaction_id, incident_us=past.time_us
    )
