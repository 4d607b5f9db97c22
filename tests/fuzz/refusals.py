"""What schemathesis is told beyond schemathesis.toml: why a request of the right form is refused.

The configuration lets the API answer 422 to a request that keeps to the description, since no
schema can say how two of its fields belong together. Any other 422 is a fault of the description,
and found here.
"""

import re
from typing import Any, Final

import schemathesis

BEYOND_ANY_SCHEMA: Final = (
    # Two fields that must fit together.
    r"`from` must lie before `to`",
    r"`min_(score|amount)` must not exceed `max_\1`",
    r"`cursor` is of a list sorted by `\w+`",
    r"this range has [\d,]+ (minute|hour|day)s; 2,000 at most",
    # Texts that only this API knows to read, or that somebody else keeps a list of.
    r"this is no cursor of ours",
    r"must be a time zone as IANA names them, such as Europe/Berlin",
)


@schemathesis.check
def refusal_is_beyond_any_schema(
    _: schemathesis.CheckContext, response: schemathesis.Response, case: schemathesis.Case[Any]
) -> None:
    """A request that keeps to the description is refused for one of the known reasons only."""
    if case.meta is None or not case.meta.generation.mode.is_positive:
        return
    if response.status_code != 422:
        return
    messages = [error["message"] for error in response.json()["errors"]]
    unknown = [
        message
        for message in messages
        if not any(re.fullmatch(reason, message) for reason in BEYOND_ANY_SCHEMA)
    ]
    assert messages, "refused without a reason"
    assert not unknown, f"refused although the description allows it: {unknown}"
