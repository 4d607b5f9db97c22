"""Judges one polled batch: from records and profiles to effects, without touching the world."""

from collections.abc import Mapping, Sequence
from typing import Final

import msgspec

from finguard.domain.assess import assess
from finguard.domain.dead_letters import ATTEMPT_HEADER, claimed_letter, digest
from finguard.domain.effects import Alert, DeadLetter, Effects, Resolution, Span, Stage
from finguard.domain.profile import History, Profile, encode_profile
from finguard.domain.stream import Claim, Record
from finguard.domain.transaction import Transaction, decode
from finguard.domain.verdict import Rule, RuleFailure
from finguard.errors import InvalidMessage
from finguard.pipeline.dead_letter_limit import DeadLetterGauge

MAX_ATTEMPT_DIGITS: Final = 6
"""Headers are hostile, too: a number longer than this was never written by FinGuard."""

_MINUTE_US: Final = 60_000_000

Decoded = tuple[Record, Transaction | InvalidMessage]


class Judgement(msgspec.Struct):
    """What came of a batch.

    Attributes:
        profiles: the changed profiles, packed, by partition and user.
        watermarks: by partition, the last offset folded in.
    """

    effects: Effects
    profiles: dict[int, dict[str, bytes]]
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
        return {partition: [(r, _decode(r)) for r in found] for partition, found in records.items()}

    def judge(
        self,
        decoded: Mapping[int, Sequence[Decoded]],
        profiles: Mapping[int, dict[str, Profile]],
        claims: Mapping[int, Claim],
    ) -> Judgement:
        """Judge every transaction against its user's history before it.

        Records below a claim's `next_offset` have had their effects: they are folded into the
        profiles and nothing else.

        Raises:
            PoisonFlood: when the gauge has seen too much poison.
        """
        batch = _Batch(self._rules, self._history, self._gauge)
        for partition, items in decoded.items():
            batch.fold(claims[partition], items, profiles[partition])
        return batch.judgement()


def _decode(record: Record) -> Transaction | InvalidMessage:
    try:
        return decode(record.value, key=record.key, published_us=record.timestamp * 1000)
    except InvalidMessage as error:
        return error


class _Batch:
    """The effects of one batch while they are being collected."""

    def __init__(self, rules: Sequence[Rule], history: History, gauge: DeadLetterGauge) -> None:
        self._rules, self._history, self._gauge = rules, history, gauge
        self._spans: list[Span] = []
        self._alerts: list[Alert] = []
        self._dead_letters: list[DeadLetter] = []
        self._resolutions: list[Resolution] = []
        self._transactions: dict[tuple[int, int], int] = {}
        self._changed: dict[int, dict[str, bytes]] = {}
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
            self._transactions,
            tuple(self._resolutions),
        )
        return Judgement(effects, self._changed, self._watermarks)

    def fold(self, claim: Claim, items: Sequence[Decoded], profiles: dict[str, Profile]) -> None:
        """Take the records of one partition, in order."""
        changed: dict[str, Profile] = {}
        for record, content in items:
            effective = record.offset >= claim.next_offset
            try:
                if isinstance(content, InvalidMessage):
                    raise content
                self._assess(record, content, profiles, changed, effective=effective)
            except InvalidMessage as error:
                if effective:
                    stage: Stage = "decode" if error is content else "assess"
                    self._bury(record, stage, error.reason, error.detail, error)
        end = items[-1][0].offset + 1
        if end > claim.next_offset:
            self._spans.append(Span(claim.partition, claim.epoch, claim.next_offset, end))
        self._changed[claim.partition] = {
            user: encode_profile(profile) for user, profile in changed.items()
        }
        self._watermarks[claim.partition] = end - 1

    def _assess(
        self,
        record: Record,
        transaction: Transaction,
        profiles: dict[str, Profile],
        changed: dict[str, Profile],
        *,
        effective: bool,
    ) -> None:
        user = transaction.user_id
        profile = profiles.get(user) or Profile()
        assessment = assess(transaction, profile, self._rules, self._history)
        if assessment.repeated:
            self._good += 1
            if effective and record.headers:
                self._resolve(record)
            return
        if assessment.profile is not profile:
            profiles[user] = changed[user] = assessment.profile
        if not effective:
            return
        verdict = assessment.verdict
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
        if verdict.failures:
            self._bury_failures(record, verdict.failures)
            return
        self._good += 1
        if record.headers:
            self._resolve(record)
        minute = record.partition, transaction.time_us // _MINUTE_US
        self._transactions[minute] = self._transactions.get(minute, 0) + 1

    def _resolve(self, record: Record) -> None:
        letter = claimed_letter(record.headers)
        if letter is not None:
            sha256 = digest(record.key, record.value)
            self._resolutions.append(Resolution(letter, sha256, record.partition))

    def _bury_failures(self, record: Record, failures: Sequence[RuleFailure]) -> None:
        detail = "; ".join(f"{failure.rule}: {failure.error!r}" for failure in failures)
        self._bury(record, "rule", "rule_failed", detail, failures[0].error)

    def _bury(
        self, record: Record, stage: Stage, reason: str, detail: str, error: Exception
    ) -> None:
        self._gauge.good(self._good)
        self._good = 0
        replays = claimed_letter(record.headers or ())
        # Poison that an operator sends again says nothing of the producers or of this program.
        if replays is None:
            self._gauge.poison()
        self._dead_letters.append(
            DeadLetter(
                record, stage, reason, detail, type(error).__name__, _attempt(record), replays
            )
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
