"""What a member owns: who may write for a partition, how far Redis is, and where to read on."""

from collections.abc import Iterable, Mapping

import msgspec
import structlog

from finguard.domain.effects import Span
from finguard.domain.stream import Claim, ProfileSave
from finguard.errors import OwnershipLost
from finguard.pipeline.outage import Outage
from finguard.pipeline.ports import Ports
from finguard.pipeline.reporter import Reporter
from finguard.pipeline.resume import resume_point
from finguard.pipeline.writer import Step, Writer

_log = structlog.get_logger()

PATIENCE_S = 10.0
"""For a step that is being written: a service's own time-outs end earlier, unless it is frozen."""

_SOON_S = 0.02


class Ownership:
    """The partitions that this member owns, from one assignment to the next.

    Args:
        writer: does what is done at PostgreSQL, so that a frozen one keeps nobody from polling.
        accept_data_loss: go on behind a gap in Kafka instead of stopping.

    Attributes:
        claims: the right to write, by partition; `next_offset` counts what is being written, too.
        positions: by partition, the offset behind what is in Redis.
    """

    def __init__(
        self,
        ports: Ports,
        writer: Writer,
        outage: Outage,
        report: Reporter,
        *,
        accept_data_loss: bool,
    ) -> None:
        self._ports = ports
        self._writer = writer
        self._outage = outage
        self._report = report
        self._accept_data_loss = accept_data_loss
        self.claims: dict[int, Claim] = {}
        self.positions: dict[int, int] = {}
        self._watermarks: dict[int, int | None] = {}

    def take_over(self, assigned: frozenset[int]) -> None:
        """Claim what the group has assigned and go to where each partition must resume.

        Raises:
            DataLossError: when transactions are gone that were never judged.
        """
        self._claim(assigned)
        self._outage.endure(lambda: self._resume(assigned))

    def forget(self) -> None:
        """Own nothing."""
        self.claims, self.positions, self._watermarks = {}, {}, {}

    def watermark(self, partition: int) -> int | None:
        """What Redis must say of a partition when the next save comes."""
        return self._watermarks[partition]

    def begin(self, spans: Iterable[Span]) -> None:
        """A batch begins to be written: what comes behind it has effects of its own."""
        for span in spans:
            self.claims[span.partition] = msgspec.structs.replace(
                self.claims[span.partition], next_offset=span.end
            )

    def arrive(self, saves: Iterable[ProfileSave]) -> None:
        """A batch is written; what Redis refused of it is for `behind` to find."""
        for save in saves:
            self._watermarks[save.partition] = save.watermark
            self.positions[save.partition] = save.watermark + 1

    def await_writer(self) -> None:
        """Wait until the writer has done all it was given, whatever it takes."""
        self._outage.endure(lambda: self._writer.settle(patience_s=self.patience_s))

    @property
    def patience_s(self) -> float:
        """Once it is known that a service is away, polling and stopping must not wait for it."""
        return PATIENCE_S if self._outage.since_s is None else _SOON_S

    def is_between(self, found: Mapping[int, int | None], saves: Iterable[ProfileSave]) -> bool:
        """Whether watermarks are those before or after what is just being written."""
        coming = {save.partition: save.watermark for save in saves}
        return all(
            mark == self._watermarks[partition]
            or (mark is not None and mark == coming.get(partition))
            for partition, mark in found.items()
        )

    def behind(self, found: Mapping[int, int | None]) -> frozenset[int]:
        """All partitions of which Redis lost data, where it no longer says what it should of some.

        Args:
            found: watermarks of some partitions.

        Raises:
            OwnershipLost: when somebody else has written.
        """
        if not self._strange(found):
            return frozenset()
        load = self._ports.profiles.load
        everywhere, _ = self._outage.endure(lambda: load(dict.fromkeys(self.claims, ())))
        return self._strange(everywhere)

    def rewind(self, partitions: frozenset[int]) -> None:
        """Go back to where Redis is, in some partitions; in the others, on from where it is."""
        _log.warning("Redis has lost profiles", partitions=sorted(partitions))
        self._outage.endure(lambda: self._resume(partitions))

    def _claim(self, partitions: frozenset[int]) -> None:
        ports, endure = self._ports, self._outage.endure
        # First the question to a connection that is open: in an outage nothing new is opened.
        bounds = endure(lambda: ports.archive.bounds(partitions))
        identity = endure(ports.archive.identity)
        starts = {partition: bounds[partition].start for partition in partitions}

        def admit() -> None:
            ports.ledger.admit(identity, accept_data_loss=self._accept_data_loss)

        def claim() -> None:
            self.claims.update(ports.ledger.claim(starts))

        self._writer.start(Step("postgresql", "postgresql", do) for do in (admit, claim))
        self.await_writer()

    def _resume(self, partitions: frozenset[int]) -> None:
        ports = self._ports
        found, _ = ports.profiles.load(dict.fromkeys(partitions, ()))
        bounds = ports.archive.bounds(partitions)
        rebuilds: dict[int, tuple[int, int]] = {}
        for partition in partitions:
            point = resume_point(
                self.claims[partition],
                bounds[partition],
                found[partition],
                accept_data_loss=self._accept_data_loss,
            )
            self._watermarks[partition] = point.watermark
            self.positions[partition] = point.position
            if point.rebuilding:
                rebuilds[partition] = point.position, self.claims[partition].next_offset
                _log.info(
                    "rebuilding profiles before judging new transactions",
                    partition=partition,
                    records=self.claims[partition].next_offset - point.position,
                )
        ports.source.seek(self.positions)
        self._report.rebuilding(rebuilds)
        self._report.lag(self.positions, lambda: {p: bounds[p].end for p in partitions})

    def _strange(self, found: Mapping[int, int | None]) -> frozenset[int]:
        for partition, mark in found.items():
            expected = self._watermarks[partition]
            if mark is not None and (expected is None or mark > expected):
                raise OwnershipLost(f"partition {partition}: its profiles were written meanwhile")
        return frozenset(p for p, mark in found.items() if mark != self._watermarks[p])
