"""What keeps a customer's alerts quiet, in words; and until when a new entry may be asked for."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final

import pandas as pd

from finguard.dashboard.client.customers import Kind, State, Suppression
from finguard.dashboard.wording import NOTHING, RULES, Clock, named

KINDS: Final[dict[Kind, str]] = {"snooze": "Snooze", "allow": "Allow"}

MEANINGS: Final[dict[Kind, str]] = {
    "snooze": "Not now: somebody looks into it, or the customer is known to travel. It ends.",
    "allow": "What they do is in order. It holds until it is withdrawn, or ends when you say.",
}

STATES: Final[dict[State, str]] = {
    "active": "● Active",
    "expired": "○ Expired",
    "withdrawn": "✗ Withdrawn",
}
"""With a shape, so that the colour is never the only sign."""

EVERY_RULE: Final = "Every rule"

WITHDRAWN: Final = "Withdrawn"
OTHER: Final = "Another time"
_LENGTHS: Final = {
    "In 1 day": timedelta(days=1),
    "In 7 days": timedelta(days=7),
    "In 30 days": timedelta(days=30),
}

_COLUMNS: Final = ["State", "Kind", "Of", "Reason", "By", "Since", "Ends", "Withdrawn", "Who"]


def ends(kind: Kind) -> list[str]:
    """The ends to choose from; a snooze has one."""
    return [*_LENGTHS, OTHER] if kind == "snooze" else [WITHDRAWN, *_LENGTHS, OTHER]


def end_of(label: str, now: datetime, other: datetime | None) -> datetime | None:
    """The instant of one of `ends`; None where it holds until it is withdrawn.

    Args:
        label: which.
        now: what lengths count from.
        other: the end of one's own, for `OTHER`.
    """
    if label == OTHER:
        return other
    length = _LENGTHS.get(label)
    return None if length is None else now + length


def scope(entry: Suppression) -> str:
    """What it keeps quiet."""
    return EVERY_RULE if entry.rule is None else named(RULES, entry.rule)


def until(entry: Suppression, clock: Clock) -> str:
    """When it ends, as a sentence says it."""
    if entry.expires_at is None:
        return "until it is withdrawn"
    return f"until {clock.full(entry.expires_at)}"


def past_frame(entries: Sequence[Suppression]) -> pd.DataFrame:
    """A row per entry that no longer counts, in the order given."""
    rows = [
        (
            STATES[entry.state],
            KINDS[entry.kind],
            scope(entry),
            entry.reason,
            entry.created_by,
            entry.created_at,
            entry.expires_at,
            entry.withdrawn_at,
            entry.withdrawn_by or NOTHING,
        )
        for entry in entries
        if entry.state != "active"
    ]
    frame = pd.DataFrame(rows, columns=_COLUMNS)
    for column in ("Since", "Ends", "Withdrawn"):
        frame[column] = pd.to_datetime(frame[column], utc=True)
    return frame
