"""Judges one polled batch: from records and profiles to effects, without touching the world."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import Final

import msgspec

from finguard.domain.assess import Assessment, assess
from finguard.domain.dead_letters import ATTEMPT_HEADER, claimed_letter, digest
from finguard.domain.effects import Alert, DeadLetter, Effects, Resolution, Span, Stage
from finguard.domain.profile import History, PastTransaction, Profile
from finguard.domain.stream import Claim, Record
from finguard.domain.transaction import Transaction, decode_measured
from finguard.domain.verdict import Rule, RuleFailure, Verdict
from finguard.errors import InvalidMessage
from finguard.pipeline.dead_letter_limit import DeadLetterGauge
from finguard.pipeline.held import Change

MAX_ATTEMPT_DIGITS: Final = 6
"""Headers are hostile, too: a number longer than this was never written by FinGuard."""

_MINUTE_US: Final = 60_000_000


class Judgement(msgspec.Struct):
    """What came of a batch.

    Attributes:
        changes: the changed profiles, by partition and user.
        seen: the ids of all transactions in them that are new.
        watermarks: by partition, the last offset folded in.
    """

    effects: Effects
    changes: dict[int, dict[str, Change]]
    seen: set[str]
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

    def judge(
        self,
        records: Mapping[int, Sequence[Record]],
        profiles: Mapping[int, Mapping[str, Profile]],
        claims: Mapping[int, Claim],
        may_know: Callable[[str], bool] = lambda _: True,
    ) -> Judgement:
        """Judge every transaction against its user's history before it.

        Records below a claim's `next_offset` have had their effects: they are folded into the
        profiles and nothing else.

        Args:
            records: by partition, in offset order.
            profiles: of every user whose id is a message's key.
            claims: of every partition.
            may_know: true of the ids of all transactions in the profiles; of others it may be.

        Raises:
            PoisonFlood: when the gauge has seen too much poison.
        """
        batch = _Batch(self._rules, self._history, self._gauge, may_know)
        for partition, found in records.items():
            batch.fold(claims[partition], found, profiles[partition])
        return batch.judgement()


class _Batch:
    """The effects of one batch while they are being collected."""

    def __init__(
        self,
        rules: Sequence[Rule],
        history: History,
        gauge: DeadLetterGauge,
        may_know: Callable[[str], bool],
    ) -> None:
        self._rules, self._history, self._gauge = rules, history, gauge
        self._may_know = may_know
        self._seen: set[str] = set()
        self._spans: list[Span] = []
        self._alerts: list[Alert] = []
        self._dead_letters: list[DeadLetter] = []
        self._resolutions: list[Resolution] = []
        self._transactions: dict[tuple[int, int], int] = {}
        self._changes: dict[int, dict[str, Change]] = {}
        self._watermarks: dict[int, int] = {}
        # Good messages that the gauge has not been told of yet.
        self._good = 0

    def judgement(self) -> Judgement:
        self._tell_gauge()
        effects = Effects(
            tuple(self._spans),
            tuple(self._alerts),
            tuple(self._dead_letters),
            self._transactions,
            tuple(self._resolutions),
        )
        return Judgement(effects, self._changes, self._seen, self._watermarks)

    def _tell_gauge(self) -> None:
        self._gauge.good(self._good)
        self._good = 0

    def fold(
        self, claim: Claim, records: Sequence[Record], profiles: Mapping[str, Profile]
    ) -> None:
        """Take the records of one partition, in order."""
        changes: dict[str, Change] = {}
        minutes: list[int] = []
        next_offset = claim.next_offset
        for record in records:
            effective = record.offset >= next_offset
            stage: Stage = "decode"
            try:
                transaction, time_us, units = decode_measured(
                    record.value, key=record.key, published_us=record.timestamp * 1000
                )
                stage = "assess"
                past = PastTransaction.measured(transaction, time_us, units)
                assessment = self._assess(transaction, past, profiles, changes)
            except InvalidMessage as error:
                if effective:
                    self._bury(record, stage, error.reason, error.detail, error)
                continue
            if assessment.repeated:
                self._good += 1
                if effective and record.headers:
                    self._resolve(record)
            elif effective and self._take_effect(record, transaction, assessment.verdict):
                minutes.append(time_us // _MINUTE_US)
        for minute, count in Counter(minutes).items():
            self._transactions[claim.partition, minute] = count
        end = records[-1].offset + 1
        if end > next_offset:
            self._spans.append(Span(claim.partition, claim.epoch, next_offset, end))
        self._changes[claim.partition] = changes
        self._watermarks[claim.partition] = end - 1

    def _assess(
        self,
        transaction: Transaction,
        past: PastTransaction,
        profiles: Mapping[str, Profile],
        changes: dict[str, Change],
    ) -> Assessment:
        """Judge one transaction and let it join its user's history."""
        user, transaction_id = transaction.user_id, transaction.transaction_id
        change = changes.get(user)
        before = profiles[user] if change is None else change.profile
        is_new = not (transaction_id in self._seen or self._may_know(transaction_id))
        assessment = assess(transaction, before, self._rules, self._history, past, is_new=is_new)
        if assessment.profile is before:
            return assessment
        if change is None:
            changes[user] = change = Change(before, [], [])
        change.profile = assessment.profile
        if assessment.remembered is not None:
            track = change.in_person if transaction.channel == "in_person" else change.online
            track.append(assessment.remembered)
            self._seen.add(transaction_id)
        return assessment

    def _take_effect(self, record: Record, transaction: Transaction, verdict: Verdict) -> bool:
        """Raise alerts and bury what no rule could judge; whether it counts as a transaction."""
        if verdict.findings:
            self._raise_alerts(record, transaction, verdict)
        if verdict.failures:
            self._bury_failures(record, verdict.failures)
            return False
        self._good += 1
        if record.headers:
            self._resolve(record)
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
        self._tell_gauge()
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
