"""What a place in a path can hold."""

from typing import Final
from urllib.parse import quote, unquote, unquote_to_bytes

from starlette.convertors import StringConvertor, register_url_convertor
from starlette.types import Scope

ALERT: Final = "{alert_id:alert}"
"""An alert's id, in paths where words stand in the same place."""

LETTER: Final = "{dead_letter_id:letter}"
"""Likewise a dead letter's."""

CUSTOMERS: Final = "/api/v1/users"
"""Below it comes a customer's id, which may be any text."""

CUSTOMER: Final = "{user_id:customer}"
"""A customer's id, with whatever slashes and percent signs it has; see `routed`."""


class _AlertConvertor(StringConvertor):
    """Anything but those words, so that a wrong id is told to be one.

    Without this, a method that such a word does not have would find the path of an alert's.
    """

    regex = r"(?!(?:stream|export|triage)(?:/|$))[^/]+"


class _LetterConvertor(StringConvertor):
    """The same for dead letters."""

    regex = r"(?!(?:replay|discard)(?:/|$))[^/]+"


class _CustomerConvertor(StringConvertor):
    """A part of a path that is still quoted."""

    def convert(self, value: str) -> str:
        """The id; what is no UTF-8 becomes lone surrogates, which the id's type refuses."""
        return unquote(value, errors="surrogateescape")


register_url_convertor("alert", _AlertConvertor())
register_url_convertor("letter", _LetterConvertor())
register_url_convertor("customer", _CustomerConvertor())


def customer_path(user_id: str, *further: str) -> str:
    """The path of a customer, or of something below; dots alone would mean another folder."""
    quoted = quote(user_id, safe="")
    if not user_id.strip("."):
        quoted = quoted.replace(".", "%2E")
    return "/".join([CUSTOMERS, quoted, *further])


def routed(scope: Scope) -> Scope:
    """The request with the parts of a customer's path still quoted, so that routes can match them.

    Servers unquote a path before anybody looks at it: a slash in an id would begin another part.
    Everything else is as it was.
    """
    begin = scope.get("root_path", "") + CUSTOMERS + "/"
    path: str = scope["path"]
    if not path.startswith(begin):
        return scope
    raw = scope.get("raw_path", b"").decode("latin-1")
    if not raw.startswith(begin):
        # Quoted where nobody needs to, or not known.
        raw = quote(path)
    parts = (quote(unquote_to_bytes(part), safe="") for part in raw[len(begin) :].split("/"))
    return {**scope, "path": begin + "/".join(parts)}
