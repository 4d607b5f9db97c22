"""Tells listeners what the loop does, and keeps their troubles from it."""

import time
from collections.abc import Callable, Mapping, Sequence
from typing import Final

import structlog

from finguard.domain.effects import Effects
from finguard.domain.telemetry import (
    Assigned,
    BatchDone,
    Event,
    LagSeen,
    OutageBegan,
    OutageEnded,
    RebuildBegan,
    RebuildMoved,
    Rejoined,
    Step,
    Stored,
    Turned,
)
from finguard.errors import Service
from finguard.pipeline.ports import Telemetry

_log = structlog.get_logger()

LAG_EVERY_S: Final = 0.5
"""Under a light load there are hundreds of small batches a second; none needs a lag of its own."""


class Reporter:
    """The loop's one line to all who watch it. No method raises.

    Args:
        clock: measures steps, in seconds from anywhere.
    """

    def __init__(self, listeners: Sequence[Telemetry], clock: Callable[[], float]) -> None:
        self._listeners = tuple(listeners)
        self._failing: set[str] = set()
        self._clock = clock
        self._lap_s = clock()
        self._steps: dict[Step, float] = {}
        self._rebuilds: dict[int, tuple[int, int]] = {}
        self._lag_due_s = self._lap_s

    def begin(self) -> None:
        """A turn of the loop begins, and with it its first step."""
        self._steps = {}
        self._lap_s = self._clock()

    def lap(self, step: Step) -> None:
        """A step is done: the time since the step before was its own."""
        now_s = self._clock()
        self._steps[step] = now_s - self._lap_s
        self._lap_s = now_s

    def laps(self) -> dict[Step, float]:
        """What the steps of this turn took so far, in seconds."""
        return dict(self._steps)

    def turned(self) -> None:
        """The loop is alive."""
        self._tell(_TURNED)

    def assigned(self, partitions: frozenset[int]) -> None:
        """The group has decided; what was told of partitions before is void."""
        self._rebuilds = {}
        self._tell(Assigned(partitions))

    def rejoined(self) -> None:
        """The member has left the group, to be assigned anew."""
        self._rebuilds = {}
        self._tell(Rejoined())

    def rebuilding(self, ranges: Mapping[int, tuple[int, int]]) -> None:
        """Profiles are folded again, by partition from one offset up to another."""
        if ranges:
            self._rebuilds.update(ranges)
            self._tell(RebuildBegan({p: end - start for p, (start, end) in ranges.items()}))

    def stored(self, effects: Effects, at_us: int) -> None:
        """PostgreSQL has committed these, at that many microseconds since 1970."""
        self._tell(Stored(effects, at_us))

    def done(
        self,
        records: int,
        steps: Mapping[Step, float],
        positions: Mapping[int, int],
        ends: Callable[[], Mapping[int, int]],
    ) -> None:
        """A batch has been through every step.

        Args:
            records: how many there were.
            steps: seconds that each of its steps took.
            positions: by partition, the next offset to read.
            ends: by partition, where Kafka ends; asked now and then.
        """
        self._tell(BatchDone(records, steps))
        if self._rebuilds:
            self._move_rebuilds(positions)
        if self._clock() >= self._lag_due_s:
            self._lag_due_s = self._clock() + LAG_EVERY_S
            self.lag(positions, ends)

    def lag(self, positions: Mapping[int, int], ends: Callable[[], Mapping[int, int]]) -> None:
        """How many records wait in each partition."""
        try:
            known = ends()
        except Exception:  # noqa: BLE001 - whatever it is, it is no matter of the loop's
            _log.warning("the lag is unknown", exc_info=True)
            return
        lag = {p: max(0, known[p] - at) for p, at in positions.items() if p in known}
        self._tell(LagSeen(lag, dict(positions)))

    def outage_began(self, service: Service) -> None:
        """The loop waits for a service."""
        self._tell(OutageBegan(service, time.time()))

    def outage_ended(self) -> None:
        """It waits no more."""
        self._tell(OutageEnded())

    def _move_rebuilds(self, positions: Mapping[int, int]) -> None:
        folded = 0
        for partition, (done, end) in list(self._rebuilds.items()):
            position = min(positions.get(partition, done), end)
            folded += position - done
            if position < end:
                self._rebuilds[partition] = (position, end)
            else:
                del self._rebuilds[partition]
        self._tell(
            RebuildMoved(folded, {p: end - done for p, (done, end) in self._rebuilds.items()})
        )

    def _tell(self, event: Event) -> None:
        for listener in self._listeners:
            try:
                listener.tell(event)
            except Exception:  # noqa: BLE001 - judging goes on, whatever becomes of its figures
                name = type(listener).__name__
                if name not in self._failing:
                    self._failing.add(name)
                    _log.warning("figures may be wrong from here on", of=name, exc_info=True)


_TURNED: Final = Turned()
