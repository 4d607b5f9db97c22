"""The detection loop; its steps stand in the order that docs/delivery.md explains."""

import time
from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import suppress
from functools import partial
from random import Random
from typing import Final

import msgspec
import structlog

from finguard.domain.profile import History, Profile
from finguard.domain.stream import Claim, ProfileSave, Record
from finguard.domain.telemetry import Step as StepName
from finguard.domain.verdict import Rule
from finguard.errors import OwnershipLost, ServiceUnavailable
from finguard.pipeline.batch import Judge, Judgement
from finguard.pipeline.dead_letter_limit import DeadLetterGauge, DeadLetterLimit
from finguard.pipeline.held import HeldProfiles
from finguard.pipeline.outage import Outage, Reassigned, Stopped
from finguard.pipeline.ports import (
    DeadLetterQueue,
    Ledger,
    ProfileStore,
    Telemetry,
    TransactionArchive,
    TransactionSource,
)
from finguard.pipeline.reporter import Reporter
from finguard.pipeline.resume import resume_point
from finguard.pipeline.tally import Tally
from finguard.pipeline.writer import Step, Writer

_log = structlog.get_logger()

PATIENCE_S: Final = 10.0
"""For a step that is being written: a service's own time-outs end earlier, unless it is frozen."""

SOON_S: Final = 0.02
"""How long to wait for new records before asking how the writing went."""


class Ports(msgspec.Struct, frozen=True):
    """The world as the detector knows it.

    Attributes:
        telemetry: whoever watches.
    """

    source: TransactionSource
    archive: TransactionArchive
    profiles: ProfileStore
    ledger: Ledger
    dead_letters: DeadLetterQueue
    telemetry: tuple[Telemetry, ...] = ()


class Policy(msgspec.Struct, frozen=True):
    """What the detector is to do.

    Attributes:
        accept_data_loss: go on behind a gap in Kafka instead of stopping.
        held_transactions: how many the profiles held in memory may remember, all together.
    """

    rules: Sequence[Rule]
    history: History
    dead_letter_limit: DeadLetterLimit
    accept_data_loss: bool = False
    held_transactions: int = 200_000


class _Writing(msgspec.Struct):
    """A batch that is being written.

    Attributes:
        records: how many it has. laps: what its first steps took.
        stored_us: when PostgreSQL had its effects, microseconds since 1970.
        refused: what Redis refused of it.
    """

    judged: Judgement
    saves: Sequence[ProfileSave]
    records: int
    laps: Mapping[StepName, float]
    stored_us: int | None = None
    refused: Mapping[int, int | None] = {}


def _publish(ports: Ports, writing: _Writing) -> None:
    ports.dead_letters.publish(writing.judged.effects.dead_letters)


def _record(ports: Ports, writing: _Writing) -> None:
    ports.ledger.record(writing.judged.effects)
    writing.stored_us = time.time_ns() // 1_000


def _save(ports: Ports, writing: _Writing) -> None:
    writing.refused = ports.profiles.save(writing.saves)


class Detector:
    """One member of the group: judges the transactions of the partitions it is given.

    Args:
        stopping: asked between and within waits; once true, `run` finishes the batch and returns.
    """

    def __init__(
        self,
        ports: Ports,
        policy: Policy,
        *,
        stopping: Callable[[], bool],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._ports = ports
        self._policy = policy
        self._stopping = stopping
        self._report = Reporter(ports.telemetry, clock)
        self._outage = Outage(
            ports.source,
            clock=clock,
            stopping=stopping,
            random=Random(),  # noqa: S311 - jitter
            report=self._report,
        )
        self._judge = Judge(policy.rules, policy.history, DeadLetterGauge(policy.dead_letter_limit))
        self._held = HeldProfiles(policy.history, max_transactions=policy.held_transactions)
        self._writer = Writer()
        self._writing: _Writing | None = None
        self._tally = Tally(clock)
        self._claims: dict[int, Claim] = {}
        self._watermarks: dict[int, int | None] = {}
        self._positions: dict[int, int] = {}

    def run(self) -> None:
        """Detect until asked to stop.

        Raises:
            DataLossError: when transactions are gone that were never judged.
            PoisonFlood: when too much of the stream is poison.
        """
        try:
            while not self._stopping():
                self._turn()
            # Where that fails, a successor does it again.
            with suppress(OwnershipLost, Reassigned):
                self._settle()
        except Stopped:
            pass
        finally:
            with suppress(ServiceUnavailable):
                self._writer.abandon(patience_s=PATIENCE_S)
            self._writer.close()
            self._ports.source.close()
            self._tally.report()

    def _turn(self) -> None:
        self._report.begin()
        try:
            polled = self._ports.source.poll(timeout_s=SOON_S if self._writing else 0.5)  # 1. poll
            self._report.lap("poll")
            self._outage.heard(reachable=polled.reachable)
            if polled.assigned is not None:
                self._take_over(polled.assigned)
            elif polled.records:
                self._process(polled.records)
            else:
                self._settle()
            self._tally.report_when_due()
            self._report.turned()
        except Reassigned as news:
            self._take_over_again(news.assigned)
        except OwnershipLost as error:
            _log.warning("another member took over; joining the group again", cause=str(error))
            self._forget()
            self._report.rejoined()
            self._outage.endure(self._ports.source.rejoin)

    def _process(self, records: Mapping[int, Sequence[Record]]) -> None:
        """Judge a batch while the one before it is being written, and begin to write it."""
        profiles = self._load(_users(records))  # 2. load
        self._report.lap("load")
        if profiles is None:
            return
        may_know = self._held.may_know
        judged = self._judge.judge(records, profiles, self._claims, may_know)  # 3. assess
        self._report.lap("assess")
        if self._settle():
            self._write(judged, sum(map(len, records.values())))

    def _write(self, judged: Judgement, records: int) -> None:
        """Begin to write a batch; from here on the next one is judged by what it has changed."""
        ports, effects = self._ports, judged.effects
        writing = _Writing(judged, self._saves(judged), records, self._report.laps())
        steps = []
        if effects.dead_letters:
            steps.append(Step("dead_letters", "kafka", partial(_publish, ports, writing)))  # 4.
        if effects.spans:
            steps.append(Step("postgresql", "postgresql", partial(_record, ports, writing)))  # 5.
        steps.append(Step("redis", "redis", partial(_save, ports, writing)))  # 6. Redis
        self._advance_claims(judged)
        for save in writing.saves:
            self._held.keep(save, judged.changes[save.partition])
        self._held.learn(judged.seen)
        self._writing = writing
        self._writer.start(steps)

    def _settle(self) -> bool:
        """Wait until the batch being written is, and tell Kafka.

        Returns:
            False where Redis turned out to have lost data, and reading begins anew.
        """
        writing = self._writing
        if writing is None:
            return True
        self._await_writer()
        self._writing = None
        for save in writing.saves:
            self._watermarks[save.partition] = save.watermark
            self._positions[save.partition] = save.watermark + 1
        self._commit(writing.judged)  # 7. Kafka
        self._tell_of(writing)
        # Refused by its own first try, whose reply was lost, a save finds what it has written.
        return self._watermarks_hold(writing.refused)

    def _tell_of(self, writing: "_Writing") -> None:
        self._tally.add(writing.judged)
        if writing.stored_us is not None:
            self._report.stored(writing.judged.effects, writing.stored_us)
        laps = {**writing.laps, **self._writer.took}
        self._report.done(writing.records, laps, self._positions, self._ports.source.ends)

    def _load(self, users: Mapping[int, Collection[str]]) -> dict[int, dict[str, Profile]] | None:
        """Everybody's profile, or nothing where Redis has lost some and reading begins anew."""
        if missing := self._held.missing(users):
            # What is being written would move the watermarks while they are compared.
            if not self._settle():
                return None
            found, pages = self._outage.endure(lambda: self._ports.profiles.load(missing))
            if not self._watermarks_hold(found):
                return None
            self._held.add(pages)
        return self._held.of(users)

    def _saves(self, judged: Judgement) -> list[ProfileSave]:
        return [
            self._held.save(
                partition,
                judged.changes[partition],
                expected=self._watermarks[partition],
                watermark=mark,
            )
            for partition, mark in judged.watermarks.items()
        ]

    def _take_over_again(self, assigned: frozenset[int]) -> None:
        """Take over, starting afresh whenever the group decides anew meanwhile."""
        while True:
            try:
                self._take_over(assigned)
            except Reassigned as news:
                assigned = news.assigned
            else:
                return

    def _take_over(self, assigned: frozenset[int]) -> None:
        """Claim what the group has assigned and go to where each partition must resume."""
        self._abandon()
        self._forget()
        _log.info("partitions assigned", partitions=sorted(assigned))
        self._report.assigned(assigned)
        if not assigned:
            self._outage.forget()
            return
        self._claim(assigned)
        self._outage.endure(lambda: self._resume(assigned))

    def _abandon(self) -> None:
        """Wait for the writer to be done: stored or not, the claim that follows knows."""
        try:
            self._writer.abandon(patience_s=self._patience_s)
        except ServiceUnavailable:
            self._outage.endure(lambda: self._writer.abandon(patience_s=self._patience_s))

    def _claim(self, partitions: frozenset[int]) -> None:
        ports, endure = self._ports, self._outage.endure
        accept = self._policy.accept_data_loss
        # First the question to a connection that is open: in an outage nothing new is opened.
        bounds = endure(lambda: ports.archive.bounds(partitions))
        identity = endure(ports.archive.identity)
        starts = {partition: bounds[partition].start for partition in partitions}

        def admit() -> None:
            ports.ledger.admit(identity, accept_data_loss=accept)

        def claim() -> None:
            self._claims.update(ports.ledger.claim(starts))

        self._writer.start(
            [
                Step("postgresql", "postgresql", admit),
                Step("postgresql", "postgresql", claim),
            ]
        )
        self._await_writer()

    def _await_writer(self) -> None:
        self._outage.endure(lambda: self._writer.settle(patience_s=self._patience_s))

    @property
    def _patience_s(self) -> float:
        """Once it is known that a service is away, polling and stopping must not wait for it."""
        return PATIENCE_S if self._outage.since_s is None else SOON_S

    def _resume(self, partitions: frozenset[int]) -> None:
        ports = self._ports
        found, _ = ports.profiles.load(dict.fromkeys(partitions, ()))
        bounds = ports.archive.bounds(partitions)
        rebuilds: dict[int, tuple[int, int]] = {}
        for partition in partitions:
            point = resume_point(
                self._claims[partition],
                bounds[partition],
                found[partition],
                accept_data_loss=self._policy.accept_data_loss,
            )
            self._watermarks[partition] = point.watermark
            self._positions[partition] = point.position
            if point.rebuilding:
                rebuilds[partition] = point.position, self._claims[partition].next_offset
                _log.info(
                    "rebuilding profiles before judging new transactions",
                    partition=partition,
                    records=self._claims[partition].next_offset - point.position,
                )
        ports.source.seek(self._positions)
        self._report.rebuilding(rebuilds)
        self._report.lag(self._positions, lambda: {p: bounds[p].end for p in partitions})

    def _watermarks_hold(self, found: Mapping[int, int | None]) -> bool:
        """Whether Redis still says what this member wrote last; if not, put it right everywhere.

        Raises:
            OwnershipLost: when somebody else has written.
        """
        if not self._strange(found):
            return True
        load = self._ports.profiles.load
        everywhere, _ = self._outage.endure(lambda: load(dict.fromkeys(self._claims, ())))
        behind = self._strange(everywhere)
        _log.warning("Redis has lost profiles", partitions=sorted(behind))
        self._held.drop(behind)
        self._outage.endure(lambda: self._resume(behind))
        return False

    def _strange(self, found: Mapping[int, int | None]) -> frozenset[int]:
        for partition, mark in found.items():
            expected = self._watermarks[partition]
            if mark is not None and (expected is None or mark > expected):
                raise OwnershipLost(f"partition {partition}: its profiles were written meanwhile")
        return frozenset(p for p, mark in found.items() if mark != self._watermarks[p])

    def _advance_claims(self, judged: Judgement) -> None:
        for span in judged.effects.spans:
            self._claims[span.partition] = msgspec.structs.replace(
                self._claims[span.partition], next_offset=span.end
            )

    def _commit(self, judged: Judgement) -> None:
        """Tell the group. A commit that fails costs nothing: PostgreSQL holds the progress."""
        try:
            self._ports.source.commit({p: mark + 1 for p, mark in judged.watermarks.items()})
        except (OwnershipLost, ServiceUnavailable) as error:
            _log.warning("offsets not committed; the next batch's commit covers them", cause=error)

    def _forget(self) -> None:
        self._held.drop(self._claims)
        self._writing = None
        self._claims, self._watermarks, self._positions = {}, {}, {}


def _users(records: Mapping[int, Sequence[Record]]) -> dict[int, list[str]]:
    """Whose profiles are wanted: a message's key is its user's id, or it is a dead letter."""
    keys = {partition: {record.key for record in found} for partition, found in records.items()}
    return {
        partition: [key.decode() for key in found if key and _is_text(key)]
        for partition, found in keys.items()
    }


def _is_text(key: bytes) -> bool:
    try:
        key.decode()
    except UnicodeDecodeError:
        return False
    return True
