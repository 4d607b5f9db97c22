"""Dead letters in words: why they are some, where they failed, and what has become of them."""

from typing import Final

from finguard.dashboard.client.letters import Letter
from finguard.dashboard.wording import Clock, count, named

REASONS: Final = {
    "amount": "Amount",
    "conflict": "Conflict",
    "country": "Country",
    "currency": "Currency",
    "duplicate_key": "Duplicate key",
    "empty": "Empty",
    "encoding": "Encoding",
    "future": "In the future",
    "key_mismatch": "Wrong key",
    "malformed_json": "Malformed JSON",
    "rule_failed": "Rule failed",
    "schema": "Schema",
    "timestamp": "Timestamp",
    "too_large": "Too large",
    "unprintable": "Unprintable",
}

MEANINGS: Final = {
    "amount": "The amount is no number that can be an amount of money.",
    "conflict": "An earlier message has the same transaction ID and other content.",
    "country": "The country is no two-letter code of ISO 3166-1.",
    "currency": "The currency is no active code of ISO 4217.",
    "duplicate_key": "A field stands in the message twice, so that nobody knows which one counts.",
    "empty": "The message has no value: there is nothing to judge.",
    "encoding": "The bytes are no text in UTF-8.",
    "future": "The timestamp lies further ahead of the message's own than clocks go wrong.",
    "key_mismatch": "The message's key is not its user, so it may lie apart from their history.",
    "malformed_json": "The bytes are no JSON.",
    "rule_failed": "A rule failed on it: a fault of FinGuard's, not of the sender's. Once it is "
    "mended, the message can be replayed as it is.",
    "schema": "It is JSON, but a field is missing, unknown, or of the wrong type.",
    "timestamp": "The timestamp lies before 1970.",
    "too_large": "It is larger than any transaction may be.",
    "unprintable": "A text in it holds control characters.",
}
"""What each reason means, in a sentence."""

STAGES: Final = {
    "decode": "Reading the message",
    "assess": "Holding it against what is known",
    "rule": "Judging it by the rules",
}

STATUSES: Final = {
    "open": "○ Open",
    "replayed": "↻ Replayed",
    "resolved": "✓ Resolved",
    "discarded": "✕ Discarded",
}
"""With a sign each, so that the colour is never the only one."""

STATUS_BADGES: Final = {
    "open": "orange",
    "replayed": "blue",
    "resolved": "green",
    "discarded": "gray",
}

_ACTIONS: Final = {"dead_letter.replay": "Replayed", "dead_letter.discard": "Discarded"}

_MESSAGES: Final = {
    "cut": "It was too long to be kept whole, and Kafka no longer holds the original: it can be "
    "replayed with another value, or discarded.",
    "gone": "Kafka no longer holds this message. It cannot be replayed; discard it.",
    "unavailable": "The message cannot be read right now: Kafka does not answer. The rest is here, "
    "and the message follows by itself.",
}


def state(letter: Letter, viewer: Clock) -> str:
    """What has become of a letter, and what is to be done, in a sentence or two."""
    by, at = letter.status_by or "somebody", letter.status_at
    when = f" on {viewer.full(at)}" if at else ""
    if letter.status == "resolved":
        return f"A replay was judged well{when}. There is nothing left to do."
    if letter.status == "discarded":
        note = f": “{letter.status_note}”" if letter.status_note else "."
        return f"Discarded by {by}{when}{note}"
    if letter.followed_by is not None:
        return f"Replayed by {by}{when}, and it came back. Work on the later attempt."
    if letter.waits:
        return (
            f"Replayed by {by}{when}. The detector's word is awaited and appears here by itself; "
            "without a running detector it does not come."
        )
    return "Nobody has decided yet: replay it, edit it first, or discard it."


def sentence(detail: str) -> str:
    """The API's words on why, as a sentence begins."""
    return detail[:1].upper() + detail[1:]


def missing_message(status: str) -> str:
    """Why the message is not here, or not whole; empty where it is."""
    return _MESSAGES.get(status, "")


def action_name(action: str, *, edited: bool) -> str:
    """What somebody did, in words."""
    name = named(_ACTIONS, action)
    return f"{name}, edited" if edited else name


def size(number: int | None) -> str:
    """A size in bytes."""
    if number is None:
        return "unknown"
    return "1 byte" if number == 1 else f"{count(number)} bytes"


def delay(letter: Letter) -> float:
    """How many seconds after Kafka took it the message was found to be bad."""
    return max(0.0, (letter.recorded_at - letter.published_at).total_seconds())
