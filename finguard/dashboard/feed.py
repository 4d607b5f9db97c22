"""Answers of the API shared by the panels of a page, and kept while the API is away."""

import time
from collections import OrderedDict
from collections.abc import Callable, Hashable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Final, NamedTuple, TypeVar, cast

from finguard.dashboard.answers import Summary
from finguard.dashboard.client import ApiClient, ApiUnavailable, Refused, Throttled

_KEPT_ANSWERS: Final = 128
LIVE_S: Final = 60.0
"""The pipeline counts as live for so long after its latest sign of life."""

T = TypeVar("T")


class Outage(NamedTuple):
    """The API does not answer: since when, and why as far as is known."""

    since: datetime
    reason: str


class _Kept(NamedTuple):
    at_s: float
    answer: object


@dataclass
class Feed:
    """One viewer's answers of the API.

    Panels that ask the same within `max_age_s` cost the API one request. While it is away one
    panel in that time finds out, and all show the last answer they had.

    Attributes:
        max_age_s: how long an answer counts as fresh.
        outage: set while the API does not answer.
    """

    max_age_s: float
    outage: Outage | None = None
    _monotonic_s: Callable[[], float] = time.monotonic
    _kept: OrderedDict[Hashable, _Kept] = field(default_factory=OrderedDict)
    _tried_at_s: float | None = None

    def ask(
        self,
        api: ApiClient,
        key: Hashable,
        load: Callable[[ApiClient], T],
        max_age_s: float | None = None,
    ) -> T | None:
        """The answer, fresh if possible, else the last one; None where there is none at all.

        Args:
            api: whom to ask.
            key: what is asked; equal keys have equal answers.
            load: asks it.
            max_age_s: for answers that change less often than most.

        Raises:
            Unauthorized: the login is over.
            NotFound: the API knows no such thing.
        """
        now_s = self._monotonic_s()
        kept = self._kept.get(key)
        fresh_s = self.max_age_s if max_age_s is None else max_age_s
        recently_tried = self._tried_at_s is not None and now_s - self._tried_at_s < self.max_age_s
        if (kept and now_s - kept.at_s < fresh_s) or recently_tried:
            return cast("T", kept.answer) if kept else None
        try:
            answer = load(api)
        except (ApiUnavailable, Refused, Throttled) as error:
            self._tried_at_s = self._monotonic_s()
            since = self.outage.since if self.outage else datetime.now(UTC)
            self.outage = Outage(since, str(error))
            return cast("T", kept.answer) if kept else None
        self.outage, self._tried_at_s = None, None
        self._keep(key, answer)
        return answer

    def has(self, key: Hashable) -> bool:
        """Whether an answer to this is at hand, fresh or not."""
        return key in self._kept

    def _keep(self, key: Hashable, answer: object) -> None:
        self._kept[key] = _Kept(self._monotonic_s(), answer)
        self._kept.move_to_end(key)
        while len(self._kept) > _KEPT_ANSWERS:
            self._kept.popitem(last=False)


@dataclass
class Pulse:
    """Tells from one summary to the next whether transactions still flow.

    A summary has no clock of its own: the events of a replay are years old while they arrive. What
    tells is that the figures grow.

    Attributes:
        moved_at: when they last grew.
    """

    moved_at: datetime | None = None
    _key: Hashable = None
    _figures: tuple[int, int] = (0, 0)

    def feel(self, key: Hashable, summary: Summary) -> None:
        """Look at a summary; those with the same key follow one another."""
        figures = (summary.transactions, summary.alerts)
        grew = figures[0] > self._figures[0] or figures[1] > self._figures[1]
        if key == self._key and grew:
            self.moved_at = summary.as_of
        latest = summary.latest_alert_at
        if latest and (self.moved_at is None or latest > self.moved_at):
            self.moved_at = latest
        self._key, self._figures = key, figures

    def live(self, now: datetime) -> bool:
        """Whether something arrived within the last minute."""
        return self.moved_at is not None and (now - self.moved_at).total_seconds() < LIVE_S
