"""What a place in a path can hold."""

from typing import Final

from starlette.convertors import StringConvertor, register_url_convertor

ALERT: Final = "{alert_id:alert}"
"""An alert's id, in paths where words stand in the same place."""


class _AlertConvertor(StringConvertor):
    """Anything but those words, so that a wrong id is told to be one.

    Without this, a method that such a word does not have would find the path of an alert's.
    """

    regex = r"(?!(?:stream|export|triage)(?:/|$))[^/]+"


register_url_convertor("alert", _AlertConvertor())
