"""Answers of the API shared by the panels of a page, and kept while the API is away."""

import time
from collections import OrderedDict, deque
from collections.abc import Callable, Hashable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Final, NamedTuple, TypeVar, cast

from finguard.dashboard.client.http import ApiUnavailable, CannotServe, Refused, Throttled

MOST_AT_ONCE: Final = 3
"""A refresh costs the API no more requests than this; what is left waits for the next one."""

_KEPT_ANSWERS: Final = 128

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
        monotonic_s: the clock by which it does.
        outage: set while the API does not answer.
    """

    max_age_s: float
    monotonic_s: Callable[[], float] = time.monotonic
    outage: Outage | None = None
    _kept: OrderedDict[Hashable, _Kept] = field(default_factory=OrderedDict)
    _refreshed_at_s: deque[float] = field(default_factory=lambda: deque(maxlen=MOST_AT_ONCE))
    _failed_at_s: float | None = None
    _answers: bool = True

    def ask(
        self,
        key: Hashable,
        load: Callable[[], T],
        max_age_s: float | None = None,
        *,
        by_itself: bool = False,
    ) -> T | None:
        """The answer, fresh if possible, else the last one; None where there is none at all.

        Args:
            key: what is asked; equal keys have equal answers.
            load: asks it.
            max_age_s: for answers that change less often than most.
            by_itself: the API answers this also where it cannot answer anything else, so neither
                does such an outage hold it back, nor does the answer end one.

        Raises:
            Unauthorized: the login is over.
            NotFound: the API knows no such thing.
        """
        kept = self._kept.get(key)
        fresh_s = self.max_age_s if max_age_s is None else max_age_s
        is_held_back = self._within(self._failed_at_s) and not (by_itself and self._answers)
        if (kept and not self._may_refresh(kept, fresh_s)) or is_held_back:
            return cast("T", kept.answer) if kept else None
        if kept:
            self._refreshed_at_s.append(self.monotonic_s())
        try:
            answer = load()
        except (ApiUnavailable, Refused, Throttled) as error:
            self._failed_at_s = self.monotonic_s()
            self._answers = isinstance(error, CannotServe)
            since = self.outage.since if self.outage else datetime.now(UTC)
            self.outage = Outage(since, str(error))
            return cast("T", kept.answer) if kept else None
        if not by_itself:
            self.outage, self._failed_at_s = None, None
        self._keep(key, answer)
        return answer

    def has(self, key: Hashable) -> bool:
        """Whether an answer to this is at hand, fresh or not."""
        return key in self._kept

    def forget(self, key: Hashable) -> None:
        """Ask anew at the next occasion: somebody has changed what the answer was about."""
        self._kept.pop(key, None)

    def _may_refresh(self, kept: _Kept, fresh_s: float) -> bool:
        if self.monotonic_s() - kept.at_s < fresh_s:
            return False
        lately = self._refreshed_at_s
        return len(lately) < MOST_AT_ONCE or not self._within(lately[0])

    def _within(self, moment_s: float | None) -> bool:
        """Whether this was within the present refresh."""
        return moment_s is not None and self.monotonic_s() - moment_s < self.max_age_s

    def _keep(self, key: Hashable, answer: object) -> None:
        self._kept[key] = _Kept(self.monotonic_s(), answer)
        self._kept.move_to_end(key)
        while len(self._kept) > _KEPT_ANSWERS:
            self._kept.popitem(last=False)
