"""The detection loop; its steps stand in the order that docs/delivery.md explains."""

import time
from collections.abc import Callable, Mapping, Sequence
from random import Random

import msgspec
import structlog

from finguard.domain.profile import History, decode_profile
from finguard.domain.stream import Claim, ProfileSave, Record
from finguard.domain.verdict import Rule
from finguard.errors import OwnershipLost, ServiceUnavailable
from finguard.pipeline.batch import Decoded, Judge, Judgement
from finguard.pipeline.dead_letter_limit import DeadLetterGauge, DeadLetterLimit
from finguard.pipeline.outage import Outage, Reassigned, Stopped
from finguard.pipeline.ports import (
    DeadLetterQueue,
    Ledger,
    ProfileStore,
    TransactionArchive,
    TransactionSource,
)
from finguard.pipeline.resume import resume_point
from finguard.pipeline.tally import Tally

_log = structlog.get_logger()


class Ports(msgspec.Struct, frozen=True):
    """The world as the detector knows it."""

    source: TransactionSource
    archive: TransactionArchive
    profiles: ProfileStore
    ledger: Ledger
    dead_letters: DeadLetterQueue


class Policy(msgspec.Struct, frozen=True):
    """What the detector is to do.

    Attributes:
        accept_data_loss: go on behind a gap in Kafka instead of stopping.
    """

    rules: Sequence[Rule]
    history: History
    dead_letter_limit: DeadLetterLimit
    accept_data_loss: bool = False


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
        self._outage = Outage(ports.source, clock=clock, stopping=stopping, random=Random())  # noqa: S311 - jitter
        self._judge = Judge(policy.rules, policy.history, DeadLetterGauge(policy.dead_letter_limit))
        self._tally = Tally(clock)
        self._claims: dict[int, Claim] = {}
        self._watermarks: dict[int, int | None] = {}
        self._positions: dict[int, int] = {}
        self._uncommitted: dict[int, int] = {}

    def run(self) -> None:
        """Detect until asked to stop.

        Raises:
            DataLossError: when transactions are gone that were never judged.
            PoisonFlood: when too much of the stream is poison.
        """
        try:
            while not self._stopping():
                self._turn()
        except Stopped:
            pass
        finally:
            self._ports.source.close()
            self._tally.report()

    def _turn(self) -> None:
        try:
            polled = self._ports.source.poll(timeout_s=0.5)  # 1. poll
            if polled.assigned is not None:
                self._take_over(polled.assigned)
            elif polled.records:
                self._process(polled.records)
            else:
                self._commit()
            self._tally.report_when_due()
        except Reassigned as news:
            self._take_over_again(news.assigned)
        except OwnershipLost as error:
            _log.warning("another member took over; joining the group again", cause=str(error))
            self._forget()
            self._outage.endure(self._ports.source.rejoin)

    def _process(self, records: Mapping[int, Sequence[Record]]) -> None:
        ports, endure = self._ports, self._outage.endure
        decoded = self._judge.decode(records)
        found, packed = endure(lambda: ports.profiles.load(_users(decoded)))  # 2. load
        if not self._watermarks_hold(found):
            return
        judged = self._judge.judge(  # 3. assess
            decoded,
            {p: {user: decode_profile(raw) for user, raw in packed[p].items()} for p in decoded},
            self._claims,
        )
        effects = judged.effects
        if effects.dead_letters:
            endure(lambda: ports.dead_letters.publish(effects.dead_letters))  # 4. dead letters
        if effects.spans:
            endure(lambda: ports.ledger.record(effects))  # 5. PostgreSQL
        self._advance_claims(judged)
        endure(lambda: ports.profiles.save(self._saves(judged)))  # 6. Redis
        self._advance_watermarks(judged)
        self._uncommitted.update({p: mark + 1 for p, mark in judged.watermarks.items()})
        self._commit()  # 7. Kafka
        self._tally.add(judged)

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
        self._forget()
        _log.info("partitions assigned", partitions=sorted(assigned))
        if not assigned:
            return
        self._outage.endure(lambda: self._claim(assigned))
        self._outage.endure(lambda: self._resume(assigned))
        # A predecessor that died before its last commit leaves lag behind that no record would end.
        self._uncommitted = dict(self._positions)
        self._commit()

    def _claim(self, partitions: frozenset[int]) -> None:
        ports = self._ports
        # First the question to a connection that is open: in an outage nothing new is opened.
        bounds = ports.archive.bounds(partitions)
        ports.ledger.admit(ports.archive.identity(), accept_data_loss=self._policy.accept_data_loss)
        self._claims = ports.ledger.claim({p: bounds[p].start for p in partitions})

    def _resume(self, partitions: frozenset[int]) -> None:
        ports = self._ports
        found, _ = ports.profiles.load(dict.fromkeys(partitions, ()))
        bounds = ports.archive.bounds(partitions)
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
                _log.info(
                    "rebuilding profiles before judging new transactions",
                    partition=partition,
                    records=self._claims[partition].next_offset - point.position,
                )
        ports.source.seek(self._positions)

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
        self._outage.endure(lambda: self._resume(behind))
        return False

    def _strange(self, found: Mapping[int, int | None]) -> frozenset[int]:
        for partition, mark in found.items():
            expected = self._watermarks[partition]
            if mark is not None and (expected is None or mark > expected):
                raise OwnershipLost(f"partition {partition}: its profiles were written meanwhile")
        return frozenset(p for p, mark in found.items() if mark != self._watermarks[p])

    def _saves(self, judged: Judgement) -> list[ProfileSave]:
        return [
            ProfileSave(partition, self._watermarks[partition], mark, judged.profiles[partition])
            for partition, mark in judged.watermarks.items()
        ]

    def _advance_claims(self, judged: Judgement) -> None:
        for span in judged.effects.spans:
            self._claims[span.partition] = msgspec.structs.replace(
                self._claims[span.partition], next_offset=span.end
            )

    def _advance_watermarks(self, judged: Judgement) -> None:
        """Expect Redis to say from now on what was just saved.

        A save that was refused needs nothing more here: the next load finds another watermark.
        """
        for partition, mark in judged.watermarks.items():
            self._watermarks[partition] = mark
            self._positions[partition] = mark + 1

    def _commit(self) -> None:
        """Tell the group what it does not know yet.

        A commit that fails costs nothing: PostgreSQL holds the progress, and it is tried again.
        """
        if not self._uncommitted:
            return
        try:
            self._ports.source.commit(self._uncommitted)
        except ServiceUnavailable as error:
            _log.warning("offsets not committed; trying again", cause=str(error))
        except OwnershipLost as error:
            _log.warning("offsets not committed; their new owner will", cause=str(error))
            self._uncommitted = {}
        else:
            self._uncommitted = {}

    def _forget(self) -> None:
        self._claims, self._watermarks, self._positions, self._uncommitted = {}, {}, {}, {}


def _users(decoded: Mapping[int, Sequence[Decoded]]) -> dict[int, list[str]]:
    return {
        partition: list(
            {content.user_id: None for _, content in items if not isinstance(content, Exception)}
        )
        for partition, items in decoded.items()
    }
