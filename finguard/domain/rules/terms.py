"""What a rule judges by, as it is told to people and programs."""

from typing import Any

import msgspec


class Terms(msgspec.Struct, frozen=True):
    """A rule in words, with the limits that it applies.

    Attributes:
        rule: its name. version: as its findings carry it.
        meaning: what it looks for, in plain words.
        limits: JSON-ready, each under the name that says its unit; amounts as text.
    """

    rule: str
    version: int
    meaning: str
    limits: dict[str, Any]
