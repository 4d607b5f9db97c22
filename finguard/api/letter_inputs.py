"""What requests about dead letters bring."""

from base64 import b64decode
from typing import Annotated, Final

from pydantic import AfterValidator, Field, StringConstraints, model_validator

from finguard.api.alert_inputs import Note
from finguard.api.cursor import decode_letter_cursor
from finguard.api.inputs import MAX_ID, Input, RuleName, Since, Until, check_order
from finguard.dead_letters.outcomes import Edit
from finguard.domain.dead_letters import LetterFilter, Position, Status
from finguard.domain.effects import Stage
from finguard.domain.transaction import MAX_PAYLOAD_BYTES

MAX_BULK: Final = 50
MAX_CONTENT_BYTES: Final = 1_048_576
SHOWN_BYTES: Final = 65_536

_BASE64: Final = r"^([A-Za-z0-9+/]{4})*([A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$"


def _a_cursor(text: str) -> str:
    decode_letter_cursor(text)
    return text


def _of_characters(text: str) -> str:
    """A lone surrogate, which JSON can write, is none and has no bytes."""
    try:
        text.encode()
    except UnicodeEncodeError:
        raise ValueError("must be text that has a form in UTF-8; bytes go into `base64`") from None
    return text


LetterId = Annotated[int, Field(ge=1, le=MAX_ID, examples=[17])]
Reason = RuleName


class LetterQuery(Input):
    """Which dead letters to list, and from where."""

    reason: Annotated[
        list[Reason],
        Field(max_length=20, description="Any of these reasons.", examples=[["schema"]]),
    ] = Field(default_factory=list)
    stage: Annotated[
        list[Stage], Field(max_length=3, description="Failed in any of these.", examples=[["rule"]])
    ] = Field(default_factory=list)
    status: Annotated[
        list[Status], Field(max_length=4, description="Any of these.", examples=[["open"]])
    ] = Field(default_factory=list)
    since: Since = None
    until: Until = None
    limit: Annotated[int, Field(ge=1, le=200, description="Letters on a page, at most.")] = 50
    cursor: Annotated[
        Annotated[str, AfterValidator(_a_cursor)] | None,
        Field(max_length=64, description="`next_cursor` of the page before."),
    ] = None

    @model_validator(mode="after")
    def _range_is_one(self) -> "LetterQuery":
        check_order(self.since, self.until)
        return self

    def wanted(self) -> LetterFilter:
        """The same for the index."""
        return LetterFilter(
            reasons=self.reason or None,
            stages=self.stage or None,
            statuses=self.status or None,
            since=self.since,
            until=self.until,
        )

    def below(self) -> Position | None:
        """Where the page before ended."""
        return decode_letter_cursor(self.cursor) if self.cursor else None


class ContentQuery(Input):
    """How much of a message to show."""

    max_bytes: Annotated[
        int,
        Field(ge=0, le=MAX_CONTENT_BYTES, description="Of key and value each, from the begin."),
    ] = SHOWN_BYTES


class TextContent(Input):
    """A key or a value as text, which is sent in UTF-8."""

    text: Annotated[
        Annotated[str, AfterValidator(_of_characters)],
        Field(max_length=MAX_PAYLOAD_BYTES, examples=['{"amount":12.5}']),
    ]

    def content(self) -> bytes:
        """The bytes to send."""
        return self.text.encode()


class Base64Content(Input):
    """A key or a value of any bytes, in base64."""

    base64: Annotated[
        str,
        StringConstraints(pattern=_BASE64, max_length=4 * MAX_PAYLOAD_BYTES // 3 + 4),
        Field(examples=["eyJhbW91bnQiOjEyLjV9"]),
    ]

    def content(self) -> bytes:
        """The bytes to send."""
        return b64decode(self.base64)


Content = TextContent | Base64Content
Again = Annotated[
    bool,
    Field(
        strict=True,
        description="Also what was replayed already and has had no answer.",
        examples=[False],
    ),
]


class ReplayRequest(Input):
    """What to send instead, if anything; what is not given, or null, stays as it was."""

    key: Annotated[
        Content | None,
        Field(description="Another key.", examples=[{"text": "user-0042"}]),
    ] = None
    value: Annotated[
        Content | None,
        Field(description="Another value.", examples=[{"text": '{"amount":12.5}'}]),
    ] = None
    again: Again = False

    def edit(self) -> Edit | None:
        """The same for the desk."""
        if self.key is None and self.value is None:
            return None
        return Edit(
            None if self.key is None else self.key.content(),
            None if self.value is None else self.value.content(),
        )


AS_IT_IS: Final = ReplayRequest()


class DiscardRequest(Input):
    """Why nothing will come of it."""

    note: Annotated[
        Note, Field(description="Why; it is kept.", examples=["A test of the new app."])
    ]


Ids = Annotated[
    list[LetterId],
    Field(min_length=1, max_length=MAX_BULK, examples=[[17, 18]], description="Which letters."),
]


class BulkReplay(Input):
    """Letters whose messages are to be sent again as they are."""

    ids: Ids
    again: Again = False


class BulkDiscard(DiscardRequest):
    """Letters that nothing will come of, and why."""

    ids: Ids
