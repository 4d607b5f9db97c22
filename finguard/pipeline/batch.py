"""Judges one polled batch: from records and profiles to effects, without touching the world."""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Final

import msgspec

from finguard.domain.assess import assess
from finguard.domain.effects import Alert, DeadLetter, Effects, Span, Stage
from finguard.domain.profile import History, PastTransaction, Profile
from finguard.domain.stream import Claim, Record
from finguard.domain.transaction import Transaction, decode_measured
from finguard.domain.verdict import Rule, RuleFailure, Verdict
from finguard.errors import InvalidMessage
from finguard.pipeline.dead_letter_limit import DeadLetterGauge
from finguard.pipeline.held import Change

ATTEMPT_HEADER: Final = "dlq.attempt"
"""On a replayed message: how often it has been tried before."""

MAX_ATTEMPT_DIGITS: Final = 6
"""Headers are hostile, too: a number longer than this was never written by FinGuard."""

_MINUTE_US: Final = 60_000_000

Decoded = tuple[Record, Transaction | InvalidMessage, PastTransaction | None]
"""A record, what it says, and the same as history keeps it; or why it says nothing."""


class Judgement(msgspec.Struct):
    """What came of a batch.

    Attributes:
        changes: the changed profiles, by partition and user.
        watermarks: by partition, the last offset folded in.
    """

    effects: Effects
    changes: dict[int, dict[str, Change]]
    watermarks: dict[int, int]


class Judge:
    """Folds records into profiles and collects the effects, in offset order.

    Args:
        rules: what each transaction is judged by.
        history: how much a profile remembers.
        gauge: raises when too much of the stream is poison.
    """

    def __init__(self, rules: Sequence[Rule], history: History, gauge: DeadLetterGauge) -> None:
        self._rules = rules
        self._history = history
        self._gauge = gauge

    def decode(self, records: Mapping[int, Sequence[Record]]) -> dict[int, list[Decoded]]:
        """Read every record; what is no transaction carries the reason instead."""
        return {partition: [_decode(r) for r in found] for partition, found in records.items()}

    def judge(
        self,
        decoded: Mapping[int, Sequence[Decoded]],
        profiles: Mapping[int, Mapping[str, Profile]],
        claims: Mapping[int, Claim],
    ) -> Judgement:
        """Judge every transaction against its user's history before it; `profiles` has everyone's.

        Records below a claim's `next_offset` have had their effects: they are folded into the
        profiles and nothing else.

        Raises:
            PoisonFlood: when the gauge has seen too much poison.
        """
        batch = _Batch(self._rules, self._history, self._gauge)
        for partition, items in decoded.items():
            batch.fold(claims[partition], items, profiles[partition])
        return batch.judgement()


def _decode(record: Record) -> Decoded:
    try:
        transaction, time_us, units = decode_measured(
            record.value, key=record.key, published_us=record.timestamp * 1000
        )
    except InvalidMessage as error:
        return record, error, None
    return record, transaction, PastTransaction.measured(transaction, time_us, units)


class _Batch:
    """The effects of one batch while they are being collected."""

    def __init__(self, rules: Sequence[Rule], history: History, gauge: DeadLetterGauge) -> None:
        self._rules, self._history, self._gauge = rules, history, gauge
        self._spans: list[Span] = []
        self._alerts: list[Alert] = []
        self._dead_letters: list[DeadLetter] = []
        self._transactions: Counter[tuple[int, int]] = Counter()
        self._changes: dict[int, dict[str, Change]] = {}
        self._watermarks: dict[int, int] = {}
        # Good messages that the gauge has not been told of yet.
        self._good = 0

    def judgement(self) -> Judgement:
        self._gauge.good(self._good)
        self._good = 0
        effects = Effects(
            tuple(self._spans),
            tuple(self._alerts),
            tuple(self._dead_letters),
            dict(self._transactions),
        )
        return Judgement(effects, self._changes, self._watermarks)

    def fold(self, claim: Claim, items: Sequence[Decoded], profiles: Mapping[str, Profile]) -> None:
        """Take the records of one partition, in order."""
        changes: dict[str, Change] = {}
        minutes: list[int] = []
        for record, content, past in items:
            effective = record.offset >= claim.next_offset
            try:
                if isinstance(content, InvalidMessage):
                    raise content
                counts = self._assess(record, content, past, profiles, changes, effective=effective)
            except InvalidMessage as error:
                if effective:
                    stage: Stage = "decode" if error is content else "assess"
                    self._bury(record, stage, error.reason, error.detail, error)
            else:
                if counts and past is not None:
                    minutes.append(past.time_us // _MINUTE_US)
        self._transactions.update((claim.partition, minute) for minute in minutes)
        end = items[-1][0].offset + 1
        if end > claim.next_offset:
            self._spans.append(Span(claim.partition, claim.epoch, claim.next_offset, end))
        self._changes[claim.partition] = changes
        self._watermarks[claim.partition] = end - 1

    def _assess(
        self,
        record: Record,
        transaction: Transaction,
        past: PastTransaction | None,
        profiles: Mapping[str, Profile],
        changes: dict[str, Change],
        *,
        effective: bool,
    ) -> bool:
        """Judge one transaction and let it join its user's history; whether it counts as one."""
        user = transaction.user_id
        change = changes.get(user)
        before = profiles[user] if change is None else change.profile
        assessment = assess(transaction, before, self._rules, self._history, past)
        if assessment.profile is not before:
            if change is None:
                changes[user] = change = Change(before, [], [])
            change.profile = assessment.profile
            if assessment.remembered is not None:
                track = change.in_person if transaction.channel == "in_person" else change.online
                track.append(assessment.remembered)
        if assessment.repeated:
            self._good += 1
            return False
        if not effective:
            return False
        verdict = assessment.verdict
        if verdict.findings:
            self._raise_alerts(record, transaction, verdict)
        if verdict.failures:
            self._bury_failures(record, verdict.failures)
            return False
        self._good += 1
        return True

    def _raise_alerts(self, record: Record, transaction: Transaction, verdict: Verdict) -> None:
        for finding in verdict.findings:
            self._alerts.append(
                Alert(
                    transaction,
                    finding,
                    verdict.incident_id,
                    record.partition,
                    record.offset,
                    record.timestamp * 1000,
                )
            )

    def _bury_failures(self, record: Record, failures: Sequence[RuleFailure]) -> None:
        detail = "; ".join(f"{failure.rule}: {failure.error!r}" for failure in failures)
        self._bury(record, "rule", "rule_failed", detail, failures[0].error)

    def _bury(
        self, record: Record, stage: Stage, reason: str, detail: str, error: Exception
    ) -> None:
        self._gauge.good(self._good)
        self._good = 0
        self._gauge.poison()
        self._dead_letters.append(
            DeadLetter(record, stage, reason, detail, type(error).__name__, _attempt(record))
        )


def _attempt(record: Record) -> int:
    for name, value in record.headers or ():
        if (
            name == ATTEMPT_HEADER
            and value
            and len(value) <= MAX_ATTEMPT_DIGITS
            and value.isdigit()
        ):
            return int(value) + 1
    return 1
