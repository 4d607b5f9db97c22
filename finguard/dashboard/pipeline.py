"""Whether transactions are judged as they come: live, lagging or down, and since when."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Literal, NamedTuple

from finguard.dashboard.client.system import Detector, Detectors

Kind = Literal["live", "lagging", "down"]

BEHIND_S: Final = 10.0
"""A queue that takes longer than this at the present pace is a lag."""

_FEW: Final = 100
"""So few records are no lag at any pace: they may have come since the last beat."""


class State(NamedTuple):
    """How the detectors are.

    Attributes:
        kind: in a word.
        why: what there is to say beyond it; empty where all is well.
        since: as far as the detectors themselves know.
    """

    kind: Kind
    why: str = ""
    since: datetime | None = None


@dataclass
class Pipeline:
    """Remembers since when the detectors have been as they are.

    Attributes:
        state: at the latest look; None before the first.
        since: when it began, as far as is known.
    """

    state: State | None = None
    since: datetime | None = None

    def look(self, detectors: Detectors, now: datetime) -> State:
        """See how they are now."""
        state = state_of(detectors)
        if state.since is not None:
            self.since = state.since
        elif self.state is None or self.state.kind != state.kind:
            # At the first look nobody knows how long it has been so, unless all is well.
            self.since = now if self.state or state.kind != "live" else _began(detectors.items)
        self.state = state
        return state


def state_of(detectors: Detectors) -> State:
    """What the detectors' own words amount to."""
    alive = [item for item in detectors.items if item.status == "alive"]
    if not alive:
        return _nobody(detectors.items)
    waiting = [item for item in alive if item.outage]
    if len(waiting) == len(alive):
        first = min(waiting, key=_outage_began)
        return State("down", f"waiting for {first.outage}", first.outage_since)
    if waiting:
        return State("lagging", f"{len(waiting)} of {len(alive)} wait for {waiting[0].outage}")
    if why := _hindrance(detectors, alive):
        return State("lagging", why)
    return State("live")


def _hindrance(detectors: Detectors, alive: Sequence[Detector]) -> str:
    """Why detectors that work are behind; empty where they are not."""
    if any(item.rebuilding for item in alive):
        return "rebuilding profiles"
    if detectors.lag is None:
        return "taking over partitions"
    if detectors.lag > max(_FEW, BEHIND_S * detectors.transactions_per_second):
        return f"{detectors.lag:,} records behind"
    return ""


def _nobody(silent: Sequence[Detector]) -> State:
    if not silent:
        return State("down", "no detector runs; start one with python detector.py")
    latest = max(silent, key=lambda item: item.beat_at)
    return State("down", f"the detector on {latest.host} is silent", latest.beat_at)


def _began(items: Sequence[Detector]) -> datetime | None:
    return min((item.started_at for item in items if item.status == "alive"), default=None)


def _outage_began(item: Detector) -> datetime:
    return item.outage_since or item.beat_at
