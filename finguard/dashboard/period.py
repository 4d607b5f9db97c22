"""The stretches of event time that the range picker offers."""

from datetime import UTC, datetime, timedelta
from typing import Final, NamedTuple

from finguard.dashboard.client.statistics import Bucket

BEGINNING: Final = datetime(1970, 1, 1, tzinfo=UTC)
"""No transaction is older."""

LONGEST: Final = timedelta(days=1_998)
"""Of a range of one's own: the API answers a timeline of 2,000 buckets at most."""

WIDTH: Final[dict[Bucket, timedelta]] = {
    "minute": timedelta(minutes=1),
    "hour": timedelta(hours=1),
    "day": timedelta(days=1),
}

_LONGEST_BY_MINUTE: Final = timedelta(hours=3)
_LONGEST_BY_HOUR: Final = timedelta(days=14)


class Period(NamedTuple):
    """A choice of the range picker.

    Attributes:
        label: what the picker and the URL say.
        words: how long it is.
        length: how far it reaches back; None for everything.
        bucket: what a bar of its timeline stands for; None where that follows from the data.
        end: where it ends; None for those that end now, whenever that is.
    """

    label: str
    words: str
    length: timedelta | None
    bucket: Bucket | None
    end: datetime | None = None

    @property
    def phrase(self) -> str:
        """How a sentence names all of it: `the last hour`, `all time`."""
        return self.words if self.length is None or self.end else f"the last {self.words}"

    def start(self, now: datetime) -> datetime:
        """Where it begins: on a whole minute, since transactions are counted by minutes."""
        if self.length is None:
            return BEGINNING
        return ((self.end or now) - self.length).replace(second=0, microsecond=0)

    def previous(self, now: datetime) -> tuple[datetime, datetime] | None:
        """The stretch of equal length before it; None for everything."""
        if self.length is None:
            return None
        start = self.start(now)
        return start - self.length, start


PERIODS: Final = (
    Period("15 min", "15 minutes", timedelta(minutes=15), "minute"),
    Period("1 h", "hour", timedelta(hours=1), "minute"),
    Period("24 h", "24 hours", timedelta(days=1), "hour"),
    Period("7 d", "7 days", timedelta(days=7), "hour"),
    Period("All", "all time", None, None),
)
ALL_TIME: Final = PERIODS[-1]
CUSTOM: Final = "From – to"  # noqa: RUF001 - a dash between two ends
"""The picker's label for a range of one's own."""


def period_called(label: str | None) -> Period:
    """The period with this label; the first for any other text."""
    return next((period for period in PERIODS if period.label == label), PERIODS[0])


def between(start: datetime, end: datetime) -> Period | None:
    """A range of one's own, of whole minutes; None where it is empty or too long."""
    start, end = (time.astimezone(UTC).replace(second=0, microsecond=0) for time in (start, end))
    length = end - start
    if not timedelta() < length <= LONGEST or start < BEGINNING:
        return None
    return Period(CUSTOM, "the chosen time", length, _bucket(length), end)


def _bucket(length: timedelta) -> Bucket:
    if length <= _LONGEST_BY_MINUTE:
        return "minute"
    return "hour" if length <= _LONGEST_BY_HOUR else "day"
