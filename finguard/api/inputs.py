"""What requests bring: each field with its limits, and nothing that has no field."""

import re
from datetime import UTC, datetime, timedelta
from typing import Annotated, Final, Self

from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StringConstraints,
    WithJsonSchema,
    model_validator,
)

DEFAULT_RANGE: Final = timedelta(hours=24)

_EARLIEST: Final = datetime(1970, 1, 1, tzinfo=UTC)
_LATEST: Final = datetime(2200, 1, 1, tzinfo=UTC)

_RFC_3339: Final = (
    r"^(19[789]|2[01][0-9])[0-9]-[0-9]{2}-[0-9]{2}[Tt][0-9]{2}:[0-9]{2}:[0-9]{2}"
    r"(\.[0-9]{1,9})?([Zz]|[+-][0-9]{2}:[0-9]{2})$"
)


def _written_out(moment: object) -> object:
    """Pydantic would also take a number of seconds, and guess whether it means milliseconds."""
    is_text = isinstance(moment, str) and re.fullmatch(_RFC_3339, moment)
    if not is_text and not isinstance(moment, datetime | None):
        raise ValueError("must look like 2026-03-01T12:00:00Z, between the years 1970 and 2199")
    return moment


def _in_utc(moment: datetime) -> datetime:
    if not _EARLIEST <= moment < _LATEST:
        raise ValueError("must lie between the years 1970 and 2199 in UTC")
    return moment.astimezone(UTC)


Instant = Annotated[
    AwareDatetime,
    BeforeValidator(_written_out),
    AfterValidator(_in_utc),
    WithJsonSchema({"type": "string", "format": "date-time", "pattern": _RFC_3339}),
]
RuleName = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]{0,63}$")]
Country = Annotated[str, StringConstraints(pattern=r"^[A-Z]{2}$")]
Name = Annotated[str, StringConstraints(pattern=r"^[^\x00-\x1f\x7f]{1,64}$")]
MAX_ID: Final = 2**53 - 1
"""Of any id: the largest integer that every reader of JSON keeps exact (RFC 8259, section 6)."""

AlertId = Annotated[int, Field(ge=1, le=MAX_ID, examples=[4711])]

Since = Annotated[
    Instant | None,
    Field(alias="from", description="The range's begin, with its zone; it belongs to the range."),
]
Until = Annotated[
    Instant | None,
    Field(alias="to", description="The range's end, with its zone; it does not belong to it."),
]


class Input(BaseModel):
    """What a request brings: nothing beyond what is named."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class RangeQuery(Input):
    """A range of event time: the last 24 hours, or the 24 hours before `to`, unless it says so."""

    since: Since = None
    until: Until = None

    @model_validator(mode="after")
    def _range_is_one(self) -> Self:
        check_order(self.since, self.until)
        return self

    def widened(self, now: datetime, step: timedelta) -> tuple[datetime, datetime]:
        """Begin and end in whole steps, since the counters behind them know no finer ones."""
        until = self.until or (max(now, self.since + step) if self.since else now)
        since = self.since or max(_EARLIEST, until - DEFAULT_RANGE)
        return _floor(since, step), _ceiling(until, step)


def check_order(since: datetime | None, until: datetime | None) -> None:
    """Refuse a range whose end does not come after its begin.

    Raises:
        ValueError: for pydantic, which makes it the request's fault.
    """
    if since and until and since >= until:
        raise ValueError("`from` must lie before `to`")


def _floor(moment: datetime, step: timedelta) -> datetime:
    return _EARLIEST + (moment - _EARLIEST) // step * step


def _ceiling(moment: datetime, step: timedelta) -> datetime:
    return _EARLIEST - (_EARLIEST - moment) // step * step
