"""What rules say of a transaction."""

from collections.abc import Callable
from typing import Any, Literal

import msgspec

from finguard.domain.profile import PastTransaction, Profile
from finguard.domain.transaction import Transaction

Severity = Literal["low", "medium", "high"]

Evidence = dict[str, Any]
"""JSON-ready values: what was compared, the thresholds, and the earlier transactions."""


class Finding(msgspec.Struct, frozen=True):
    """One rule's judgement of one transaction, with all that an analyst needs to see why.

    Attributes:
        rule: the rule's name. rule_version: raised whenever its meaning changes.
        severity: how bad. score: the same on a scale of 0 to 100.
        story: one sentence for a person, with the values and the limit.
        evidence: the same values for a program.
    """

    rule: str
    rule_version: int
    severity: Severity
    score: int
    story: str
    evidence: Evidence


class RuleFailure(msgspec.Struct, frozen=True):
    """A rule that raised instead of judging."""

    rule: str
    error: Exception


class Verdict(msgspec.Struct, frozen=True):
    """All findings on one transaction.

    Attributes:
        findings: in the order of the rules.
        failures: rules that raised; the others' findings stand all the same.
        incident_id: the transaction that opened the incident these findings belong to.
    """

    findings: tuple[Finding, ...] = ()
    failures: tuple[RuleFailure, ...] = ()
    incident_id: str = ""

    @property
    def score(self) -> int:
        """The highest score of its findings; 0 when there is none."""
        return max((finding.score for finding in self.findings), default=0)


Judge = Callable[[Transaction, PastTransaction, Profile], Finding | None]
"""A rule with its limits bound: looks at a transaction and at the history before it.

It is given the transaction twice: as the event says it, and as history will keep it, with its time
and amount as the whole numbers that rules compare.
"""


class Rule(msgspec.Struct, frozen=True):
    """A judge under its name."""

    name: str
    judge: Judge
