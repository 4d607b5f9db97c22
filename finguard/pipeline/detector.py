"""The detection loop; its steps stand in the order that docs/delivery.md explains."""

import time
from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import suppress
from random import Random
from typing import Final

import msgspec
import structlog

from finguard.domain.profile import History, Profile
from finguard.domain.stream import Record
from finguard.domain.verdict import Rule
from finguard.errors import OwnershipLost, ServiceUnavailable
from finguard.pipeline.batch import Judge, Judgement
from finguard.pipeline.dead_letter_limit import DeadLetterGauge, DeadLetterLimit
from finguard.pipeline.held import HeldProfiles
from finguard.pipeline.outage import Outage, Reassigned, Stopped
from finguard.pipeline.ownership import PATIENCE_S, Ownership
from finguard.pipeline.ports import Ports
from finguard.pipeline.reporter import Reporter
from finguard.pipeline.tally import Tally
from finguard.pipeline.writer import Writer
from finguard.pipeline.writing import BatchWrite

_log = structlog.get_logger()

SOON_S: Final = 0.02
"""How long to wait for new records before asking how the writing went."""


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
    held_transactions: int = 180_000


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
        self._writing: BatchWrite | None = None
        self._owned = Ownership(
            ports,
            self._writer,
            self._outage,
            self._report,
            accept_data_loss=policy.accept_data_loss,
        )
        self._tally = Tally(clock)

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
        judged = self._judge.judge(  # 3. assess
            records, profiles, self._owned.claims, self._held.may_know
        )
        self._report.lap("assess")
        if self._settle():
            self._write(judged, sum(map(len, records.values())))

    def _load(self, users: Mapping[int, Collection[str]]) -> dict[int, dict[str, Profile]] | None:
        """Everybody's profile, or nothing where Redis has lost some and reading begins anew."""
        if missing := self._held.missing(users):
            found, pages = self._outage.endure(lambda: self._ports.profiles.load(missing))
            if not self._is_expected(found):
                return None
            self._held.add(pages)
        return self._held.of(users)

    def _is_expected(self, found: Mapping[int, int | None]) -> bool:
        """Whether profiles that were read are those to judge by; if not, begin anew."""
        writing = self._writing
        if writing is not None and self._owned.is_between(found, writing.saves):
            # What is being written changes none of them: it only moves the watermarks.
            return True
        return self._settle() and self._is_whole(found)

    def _write(self, judged: Judgement, records: int) -> None:
        """Begin to write a batch; from here on the next one is judged by what it has changed."""
        saves = [
            self._held.change(
                partition,
                judged.changes[partition],
                expected=self._owned.watermark(partition),
                watermark=mark,
            )
            for partition, mark in judged.watermarks.items()
        ]
        self._owned.begin(judged.effects.spans)
        self._held.learn(judged.seen)
        self._writing = BatchWrite(judged, saves, records, self._report.laps())
        self._writer.start(self._writing.steps(self._ports))  # 4. to 6.

    def _settle(self) -> bool:
        """Wait until the batch being written is, and tell Kafka.

        Returns:
            False where Redis turned out to have lost data, and reading begins anew.
        """
        writing = self._writing
        if writing is None:
            return True
        self._owned.await_writer()
        self._writing = None
        self._owned.arrive(writing.saves)
        self._commit({p: mark + 1 for p, mark in writing.judged.watermarks.items()})  # 7. Kafka
        self._tell_of(writing)
        # Refused by its own first try, whose reply was lost, a save finds what it has written.
        return self._is_whole(writing.refused)

    def _is_whole(self, found: Mapping[int, int | None]) -> bool:
        """Whether Redis still says what this member wrote last; if not, begin there anew."""
        behind = self._owned.behind(found)
        if behind:
            self._held.drop(behind)
            self._owned.rewind(behind)
        return not behind

    def _commit(self, positions: Mapping[int, int]) -> None:
        """Tell the group. A commit that fails costs nothing: PostgreSQL holds the progress."""
        try:
            self._ports.source.commit(positions)
        except (OwnershipLost, ServiceUnavailable) as error:
            _log.warning("offsets not committed; the next batch's commit covers them", cause=error)

    def _tell_of(self, written: BatchWrite) -> None:
        self._tally.add(written.judged)
        if written.stored_us is not None:
            self._report.stored(written.judged.effects, written.stored_us)
        laps = {**written.laps, **self._writer.took}
        self._report.done(written.records, laps, self._owned.positions, self._ports.source.ends)

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
        self._abandon()
        self._forget()
        _log.info("partitions assigned", partitions=sorted(assigned))
        self._report.assigned(assigned)
        if assigned:
            self._owned.take_over(assigned)
            # A predecessor that died before its last commit leaves lag that no record would end.
            self._commit(self._owned.positions)
        else:
            self._outage.forget()

    def _abandon(self) -> None:
        """Wait for the writer to be done: stored or not, the claim that follows knows."""
        try:
            self._writer.abandon(patience_s=self._owned.patience_s)
        except ServiceUnavailable:
            self._outage.endure(lambda: self._writer.abandon(patience_s=self._owned.patience_s))

    def _forget(self) -> None:
        self._held.drop(self._owned.claims)
        self._owned.forget()
        self._writing = None


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
