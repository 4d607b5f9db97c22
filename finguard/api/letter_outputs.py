"""What the API answers about dead letters, with an example of each; nothing hostile gets out."""

from base64 import b64encode
from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Any, Final, Literal

from pydantic import BaseModel, ConfigDict, Field

from finguard.api.alert_outputs import Source
from finguard.dead_letters.outcomes import Outcome, Refusal
from finguard.domain.dead_letters import FACT_PREFIX, Headers, Letter, Message, Status, escaped

MAX_HEADERS: Final = 100
MAX_HEADER_BYTES: Final = 1_024

_LETTER: Final[dict[str, Any]] = {
    "dead_letter_id": 17,
    "status": "open",
    "attempt": 1,
    "stage": "decode",
    "reason": "amount",
    "detail": "the amount is not a finite number",
    "error_class": "InvalidMessage",
    "size": 312,
    "source": {"topic": "transactions", "partition": 3, "offset": 90210},
    "buried_at": {"partition": 0, "offset": 16},
    "published_at": "2026-03-01T12:01:00.120000Z",
    "recorded_at": "2026-03-01T12:01:00.181000Z",
    "status_at": None,
    "status_by": None,
    "status_note": None,
    "replay": None,
    "replay_of": None,
    "followed_by": None,
}

_REPLAYED: Final[dict[str, Any]] = {
    **_LETTER,
    "status": "replayed",
    "status_at": "2026-03-01T12:30:00Z",
    "status_by": "alice",
    "replay": {"partition": 3, "offset": 90999},
}

_VALUE: Final[dict[str, Any]] = {
    "size": 14,
    "text": '{"amount":NaN}',
    "base64": "eyJhbW91bnQiOk5hTn0=",
    "cut": False,
}


class Place(BaseModel):
    """A place in a topic."""

    partition: int
    offset: int


class ReplayPlace(BaseModel):
    """Where Kafka has put a replay, as far as that is known."""

    partition: int | None
    offset: Annotated[
        int | None,
        Field(description="Null where it is not known whether Kafka has it; replaying is safe."),
    ]


class DeadLetter(BaseModel):
    """A message that was no transaction, and what has become of it."""

    model_config = ConfigDict(json_schema_extra={"examples": [_LETTER]})

    dead_letter_id: int
    status: Annotated[
        Status,
        Field(
            description="`open`: nobody has decided. `replayed`: sent again; the detector's word "
            "is awaited, or came as `followed_by`. `resolved`: a replay was judged well. "
            "`discarded`: by a person."
        ),
    ]
    attempt: Annotated[int, Field(description="How often it was tried, this time included.")]
    stage: Annotated[str, Field(description="Where it failed.")]
    reason: Annotated[str, Field(description="Why, in a code.")]
    detail: Annotated[str, Field(description="Why, for a person; escaped as `text` below.")]
    error_class: Annotated[str | None, Field(description="The exception's name.")]
    size: Annotated[int | None, Field(description="Of the original value, in bytes.")]
    source: Annotated[Source, Field(description="The Kafka record that it was.")]
    buried_at: Annotated[Place | None, Field(description="Where in the dead-letter topic.")]
    published_at: Annotated[datetime, Field(description="When Kafka took the message.")]
    recorded_at: Annotated[datetime, Field(description="When it was found to be bad.")]
    status_at: Annotated[datetime | None, Field(description="When somebody changed it last.")]
    status_by: Annotated[str | None, Field(description="Who: a person, or the detector.")]
    status_note: Annotated[str | None, Field(description="Why it was discarded.")]
    replay: Annotated[ReplayPlace | None, Field(description="The last replay that was begun.")]
    replay_of: Annotated[int | None, Field(description="The message's first letter; else null.")]
    followed_by: Annotated[int | None, Field(description="The letter of its latest attempt.")]


class DeadLetterPage(BaseModel):
    """Some dead letters, newest first."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [{"items": [_LETTER], "next_cursor": "AQAGTBO4_8cAAAAAAAAAABE"}]
        }
    )

    items: list[DeadLetter]
    next_cursor: Annotated[
        str | None, Field(description="`cursor` of the next page; null on the last.")
    ]


class Bytes(BaseModel):
    r"""Bytes of a stranger, or their begin."""

    size: Annotated[int, Field(description="Of all of them.")]
    text: Annotated[
        str,
        Field(description=r"What is not printable text is written like `\x1b`. May hold HTML."),
    ]
    base64: Annotated[str, Field(description="The same bytes exactly.")]
    cut: Annotated[bool, Field(description="More follow than are shown.")]


class MessageHeader(BaseModel):
    """A header of a Kafka record."""

    name: str
    value: Bytes | None


class LetterMessage(BaseModel):
    """A dead letter's message, as Kafka holds it."""

    key: Bytes | None
    value: Bytes | None
    headers: Annotated[
        list[MessageHeader],
        Field(description=f"Its own, then FinGuard's; {MAX_HEADERS} at most of each."),
    ]
    header_count: Annotated[int, Field(description="How many it has.")]


class LetterAction(BaseModel):
    """What somebody did with a dead letter."""

    at: datetime
    actor: str
    action: Annotated[str, Field(description="`dead_letter.replay` or `dead_letter.discard`.")]
    edited: Annotated[bool, Field(description="Something else was sent.")]
    note: str | None


class DeadLetterFile(DeadLetter):
    """All there is on one dead letter."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    **_REPLAYED,
                    "message_status": "whole",
                    "message": {
                        "key": {
                            "size": 9,
                            "text": "user-0042",
                            "base64": "dXNlci0wMDQy",
                            "cut": False,
                        },
                        "value": _VALUE,
                        "headers": [
                            {
                                "name": "dlq.reason",
                                "value": {
                                    "size": 6,
                                    "text": "amount",
                                    "base64": "YW1vdW50",
                                    "cut": False,
                                },
                            }
                        ],
                        "header_count": 1,
                    },
                    "attempts": [_REPLAYED],
                    "history": [
                        {
                            "at": "2026-03-01T12:30:00Z",
                            "actor": "alice",
                            "action": "dead_letter.replay",
                            "edited": False,
                            "note": None,
                        }
                    ],
                }
            ]
        }
    )

    message_status: Annotated[
        Literal["whole", "cut", "gone", "unavailable"],
        Field(
            description="`cut`: it was too long to be kept, and the original is gone. `gone`: "
            "Kafka holds it no longer. `unavailable`: Kafka cannot be asked right now."
        ),
    ]
    message: LetterMessage | None
    attempts: Annotated[list[DeadLetter], Field(description="All of them, the first one first.")]
    history: Annotated[
        list[LetterAction], Field(description="What people did with this letter, newest first.")
    ]


class LetterOutcome(BaseModel):
    """What became of one dead letter."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "dead_letter_id": 17,
                    "outcome": "replayed",
                    "refusal": None,
                    "detail": "Dead letter 17: replayed as attempt 2.",
                    "place": {"partition": 3, "offset": 90999},
                    "current": _REPLAYED,
                }
            ]
        }
    )

    dead_letter_id: int
    outcome: Annotated[
        Literal["replayed", "discarded", "unchanged", "refused", "missing"],
        Field(
            description="`unchanged` was so already, also by this very request before; `missing` "
            "is no dead letter."
        ),
    ]
    refusal: Annotated[Refusal | None, Field(description="Why, where it was `refused`.")]
    detail: Annotated[str, Field(description="The same in words, with what helps.")]
    place: Annotated[
        Place | None, Field(description="Where in the transactions topic the replay lies.")
    ]
    current: Annotated[DeadLetter | None, Field(description="The dead letter as it is now.")]


class LetterOutcomes(BaseModel):
    """What became of each dead letter, in the request's order; each id once."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "results": [
                        {
                            "dead_letter_id": 4711,
                            "outcome": "missing",
                            "refusal": None,
                            "detail": "Dead letter 4711: there is no such letter.",
                            "place": None,
                            "current": None,
                        }
                    ]
                }
            ]
        }
    )

    results: list[LetterOutcome]


def shown(letter: Letter) -> DeadLetter:
    """A letter for everybody to see."""
    return DeadLetter.model_validate(_fields(letter))


def file_of(
    letter: Letter,
    message: Message | None,
    message_status: str,
    *,
    attempts: Sequence[Letter],
    history: Sequence[dict[str, Any]],
    max_bytes: int,
) -> DeadLetterFile:
    """All on a letter for everybody to see; of key and value so many bytes."""
    return DeadLetterFile.model_validate(
        {
            **_fields(letter),
            "message_status": message_status,
            "message": None if message is None else _message(message, max_bytes),
            "attempts": [shown(attempt) for attempt in attempts],
            "history": [_action(entry) for entry in history],
        }
    )


def outcome_of(outcome: Outcome, letter: Letter | None) -> LetterOutcome:
    """What became of a letter, which is now so."""
    place = outcome.place
    return LetterOutcome(
        dead_letter_id=outcome.dead_letter_id,
        outcome="missing" if outcome.result == "unknown" else outcome.result,
        refusal=outcome.refusal,
        detail=f"Dead letter {outcome.dead_letter_id}: {_safe(outcome.words)}.",
        place=Place(partition=place.partition, offset=place.offset) if place else None,
        current=shown(letter) if letter else None,
    )


def _fields(letter: Letter) -> dict[str, Any]:
    is_buried = letter.dlq_partition is not None and letter.dlq_offset is not None
    return {
        **{name: getattr(letter, name, None) for name in DeadLetter.model_fields},
        "detail": _safe(letter.detail),
        "source": {
            "topic": letter.topic,
            "partition": letter.partition,
            "offset": letter.offset,
        },
        "buried_at": {"partition": letter.dlq_partition, "offset": letter.dlq_offset}
        if is_buried
        else None,
        "replay": {"partition": letter.replay_partition, "offset": letter.replay_offset}
        if letter.replay_sha256
        else None,
    }


def _message(message: Message, max_bytes: int) -> dict[str, Any]:
    return {
        "key": _bytes(message.key, max_bytes),
        "value": _bytes(message.value, max_bytes),
        "headers": [
            {"name": _safe(name)[:MAX_HEADER_BYTES], "value": _bytes(value, MAX_HEADER_BYTES)}
            for name, value in _some(message.headers)
        ],
        "header_count": len(message.headers),
    }


def _some(headers: Headers) -> Headers:
    """Not all that a stranger may have sent; FinGuard's, which come last, are never left out."""
    own = [header for header in headers if not header[0].startswith(FACT_PREFIX)]
    facts = [header for header in headers if header[0].startswith(FACT_PREFIX)]
    return [*own[:MAX_HEADERS], *facts[:MAX_HEADERS]]


def _bytes(data: bytes | None, max_bytes: int) -> dict[str, Any] | None:
    if data is None:
        return None
    begin = data[:max_bytes]
    return {
        "size": len(data),
        "text": escaped(begin),
        "base64": b64encode(begin).decode(),
        "cut": len(begin) < len(data),
    }


def _action(entry: dict[str, Any]) -> dict[str, Any]:
    after = entry["after"] or {}
    return {**entry, "edited": "value" in after, "note": after.get("note")}


def _safe(text: str) -> str:
    return escaped(text.encode("utf-8", "backslashreplace"))
