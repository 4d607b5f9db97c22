"""How the detector is now: what probes, operators and the heartbeat ask."""

import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import msgspec

from finguard.domain.telemetry import (
    Assigned,
    Event,
    Health,
    LagSeen,
    OutageBegan,
    OutageEnded,
    RebuildBegan,
    RebuildMoved,
    Rejoined,
    Snapshot,
    Stored,
    Turned,
)


class Status:
    """A listener that remembers. The loop's thread tells it, any thread may ask.

    Args:
        max_turn_s: a loop that has not come round for so long hangs.
        clock: seconds from anywhere, never set back.
    """

    def __init__(self, *, max_turn_s: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._max_turn_s = max_turn_s
        self._clock = clock
        self._turned_s = clock()
        # Replaced as a whole and never changed, so that a reader needs no lock.
        self._snapshot = Snapshot()

    def tell(self, event: Event) -> None:
        """Take note."""
        if isinstance(event, Turned):
            self._turned_s = self._clock()
        else:
            changes = _changes(event, self._snapshot)
            if changes:
                self._snapshot = msgspec.structs.replace(self._snapshot, **changes)

    def snapshot(self) -> Snapshot:
        """All that is known now."""
        return self._snapshot

    def live(self) -> Health:
        """Whether the loop turns; a restart helps when it does not."""
        age_s = self._clock() - self._turned_s
        well = age_s <= self._max_turn_s
        return Health(
            well,
            {
                "status": "live" if well else "stuck",
                "last_turn_s": round(age_s, 3),
                "limit_s": self._max_turn_s,
            },
        )

    def ready(self) -> Health:
        """Whether it judges new transactions as they come."""
        now = self._snapshot
        reasons = _reasons(now)
        return Health(
            not reasons,
            {
                "status": "not_ready" if reasons else "ready",
                "reasons": reasons,
                "partitions": None if now.partitions is None else sorted(now.partitions),
                "lag": {str(partition): lag for partition, lag in sorted(now.lag.items())},
            },
        )


def _changes(  # noqa: PLR0911 - an arm for each kind of event
    event: Event, now: Snapshot
) -> dict[str, Any]:
    match event:
        case Assigned(partitions):
            return {"partitions": partitions, "lag": {}, "positions": {}, "rebuilding": {}}
        case Rejoined():
            return {"partitions": None, "lag": {}, "positions": {}, "rebuilding": {}}
        case RebuildBegan(records):
            return {"rebuilding": {**now.rebuilding, **records}}
        case RebuildMoved(_, remaining):
            return {"rebuilding": remaining}
        case LagSeen(lag, positions):
            return {"lag": {**now.lag, **lag}, "positions": {**now.positions, **positions}}
        case OutageBegan(service, since_s):
            return {"outage": service, "outage_since_s": since_s}
        case OutageEnded():
            return {"outage": None, "outage_since_s": None}
        case Stored(effects):
            return {"transactions": now.transactions + sum(effects.transactions.values())}
        case _:
            return {}


def _reasons(now: Snapshot) -> list[dict[str, Any]]:
    reasons: list[dict[str, Any]] = []
    if now.outage is not None and now.outage_since_s is not None:
        since = datetime.fromtimestamp(now.outage_since_s, UTC).isoformat(timespec="milliseconds")
        reasons.append({"reason": "outage", "service": now.outage, "since": since})
    if now.partitions is None:
        reasons.append({"reason": "no_assignment"})
    if now.rebuilding:
        remaining = sum(now.rebuilding.values())
        partitions = sorted(now.rebuilding)
        reasons.append(
            {"reason": "rebuilding", "partitions": partitions, "records_left": remaining}
        )
    return reasons
