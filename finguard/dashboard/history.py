"""The timeline of everything: from the first transaction to the last, whenever they were."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Final, Protocol

from finguard.dashboard.client.statistics import Bucket, Timeline, TimelineRow
from finguard.dashboard.period import WIDTH

_DAYS_AT_ONCE: Final = 1_999
"""The API answers 2,000 buckets at most."""

_FEW: Final = 4
"""Fewer bars do not show a course of events; then they stand for less time each."""


class AskTimeline(Protocol):
    """Asks the API for a timeline; None while it is away."""

    def __call__(self, bucket: Bucket, start: datetime, end: datetime) -> Timeline | None:
        """The buckets of `[start, end)`."""


def whole_timeline(ask: AskTimeline, earliest: datetime | None, now: datetime) -> Timeline | None:
    """The timeline from the first to the last bucket in which anything happened.

    Args:
        ask: how to ask the API.
        earliest: when the first of anything was; None if nothing has been yet.
        now: the moment.
    """
    days = _days(ask, earliest, now)
    if days is None:
        return None
    timeline = Timeline(bucket="day", rows=_trimmed(days))
    finer: tuple[Bucket, ...] = ("hour", "minute")
    for bucket in finer:
        if not timeline.rows or len(timeline.rows) >= _FEW:
            break
        start, end = timeline.rows[0].bucket, timeline.rows[-1].bucket + WIDTH[timeline.bucket]
        closer = ask(bucket, start, end)
        if closer is None:
            break
        timeline = Timeline(bucket=bucket, rows=_trimmed(closer.rows))
    return timeline


def _days(
    ask: AskTimeline, earliest: datetime | None, now: datetime
) -> Sequence[TimelineRow] | None:
    if earliest is None:
        return []
    rows: list[TimelineRow] = []
    begin, end = _midnight(earliest), _midnight(now) + timedelta(days=1)
    while end > begin:
        start = max(begin, end - timedelta(days=_DAYS_AT_ONCE))
        timeline = ask("day", start, end)
        if timeline is None:
            return None
        rows = [*timeline.rows, *rows]
        end = start
    return rows


def _midnight(moment: datetime) -> datetime:
    return moment.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)


def _trimmed(rows: Sequence[TimelineRow]) -> tuple[TimelineRow, ...]:
    """The rows without the empty ones at either end."""
    busy = [place for place, row in enumerate(rows) if row.transactions or row.alerts]
    return tuple(rows[busy[0] : busy[-1] + 1]) if busy else ()
