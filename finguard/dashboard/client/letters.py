"""Dead letters over the API: lists of them, one with its message, and what people do with them."""

from base64 import b64decode
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Literal, NamedTuple

from pydantic import AwareDatetime, BaseModel, ConfigDict, JsonValue

from finguard.dashboard.client.alerts import Source
from finguard.dashboard.client.http import Answer, Connection, Page, between
from finguard.dashboard.client.statistics import Bucket

PATH: Final = "/api/v1/dead-letters"


class Place(Answer):
    """A place in a topic."""

    partition: int
    offset: int


class Letter(Answer):
    """A message that was no transaction, and what has become of it."""

    dead_letter_id: int
    status: str
    attempt: int
    stage: str
    reason: str
    detail: str
    error_class: str | None
    size: int | None
    source: Source
    buried_at: Place | None
    published_at: AwareDatetime
    recorded_at: AwareDatetime
    status_at: AwareDatetime | None
    status_by: str | None
    status_note: str | None
    replay_of: int | None
    followed_by: int | None

    @property
    def waits(self) -> bool:
        """Whether it was sent again and the detector's word is awaited."""
        return self.status == "replayed" and self.followed_by is None


class LetterPage(Page[Letter]):
    """Some dead letters, newest first."""


class Content(Answer):
    """Bytes of a stranger, or their begin.

    Attributes:
        size: of all of them.
        text: with whatever is not printable written out; it may hold HTML and markdown.
        base64: the same bytes exactly.
        cut: whether more follow.
    """

    size: int
    text: str
    base64: str
    cut: bool

    @property
    def data(self) -> bytes:
        """The bytes."""
        return b64decode(self.base64)


class Header(Answer):
    """A header of a Kafka record."""

    name: str
    value: Content | None


class Message(Answer):
    """A dead letter's message, as Kafka holds it."""

    key: Content | None
    value: Content | None
    headers: tuple[Header, ...]
    header_count: int


class Action(Answer):
    """What somebody did with a dead letter."""

    at: AwareDatetime
    actor: str
    action: str
    edited: bool
    note: str | None


class LetterDetail(Letter):
    """All there is on one dead letter."""

    message_status: Literal["whole", "cut", "gone", "unavailable"]
    message: Message | None
    attempts: tuple[Letter, ...]
    history: tuple[Action, ...]


class Outcome(Answer):
    """What became of one dead letter that somebody worked on; `detail` says it in words."""

    dead_letter_id: int
    outcome: str
    detail: str
    current: Letter | None


class Outcomes(Answer):
    """The same of each of several."""

    results: tuple[Outcome, ...]


class LetterRow(Answer):
    """The dead letters of one bucket."""

    bucket: AwareDatetime
    by_reason: dict[str, int]


class LetterCounts(Answer):
    """The dead letters of a stretch of time, by when Kafka took them."""

    bucket: Bucket
    dead_letters: int
    by_reason: dict[str, int]
    by_status: dict[str, int]
    rows: tuple[LetterRow, ...]


class LetterFilter(BaseModel):
    """Which dead letters to list; None means any."""

    model_config = ConfigDict(frozen=True)

    reason: str | None = None
    stage: str | None = None
    status: str | None = None
    start: datetime | None = None
    end: datetime | None = None

    def parameters(self) -> dict[str, str]:
        """The filter as the API's query parameters."""
        named = {
            "reason": self.reason,
            "stage": self.stage,
            "status": self.status,
            "from": self.start.isoformat() if self.start else None,
            "to": self.end.isoformat() if self.end else None,
        }
        return {name: value for name, value in named.items() if value}


Part = dict[str, str]
"""A key or a value to send: `{"text": …}` or `{"base64": …}`."""


class Edit(NamedTuple):
    """What to send in a message's place; None stays as it was."""

    key: Part | None = None
    value: Part | None = None

    def body(self) -> dict[str, JsonValue]:
        """As the API takes it."""
        return {name: dict(part) for name, part in self._asdict().items() if part is not None}


@dataclass(frozen=True)
class Letters:
    """Messages that were no transactions."""

    connection: Connection

    def page(self, chosen: LetterFilter, limit: int, cursor: str | None = None) -> LetterPage:
        """A page of dead letters, newest first."""
        parameters = chosen.parameters() | {"limit": str(limit)}
        if cursor:
            parameters["cursor"] = cursor
        return self.connection.get(PATH, LetterPage, parameters)

    def one(self, letter_id: int, max_bytes: int) -> LetterDetail:
        """One dead letter with so many bytes of its message's key and value.

        Raises:
            NotFound: there is none with this number.
        """
        parameters = {"max_bytes": str(max_bytes)}
        return self.connection.get(f"{PATH}/{letter_id}", LetterDetail, parameters)

    def counts(self, bucket: Bucket, start: datetime, end: datetime | None = None) -> LetterCounts:
        """Dead letters over `[start, end)`, 2,000 buckets at most."""
        parameters = between(start, end) | {"bucket": bucket}
        return self.connection.get("/api/v1/stats/dead-letters", LetterCounts, parameters)

    def replay(self, letter_ids: list[int], *, again: bool = False) -> Outcomes:
        """Send some messages again as they are, each for itself; 50 at most, and twice is safe.

        Args:
            letter_ids: whose messages.
            again: also what was sent already and has had no answer.
        """
        body = {"ids": list(letter_ids), "again": again}
        return self.connection.send_json("POST", f"{PATH}/replay", body, Outcomes)

    def replay_edited(self, letter_id: int, edit: Edit, *, again: bool = False) -> Outcome:
        """Send something else in a message's place.

        Raises:
            Conflict: it cannot be, for the reason given; nothing was sent.
            Refused: the same, for good.
            NotFound: there is no such letter.
        """
        body = edit.body() | {"again": again}
        return self.connection.send_json("POST", f"{PATH}/{letter_id}/replay", body, Outcome)

    def discard(self, letter_ids: list[int], note: str) -> Outcomes:
        """Say of some that nothing will come of them, each for itself; 50 at most."""
        body = {"ids": list(letter_ids), "note": note}
        return self.connection.send_json("POST", f"{PATH}/discard", body, Outcomes)
