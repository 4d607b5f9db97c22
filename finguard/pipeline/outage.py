"""Waits out a service that is away, without losing the group membership or the batch in hand."""

from collections.abc import Callable
from random import Random
from typing import Final, TypeVar

import structlog

from finguard.errors import Service, ServiceUnavailable
from finguard.pipeline.ports import TransactionSource
from finguard.pipeline.reporter import Reporter

_log = structlog.get_logger()

FIRST_WAIT_S: Final = 0.1
LONGEST_WAIT_S: Final = 5.0
SILENCE_S: Final = 2.0
"""Brokers that are away for less are no outage: connections come and go."""

T = TypeVar("T")


class Stopped(Exception):  # noqa: N818 - no error: it carries the wish to stop out of a wait
    """The process was asked to stop while it waited for a service."""


class Reassigned(Exception):  # noqa: N818 - no error: it carries the new assignment out of a wait
    """The group has decided anew; whatever was in hand must be dropped."""

    def __init__(self, assigned: frozenset[int]) -> None:
        super().__init__(sorted(assigned))
        self.assigned = assigned


class Outage:
    """Repeats a step until its service is back, polling all the while.

    Attributes:
        since_s: when the present outage began, by `clock`; None while all is well.
    """

    def __init__(
        self,
        source: TransactionSource,
        *,
        clock: Callable[[], float],
        stopping: Callable[[], bool],
        random: Random,
        report: Reporter,
    ) -> None:
        self._source = source
        self._clock = clock
        self._stopping = stopping
        self._random = random
        self._report = report
        self._service: Service | None = None
        self.since_s: float | None = None
        self._unreachable_s: float | None = None
        self._by_silence = False

    def endure(self, step: Callable[[], T]) -> T:
        """Do a step; while its service is away, pause and try again with growing waits.

        Raises:
            Reassigned: when the group decides anew meanwhile.
            Stopped: when the process is asked to stop meanwhile.
        """
        wait_s = FIRST_WAIT_S
        while True:
            try:
                result = step()
            except ServiceUnavailable as error:
                self._begin(error)
                self._poll_for(wait_s * self._random.uniform(0.5, 1.0))
                wait_s = min(2 * wait_s, LONGEST_WAIT_S)
            else:
                self._end()
                return result

    def heard(self, *, reachable: bool) -> None:
        """Learn from a poll between batches whether any broker is connected.

        No step fails for want of records, so this alone tells a quiet topic from a Kafka that is
        away. There is nothing to pause or to repeat: the client looks for its brokers by itself.
        """
        if reachable:
            self._unreachable_s = None
            if self._by_silence:
                self._end()
        elif self._unreachable_s is None:
            self._unreachable_s = self._clock()
        elif self.since_s is None and self._clock() - self._unreachable_s >= SILENCE_S:
            self._by_silence = True
            self._note(ServiceUnavailable("Kafka: no broker is connected", service="kafka"))

    def forget(self) -> None:
        """Wait for no step: a member without partitions has none that could find out."""
        if self.since_s is not None and not self._by_silence:
            self._clear()

    def _clear(self) -> None:
        self.since_s = self._service = None
        self._by_silence = False
        self._report.outage_ended()

    def _begin(self, error: ServiceUnavailable) -> None:
        self._note(error)
        # Every time: partitions that came with a rebalance are not paused yet.
        self._source.pause()

    def _poll_for(self, duration_s: float) -> None:
        until_s = self._clock() + duration_s
        while (left_s := until_s - self._clock()) > 0:
            if self._stopping():
                raise Stopped
            polled = self._source.poll(timeout_s=left_s)
            self._report.turned()
            if polled.assigned is not None:
                raise Reassigned(polled.assigned)

    def _end(self) -> None:
        if self.since_s is not None:
            waited_s = round(self._clock() - self.since_s, 1)
            _log.info("outage over", service=self._service, seconds=waited_s)
            self._clear()
            self._source.resume()

    def _note(self, error: ServiceUnavailable) -> None:
        if self.since_s is None:
            self.since_s = self._clock()
            _log.warning(
                "outage: waiting and keeping everything", service=error.service, cause=str(error)
            )
        if self._service != error.service:
            self._service = error.service
            self._report.outage_began(error.service)
