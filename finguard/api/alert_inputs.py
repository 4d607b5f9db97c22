"""What requests about alerts bring."""

import re
from decimal import Decimal
from typing import Annotated, Final, Literal, Self

from pydantic import (
    AfterValidator,
    BeforeValidator,
    ConfigDict,
    Field,
    StringConstraints,
    WithJsonSchema,
    model_validator,
)
from pydantic.json_schema import SkipJsonSchema

from finguard.adapters.postgres.alerts import AlertFilter, Position, Sort
from finguard.api.cursor import decode_cursor
from finguard.api.inputs import (
    AlertId,
    Country,
    Input,
    Name,
    RuleName,
    Since,
    Until,
    check_order,
)
from finguard.domain.triage import Status, TriageRequest
from finguard.domain.verdict import Severity

MAX_BULK: Final = 200
MAX_NOTE_CHARS: Final = 2_000
MAX_EXPORT_ROWS: Final = 1_000_000

_CONTROLS: Final = r"\x00-\x08\x0b-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069"
_AMOUNT: Final = r"^([0-9]{1,12}(\.[0-9]{1,4})?|10{12}(\.0{1,4})?)$"


def _plain(amount: object) -> object:
    """Python would also take `1e3`, `1_000` and digits of every script."""
    if isinstance(amount, str) and not re.fullmatch(_AMOUNT, amount, re.ASCII):
        raise ValueError("must look like 9999.5, up to 1000000000000 and with 4 decimals at most")
    return amount


def _not_null(value: object) -> object:
    """Leaving a field out is how to leave it as it is; null might be meant to clear it."""
    if value is None:
        raise ValueError("must not be null; leave it out to leave it as it is")
    return value


def _a_cursor(text: str) -> str:
    decode_cursor(text)
    return text


Currency = Annotated[str, StringConstraints(pattern=r"^[A-Z]{3}$")]
Username = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9._@-]{0,63}$")]
Amount = Annotated[
    Decimal, BeforeValidator(_plain), WithJsonSchema({"type": "string", "pattern": _AMOUNT})
]
Note = Annotated[
    str,
    # Several lines, one of them not blank; nothing that a terminal or a text's direction obeys.
    StringConstraints(
        pattern=rf"^[^{_CONTROLS}]*[^{_CONTROLS}\s][^{_CONTROLS}]*$", max_length=MAX_NOTE_CHARS
    ),
]
Version = Annotated[int, Field(ge=1, le=2**31 - 1, examples=[1])]


class AlertCriteria(Input):
    """Which alerts; a filter that is given several times matches any of its values."""

    rule: Annotated[
        list[RuleName],
        Field(max_length=20, description="Any of these rules.", examples=[["impossible_travel"]]),
    ] = Field(default_factory=list)
    severity: Annotated[
        list[Severity], Field(max_length=3, description="Any of these.", examples=[["high"]])
    ] = Field(default_factory=list)
    status: Annotated[
        list[Status], Field(max_length=4, description="Any of these.", examples=[["open"]])
    ] = Field(default_factory=list)
    country: Annotated[
        list[Country],
        Field(max_length=50, description="ISO 3166-1 alpha-2, any of these.", examples=[["DE"]]),
    ] = Field(default_factory=list)
    currency: Annotated[
        list[Currency],
        Field(max_length=20, description="ISO 4217, any of these.", examples=[["EUR"]]),
    ] = Field(default_factory=list)
    user_id: Annotated[Name | None, Field(description="One customer.", examples=["u-17"])] = None
    assignee: Annotated[
        Username | None, Field(description="Assigned to this user.", examples=["alice"])
    ] = None
    assigned: Annotated[
        bool | None, Field(description="Assigned to anybody, or to nobody.", examples=[False])
    ] = None
    suppressed: Annotated[
        bool | None,
        Field(description="Kept quiet by a suppression, or not; both unless given."),
    ] = None
    min_score: Annotated[int | None, Field(ge=0, le=100, examples=[60])] = None
    max_score: Annotated[int | None, Field(ge=0, le=100, examples=[100])] = None
    min_amount: Annotated[
        Amount | None,
        Field(description="As a number, whatever the currency; see `currency`.", examples=["100"]),
    ] = None
    max_amount: Annotated[Amount | None, Field(description="Likewise.", examples=["9999.5"])] = None
    since: Since = None
    until: Until = None
    text: Annotated[
        Annotated[str, StringConstraints(pattern=r"^[^\x00]+$", max_length=100)] | None,
        Field(
            description="Words of ids, merchant and cities, also of those that the evidence "
            "compares, in any order. All must be there; the last may be the beginning of a longer "
            "word, if it has three letters or more and no digit.",
            examples=["istanbul books"],
        ),
    ] = None

    @model_validator(mode="after")
    def _ranges_are_ranges(self) -> Self:
        check_order(self.since, self.until)
        for name in ("score", "amount"):
            low, high = getattr(self, f"min_{name}"), getattr(self, f"max_{name}")
            if low is not None and high is not None and low > high:
                raise ValueError(f"`min_{name}` must not exceed `max_{name}`")
        return self

    def wanted(self) -> AlertFilter:
        """The same for the database."""
        return AlertFilter(
            rules=self.rule or None,
            severities=self.severity or None,
            statuses=self.status or None,
            countries=self.country or None,
            currencies=self.currency or None,
            user_id=self.user_id,
            assignee=self.assignee,
            assigned=self.assigned,
            suppressed=self.suppressed,
            min_score=self.min_score,
            max_score=self.max_score,
            min_amount=self.min_amount,
            max_amount=self.max_amount,
            since=self.since,
            until=self.until,
            text=self.text,
        )


class AlertQuery(AlertCriteria):
    """Which alerts to list, in which order, and from where."""

    sort: Annotated[
        Sort,
        Field(
            description="`newest` and `oldest` by when the transaction happened; `score` and "
            "`amount` (as a number, whatever the currency) begin with the highest."
        ),
    ] = "newest"
    limit: Annotated[int, Field(ge=1, le=200, description="Alerts on a page, at most.")] = 50
    cursor: Annotated[
        Annotated[str, AfterValidator(_a_cursor)] | None,
        Field(max_length=64, description="`next_cursor` of the page before."),
    ] = None

    @model_validator(mode="after")
    def _cursor_is_of_this_order(self) -> Self:
        position = self.after()
        if position and position.sort != self.sort:
            raise ValueError(f"`cursor` is of a list sorted by `{position.sort}`")
        return self

    def after(self) -> Position | None:
        """Where the page before ended."""
        return decode_cursor(self.cursor) if self.cursor else None


class ExportQuery(AlertCriteria):
    """Which alerts to export, and how."""

    format: Annotated[
        Literal["csv", "jsonl"], Field(description="JSON Lines has an object on each line.")
    ] = "csv"
    sort: Annotated[Sort, Field(description="As for the list.")] = "newest"
    limit: Annotated[
        int,
        Field(ge=1, le=MAX_EXPORT_ROWS, description="Alerts at most; as many may mean more."),
    ] = MAX_EXPORT_ROWS


class StreamQuery(Input):
    """Which events to send."""

    rule: Annotated[
        list[RuleName],
        Field(max_length=20, description="Of any of these rules.", examples=[["velocity"]]),
    ] = Field(default_factory=list)
    severity: Annotated[
        list[Severity], Field(max_length=3, description="Of any of these.", examples=[["high"]])
    ] = Field(default_factory=list)
    suppressed: Annotated[
        bool, Field(description="Also new alerts that a suppression keeps quiet.")
    ] = False


class HistoryQuery(Input):
    """Which part of an alert's history."""

    after: Annotated[
        int, Field(ge=0, le=2**31 - 1, description="Changes that led to later versions than this.")
    ] = 0
    limit: Annotated[int, Field(ge=1, le=200, description="Changes at most.")] = 200


class TriageChange(Input):
    """What to change; what is not given stays."""

    model_config = ConfigDict(json_schema_extra={"minProperties": 1})

    status: Annotated[
        Status | SkipJsonSchema[None],
        BeforeValidator(_not_null),
        Field(examples=["investigating"]),
    ] = None
    assignee: Annotated[
        Username | None,
        Field(description="An analyst or administrator; null for nobody.", examples=["alice"]),
    ] = None
    note: Annotated[
        Note | SkipJsonSchema[None],
        BeforeValidator(_not_null),
        Field(description="Added to the history; never changed.", examples=["Called."]),
    ] = None

    @model_validator(mode="after")
    def _changes_something(self) -> Self:
        if self.status is None and self.note is None and not self.assigns:
            raise ValueError("must have at least one of `status`, `assignee` and `note`")
        return self

    @property
    def assigns(self) -> bool:
        """Whether it says who takes care of the alert, if only that nobody does."""
        return "assignee" in self.model_fields_set

    def request(self) -> TriageRequest:
        """The same for the database."""
        return TriageRequest(
            status=self.status, assigns=self.assigns, assignee=self.assignee, note=self.note
        )


class BulkItem(Input):
    """One alert to change, as the user has seen it."""

    alert_id: AlertId
    version: Version


class BulkTriage(TriageChange):
    """The same change for many alerts."""

    model_config = ConfigDict(json_schema_extra={"minProperties": 2})

    items: Annotated[list[BulkItem], Field(min_length=1, max_length=MAX_BULK)]
