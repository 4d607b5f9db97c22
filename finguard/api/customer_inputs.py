"""What requests about customers bring."""

from typing import Annotated, Any, Final, Self

from pydantic import (
    AfterValidator,
    ConfigDict,
    Field,
    StringConstraints,
    WithJsonSchema,
    model_validator,
)

from finguard.adapters.postgres.suppressions import LONGEST, Kind, Wanted
from finguard.api.inputs import MAX_ID, Input, Instant
from finguard.domain.rules import RuleLimits, rules

MAX_REASON_CHARS: Final = 500

_RULES: Final = [rule.name for rule in rules(RuleLimits())]
_ENDLESS_OR_BOUNDED: Final[dict[str, Any]] = {
    "anyOf": [
        {"properties": {"kind": {"const": "allow"}}},
        {"properties": {"expires_at": {"type": "string"}}, "required": ["expires_at"]},
    ]
}


def _a_rule(name: str) -> str:
    if name not in _RULES:
        raise ValueError(f"must be one of {', '.join(_RULES)}")
    return name


# As the detector takes them; lone surrogates are none for pydantic in any case.
_CONTROLS: Final = r"\x00-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069"

CustomerId = Annotated[
    str,
    StringConstraints(pattern=rf"^[^{_CONTROLS}]{{1,64}}$"),
    Field(
        description="The customer; any text of 64 characters, percent-encoded.", examples=["u-17"]
    ),
]
SuppressionId = Annotated[int, Field(ge=1, le=MAX_ID, examples=[12])]
Reason = Annotated[
    str,
    StringConstraints(
        # One line, not blank.
        pattern=rf"^[^{_CONTROLS}]*[^{_CONTROLS}\s][^{_CONTROLS}]*$",
        max_length=MAX_REASON_CHARS,
    ),
]
KnownRule = Annotated[
    str, AfterValidator(_a_rule), WithJsonSchema({"type": "string", "enum": _RULES})
]


class NewSuppression(Input):
    """Whose alerts nobody is to be told of."""

    model_config = ConfigDict(json_schema_extra=_ENDLESS_OR_BOUNDED)

    kind: Annotated[
        Kind,
        Field(
            description="`allow`: known to be in order; `snooze`: not now, and so it must expire.",
            examples=["snooze"],
        ),
    ]
    rule: Annotated[
        KnownRule | None,
        Field(description="Whose alerts; null for every rule's.", examples=["impossible_travel"]),
    ] = None
    reason: Annotated[Reason, Field(examples=["Travels for work until Friday; called."])]
    expires_at: Annotated[
        Instant | None,
        Field(
            description="From then on it no longer counts. In the future, and at most "
            f"{LONGEST['snooze'].days} days ahead for `snooze`, {LONGEST['allow'].days} for "
            "`allow`; null until somebody withdraws it.",
            examples=["2026-03-06T17:00:00Z"],
        ),
    ] = None

    @model_validator(mode="after")
    def _a_snooze_ends(self) -> Self:
        if self.kind == "snooze" and self.expires_at is None:
            raise ValueError("`snooze` must have `expires_at`")
        return self

    def wanted(self, user_id: str) -> Wanted:
        """The same for the database."""
        return Wanted(
            user_id=user_id,
            kind=self.kind,
            rule=self.rule,
            reason=self.reason,
            expires_at=self.expires_at,
        )


class SuppressionQuery(Input):
    """Which page of a customer's suppressions to list."""

    limit: Annotated[int, Field(ge=1, le=200, description="Suppressions on a page.")] = 50
    cursor: Annotated[
        int | None, Field(ge=1, le=MAX_ID, description="`next_cursor` of the page before.")
    ] = None
