"""Counts of dead letters over everything: from the first to the last, whenever they were."""

from datetime import datetime, timedelta
from typing import Final, Protocol

from finguard.dashboard.client.letters import LetterCounts, LetterRow
from finguard.dashboard.client.statistics import Bucket
from finguard.dashboard.period import LONGEST, WIDTH

_FEW: Final = 4
"""Fewer buckets do not show a course of events; then they stand for less time each."""


class AskCounts(Protocol):
    """Asks the API for counts; None while it is away."""

    def __call__(self, bucket: Bucket, start: datetime, end: datetime) -> LetterCounts | None:
        """The buckets of `[start, end)`."""


def whole_counts(ask: AskCounts, now: datetime) -> LetterCounts | None:
    """The counts from the first to the last bucket that has any.

    They reach back `LONGEST`: dead letters have the times of Kafka, which knows no older ones.
    """
    end = now.replace(hour=0, minute=0, second=0, microsecond=0) + timedelta(days=1)
    counts = ask("day", end - LONGEST, end)
    if counts is None:
        return None
    rows = _trimmed(counts.rows)
    finer: tuple[Bucket, ...] = ("hour", "minute")
    for bucket in finer:
        if not rows or len(rows) >= _FEW:
            break
        closer = ask(bucket, rows[0].bucket, rows[-1].bucket + WIDTH[counts.bucket])
        if closer is None:
            break
        counts, rows = closer, _trimmed(closer.rows)
    return counts.model_copy(update={"rows": rows})


def _trimmed(rows: tuple[LetterRow, ...]) -> tuple[LetterRow, ...]:
    """The rows without the empty ones at either end."""
    busy = [place for place, row in enumerate(rows) if row.by_reason]
    return rows[busy[0] : busy[-1] + 1] if busy else ()
