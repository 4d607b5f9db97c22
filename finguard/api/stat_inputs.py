"""What requests for statistics bring: a range, how to cut it, and how old the answer may be."""

import re
from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from typing import Annotated, Final, Literal
from zoneinfo import ZoneInfo, available_timezones

from fastapi import Depends, Header
from pydantic import AfterValidator, Field, StringConstraints

from finguard.api.inputs import RangeQuery

Bucket = Literal["minute", "hour", "day"]

MAX_BUCKETS: Final = 2_000
MAX_AGE_S: Final = 60
"""Of an answer, whatever the request would put up with."""

MINUTE: Final = timedelta(minutes=1)

_HOUR: Final = timedelta(hours=1)
_STEPS: Final[dict[Bucket, timedelta]] = {
    "minute": MINUTE,
    "hour": _HOUR,
    "day": timedelta(days=1),
}
_ZONES: Final = frozenset(available_timezones())


_max_age = re.compile(r"(?:^|[,\s])max-age=([0-9]{1,9})[0-9]*(?=$|[,\s])", re.IGNORECASE).search
_refuses = re.compile(r"(?:^|[,\s])no-(?:cache|store)(?=$|[,=\s])", re.IGNORECASE).search


async def _max_age_s(
    cache_control: Annotated[
        str,
        Header(
            description="`max-age=N` takes an answer up to N seconds old, "
            f"{MAX_AGE_S} at most (RFC 9111, section 5.2.1). Without it none is older than the "
            "request."
        ),
    ] = "",
) -> int:
    """Asynchronous only to spare a change of thread."""
    found = _max_age(cache_control)
    return min(MAX_AGE_S, int(found[1])) if found and not _refuses(cache_control) else 0


MaxAge = Annotated[int, Depends(_max_age_s)]
"""For a route's parameter: how many seconds old its answer may be."""


def _known(zone: str) -> str:
    if zone not in _ZONES:
        raise ValueError("must be a time zone as IANA names them, such as Europe/Berlin")
    return zone


Zone = Annotated[
    Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_+/-]{1,64}$")],
    AfterValidator(_known),
    Field(alias="zone", description="IANA's name of a time zone.", examples=["Europe/Berlin"]),
]
Limit = Annotated[int, Field(ge=1, le=100, description="Rows at most.")]


class TimelineQuery(RangeQuery):
    """A range of event time, and how to cut it."""

    bucket: Annotated[Bucket, Field(description="The length of a row.")] = "hour"
    zone: Zone = "UTC"

    def bounds(self, now: datetime) -> list[datetime]:
        """The begin of every bucket, and the end of the last, in UTC.

        Raises:
            ValueError: when the buckets would be too many.
        """
        since, until = self.widened(now, MINUTE)
        step = _STEPS[self.bucket]
        count = -((since - until) // step)
        if count > MAX_BUCKETS + 1:
            raise _too_many(count, self.bucket)
        clocks = ZoneInfo(self.zone)
        if self.bucket == "day":
            bounds = list(_days(since, until, clocks))
        else:
            bounds = list(_steps(_floor(since, clocks, step), until, step))
        if len(bounds) - 1 > MAX_BUCKETS:
            raise _too_many(len(bounds) - 1, self.bucket)
        return bounds


class WeekQuery(RangeQuery):
    """A range of event time, and whose clocks tell the hours of its weeks."""

    zone: Zone = "UTC"


class TopQuery(RangeQuery):
    """A range of event time, and how many to name."""

    limit: Limit = 10


class MapQuery(RangeQuery):
    """A range of event time, and how many of its latest alerts to show."""

    limit: Annotated[int, Field(ge=1, le=500, description="Alerts at most.")] = 100


def has_whole_hours(zone: str, since: datetime, until: datetime) -> bool:
    """Whether the zone's hours began when UTC's did, for all of a range."""
    return all(_had_whole_hours(zone, year) for year in range(since.year, until.year + 1))


@lru_cache(maxsize=16_384)
def _had_whole_hours(zone: str, year: int) -> bool:
    """Looks at each week: no zone has kept an offset for less."""
    clocks = ZoneInfo(zone)
    new_year = datetime(year, 1, 1, tzinfo=UTC)
    weeks = (new_year + timedelta(weeks=number) for number in range(54))
    return not any((week.astimezone(clocks).utcoffset() or _HOUR) % _HOUR for week in weeks)


def _floor(moment: datetime, clocks: ZoneInfo, step: timedelta) -> datetime:
    """The begin of a minute or an hour by the zone's clocks; in UTC: some hours come twice."""
    local = moment.astimezone(clocks)
    past = timedelta(minutes=local.minute, seconds=local.second, microseconds=local.microsecond)
    return moment - past % step


def _steps(begin: datetime, until: datetime, step: timedelta) -> Iterator[datetime]:
    bound = begin
    while bound < until:
        yield bound
        bound += step
    yield bound


def _days(since: datetime, until: datetime, clocks: ZoneInfo) -> Iterator[datetime]:
    """Days of 23 hours and of 25 as well; none where a zone has skipped one."""
    day = since.astimezone(clocks).date()
    bound = _midnight(day, clocks)
    yield bound
    while bound < until:
        day += timedelta(days=1)
        following = _midnight(day, clocks)
        if following > bound:
            yield following
        bound = following


def _midnight(day: date, clocks: ZoneInfo) -> datetime:
    """When a day begins: where clocks skip midnight, at the moment when they do."""
    return datetime.combine(day, time(), clocks).astimezone(UTC)


def _too_many(count: int, bucket: Bucket) -> ValueError:
    return ValueError(f"this range has {count:,} {bucket}s; {MAX_BUCKETS:,} at most")
