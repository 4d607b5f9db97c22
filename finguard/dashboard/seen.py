"""What one viewer has seen of the detectors lately: throughput, and how late alerts were."""

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final, NamedTuple

from finguard.dashboard.client.system import Detectors, Latency
from finguard.domain.telemetry import quantile

_KEPT: Final = timedelta(minutes=15)
_RECENT: Final = timedelta(minutes=5)
"""What is told as present latency: long enough for some alerts, short enough to be news."""


class Histogram(NamedTuple):
    """How late alerts were.

    Attributes:
        bounds_s: upper bounds of the buckets, rising.
        counts: cumulative, by bound, and one more for all.
        since: from when on the alerts count; None for the detectors' starts.
    """

    bounds_s: tuple[float, ...]
    counts: tuple[int, ...]
    since: datetime | None = None

    def at(self, share: float) -> float | None:
        """The seconds that so large a share did not exceed, estimated; None without alerts."""
        return quantile(self.bounds_s, self.counts, share)


class _Look(NamedTuple):
    at: datetime
    detectors: Detectors


@dataclass
class Seen:
    """Remembers answers about the detectors for some minutes."""

    _looks: deque[_Look] = field(default_factory=deque)

    def look(self, detectors: Detectors, now: datetime) -> None:
        """See an answer, which may be the one that was seen last."""
        if self._looks and self._looks[-1].detectors is detectors:
            return
        self._looks.append(_Look(now, detectors))
        while now - self._looks[0].at > _KEPT:
            self._looks.popleft()

    def throughput(self) -> list[tuple[datetime, float]]:
        """Transactions a second at each look, of all detectors."""
        return [(look.at, look.detectors.transactions_per_second) for look in self._looks]

    def latency(self) -> Histogram | None:
        """Of the alerts seen to come within the last minutes, or else of all that are counted."""
        if not self._looks:
            return None
        last = self._looks[-1]
        first = next(look for look in self._looks if last.at - look.at <= _RECENT)
        recent = _since(first, last)
        if recent and recent.counts[-1]:
            return recent
        whole = last.detectors.latency
        return Histogram(whole.bounds_s, whole.counts) if whole else None


def _since(first: _Look, last: _Look) -> Histogram | None:
    """What came between two looks; None where the detectors' histograms do not fit together."""
    before = {item.instance_id: item.latency for item in first.detectors.items}
    pairs = [
        (item.latency, before.get(item.instance_id))
        for item in last.detectors.items
        if item.status == "alive" and item.latency
    ]
    bounds_s = {latency.bounds_s for latency, _ in pairs}
    if len(bounds_s) != 1:
        return None
    grown = [_grown(now, then) for now, then in pairs]
    return Histogram(
        bounds_s.pop(), tuple(sum(counts) for counts in zip(*grown, strict=True)), first.at
    )


def _grown(now: Latency, then: Latency | None) -> Sequence[int]:
    if then is None:
        return now.counts
    return [new - old for new, old in zip(now.counts, then.counts, strict=True)]
