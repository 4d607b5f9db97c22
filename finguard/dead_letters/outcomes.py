"""What goes over the desk for dead letters: edits, files, and what came of the work."""

from typing import Literal

import msgspec

from finguard.domain.dead_letters import Letter, Message
from finguard.domain.stream import Place

Result = Literal["replayed", "discarded", "unchanged", "refused", "unknown"]
"""Unchanged: what was asked for had been done before."""

Refusal = Literal[
    "changed",
    "cut",
    "empty",
    "exhausted",
    "gone",
    "rejected",
    "resolved",
    "superseded",
    "too_large",
]
"""Why nothing was done. Changed: by somebody else meanwhile. Cut: the value is not whole any more.
Empty: there is neither key nor value. Exhausted: tried as often as may be. Gone: Kafka has no such
message any more. Rejected: the detector would reject the edit. Superseded: by a later attempt."""


class Edit(msgspec.Struct, frozen=True):
    """What a person puts in the place of a message's key or value; None keeps the original's."""

    key: bytes | None = None
    value: bytes | None = None


class Outcome(msgspec.Struct, frozen=True):
    """What came of one letter.

    Attributes:
        words: for a person: what was done, or why nothing was and what helps.
        place: where in the transactions topic a replay lies; None in a dry run, too.
        refusal: why, where the result is `refused`.
    """

    dead_letter_id: int
    result: Result
    words: str
    place: Place | None = None
    refusal: Refusal | None = None


class File(msgspec.Struct, frozen=True):
    """All there is on one letter.

    Attributes:
        message: None where Kafka holds it no longer.
        chain: all attempts of the message, the first one first.
    """

    letter: Letter
    message: Message | None
    chain: list[Letter]
