"""What a place in a path can hold."""

from typing import Final

from starlette.convertors import StringConvertor, register_url_convertor

ALERT: Final = "{alert_id:alert}"
"""An alert's id, in paths where words stand in the same place."""

LETTER: Final = "{dead_letter_id:letter}"
"""Likewise a dead letter's."""


class _AlertConvertor(StringConvertor):
    """Anything but those words, so that a wrong id is told to be one.

    Without this, a method that such a word does not have would find the path of an alert's.
    """

    regex = r"(?!(?:stream|export|triage)(?:/|$))[^/]+"


class _LetterConvertor(StringConvertor):
    """The same for dead letters."""

    regex = r"(?!(?:replay|discard)(?:/|$))[^/]+"


register_url_convertor("alert", _AlertConvertor())
register_url_convertor("letter", _LetterConvertor())
