"""Cuts a range of time into pieces that the database has counted already, and what is left over."""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import Final, Literal

import msgspec

Grain = Literal["ever", "month", "day", "hour", "quarter", "minute"]

ALERT_GRAINS: Final[tuple[Grain, ...]] = ("month", "day", "hour")
TRANSACTION_GRAINS: Final[tuple[Grain, ...]] = ("day", "hour")

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_STEPS: Final[dict[Grain, timedelta]] = {
    "day": timedelta(days=1),
    "hour": timedelta(hours=1),
    "quarter": timedelta(minutes=15),
}


class Piece(msgspec.Struct, frozen=True):
    """A part of a range: whole months, days or hours in UTC, or any minutes."""

    grain: Grain
    since: datetime
    until: datetime


EVERYTHING: Final = Piece(
    "ever", datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC)
)
"""All there is; its one rollup begins at -infinity, which Python cannot say."""


def pieces(since: datetime, until: datetime, grains: Sequence[Grain]) -> Iterator[Piece]:
    """Pieces that make up `[since, until)`, in order, each as coarse as it can be.

    Args:
        since: the begin, in UTC.
        until: the end, in UTC.
        grains: what is counted, the coarsest first.
    """
    if since >= until:
        return
    if not grains:
        yield Piece("minute", since, until)
        return
    grain, *finer = grains
    begin, end = ceiling(since, grain), floor(until, grain)
    if begin >= end:
        yield from pieces(since, until, finer)
        return
    yield from pieces(since, begin, finer)
    yield Piece(grain, begin, end)
    yield from pieces(end, until, finer)


def bucket_pieces(bounds: Sequence[datetime]) -> Iterator[Piece]:
    """Pieces that make up a timeline, of grains that no bucket's bound divides.

    Where bounds lie within hours, as in zones of half hours, only the hours that one divides are
    taken by quarters; those that follow one another are one piece.
    """
    grain = _coarsest(bounds)
    if grain != "quarter":
        yield Piece(grain, bounds[0], bounds[-1])
        return
    done = bounds[0]
    divided = sorted({floor(bound, "hour") for bound in bounds if floor(bound, "hour") != bound})
    for first, following in _runs(divided):
        begin, end = max(first, done), min(following, bounds[-1])
        if done < begin:
            yield Piece("hour", done, begin)
        yield Piece("quarter", begin, end)
        done = end
    if done < bounds[-1]:
        yield Piece("hour", done, bounds[-1])


def _runs(hours: Sequence[datetime]) -> Iterator[tuple[datetime, datetime]]:
    """Begin and end of each run of hours that follow one another."""
    first = previous = hours[0]
    for hour in hours[1:]:
        if hour != previous + _STEPS["hour"]:
            yield first, previous + _STEPS["hour"]
            first = hour
        previous = hour
    yield first, previous + _STEPS["hour"]


def _coarsest(bounds: Sequence[datetime]) -> Grain:
    """The coarsest grain of which every bucket between neighbouring bounds is made."""
    for grain in _STEPS:
        if all(floor(bound, grain) == bound for bound in bounds):
            return grain
    return "minute"


def floor(moment: datetime, grain: Grain) -> datetime:
    """The begin of the grain, in UTC, that a moment lies in."""
    if grain == "month":
        return moment.replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    return moment - (moment - _EPOCH) % _STEPS[grain]


def ceiling(moment: datetime, grain: Grain) -> datetime:
    """The same moment where a grain begins then, else the begin of the next."""
    begin = floor(moment, grain)
    if begin == moment:
        return moment
    if grain == "month":
        return floor(begin + timedelta(days=31), "month")
    return begin + _STEPS[grain]
