"""Dead letters as people work with them: what is known of each, and how a replay is told."""

from collections.abc import Sequence
from datetime import datetime
from hashlib import sha256
from typing import Final, Literal, get_args

import msgspec

from finguard.domain.effects import Stage
from finguard.domain.stream import Place

Status = Literal["open", "replayed", "resolved", "discarded"]
"""Open: nobody has decided. Replayed: Kafka has it again, the detector's word is awaited, or has
come as the chain's next letter. Resolved: a replay was judged well. Discarded: by a person."""

STATUSES: Final[tuple[Status, ...]] = get_args(Status)
STAGES: Final[tuple[Stage, ...]] = get_args(Stage)

FACT_PREFIX: Final = "dlq."
"""Headers that FinGuard writes begin so; a message's own headers of such a name are dropped."""

REPLAY_HEADER: Final = "dlq.replay.of"
"""On a replayed message: the letter it replays."""

ATTEMPT_HEADER: Final = "dlq.attempt"
"""On a replayed message: how often it has been tried before."""

_MAX_ID_DIGITS: Final = 18

_CONTROLS: Final = {
    code: chr(code).encode("unicode_escape").decode()
    for code in range(256)
    if not chr(code).isprintable()
}
"""How to write most of what is not printable: replaced at once, since a message may have 1 MiB."""

Headers = Sequence[tuple[str, bytes | None]]


class Letter(msgspec.Struct, frozen=True, kw_only=True):
    """What the index holds of one dead letter.

    Attributes:
        topic: where the message came from, with `topic_id`, `partition` and `offset`.
        error_class: the exception's name; like `size` and `dlq_…` unknown of letters from before
            they were kept.
        size: of the original value, in bytes.
        attempt: how often the chain's message has been tried, this time included.
        replay_of: the first letter of the chain; None for the first itself.
        published_at: when Kafka took the message. recorded_at: when the letter was written down.
        dlq_partition: where the letter lies in the dead-letter topic, with `dlq_offset`.
        status_at: when a person or the detector changed it last, and `status_by` whom.
        status_note: why it was discarded.
        replay_sha256: `digest` of the replay that was begun last.
        replay_partition: where that was put, as far as it is known, with `replay_offset`.
        followed_by: the chain's latest attempt, if that came after this one.
    """

    dead_letter_id: int
    topic: str
    topic_id: str
    partition: int
    offset: int
    stage: str
    reason: str
    detail: str
    error_class: str | None
    size: int | None
    attempt: int
    replay_of: int | None
    published_at: datetime
    recorded_at: datetime
    dlq_partition: int | None
    dlq_offset: int | None
    status: Status
    status_at: datetime | None
    status_by: str | None
    status_note: str | None
    replay_sha256: str | None
    replay_partition: int | None
    replay_offset: int | None
    followed_by: int | None

    @property
    def chain(self) -> int:
        """The first letter of its chain."""
        return self.dead_letter_id if self.replay_of is None else self.replay_of


class LetterFilter(msgspec.Struct, frozen=True, kw_only=True):
    """Which letters are meant; what is None does not restrict.

    Attributes:
        reasons: any of these; likewise stages and statuses.
        since: messages that Kafka took then or later. until: before then.
    """

    reasons: Sequence[str] | None = None
    stages: Sequence[str] | None = None
    statuses: Sequence[str] | None = None
    since: datetime | None = None
    until: datetime | None = None


class Position(msgspec.Struct, frozen=True):
    """A place in the order of letters: the letter there, by the time Kafka took its message."""

    published_at: datetime
    dead_letter_id: int


class Actor(msgspec.Struct, frozen=True):
    """Who acts, for the audit log.

    Attributes:
        name: a user's name, or `cli:NAME` for a command on the server.
        request_id: of the HTTP request, where there was one.
    """

    name: str
    request_id: str | None = None


class Message(msgspec.Struct, frozen=True):
    """A dead letter's message, as Kafka still holds it.

    Attributes:
        headers: the message's own, and FinGuard's where it was read from the dead-letter topic.
        whole: False where the value was cut when it was buried, and the original is gone.
    """

    key: bytes | None
    value: bytes | None
    headers: Headers
    whole: bool = True

    @property
    def own_headers(self) -> list[tuple[str, bytes]]:
        """The headers that the message came with; one without a value gets an empty one."""
        return own_headers(self.headers)


class Replay(msgspec.Struct, frozen=True, kw_only=True):
    """A message that is about to be published again.

    Attributes:
        letter: as it was when the replay was decided.
        partition: where it must go; None leaves it to the key.
        edited: whether a person has changed key or value.
    """

    letter: Letter
    key: bytes | None
    value: bytes | None
    own_headers: Sequence[tuple[str, bytes]]
    partition: int | None
    edited: bool = False

    @property
    def sha256(self) -> str:
        """What the detector recognises the replay by."""
        return digest(self.key, self.value)

    @property
    def headers(self) -> list[tuple[str, bytes]]:
        """The message's own, and which letter it replays for which time."""
        return [
            *self.own_headers,
            (REPLAY_HEADER, b"%d" % self.letter.dead_letter_id),
            (ATTEMPT_HEADER, b"%d" % self.letter.attempt),
        ]


class SentReplay(msgspec.Struct, frozen=True):
    """A replay that Kafka has acknowledged, and where it put it."""

    replay: Replay
    place: Place


def own_headers(headers: Headers) -> list[tuple[str, bytes]]:
    """Headers without FinGuard's; Kafka allows one without a value, its client does not."""
    return [(name, data or b"") for name, data in headers if not name.startswith(FACT_PREFIX)]


def claimed_letter(headers: Headers) -> int | None:
    """The letter that a message says it replays: a stranger's word until the index confirms it."""
    for name, value in headers:
        if name == REPLAY_HEADER and value and len(value) <= _MAX_ID_DIGITS and value.isdigit():
            return int(value)
    return None


def digest(key: bytes | None, value: bytes | None) -> str:
    """SHA-256 over key and value, None told from empty, in hexadecimal."""
    hashed = sha256()
    for part in (key, value):
        hashed.update(b"-" if part is None else b"%d:" % len(part))
        hashed.update(part or b"")
    return hashed.hexdigest()


def escaped(data: bytes) -> str:
    r"""Hostile bytes as text that cannot act: what is not printable becomes `\x1b` and the like."""
    text = data.decode("utf-8", "backslashreplace")
    if text.isprintable():
        return text
    text = text.translate(_CONTROLS)
    if text.isprintable():
        return text
    return "".join(
        char if char.isprintable() else char.encode("unicode_escape").decode() for char in text
    )
