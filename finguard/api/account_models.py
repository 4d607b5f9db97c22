"""What signing in, users and the audit log take and answer, with an example of each."""

from datetime import datetime
from typing import Annotated, Any, Final, Literal, Self

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    SecretStr,
    StringConstraints,
    model_validator,
)

from finguard.adapters.passwords import MAX_PASSWORD_CHARACTERS, MIN_PASSWORD_CHARACTERS
from finguard.adapters.postgres.audit import AuditFilter
from finguard.adapters.postgres.users import Role
from finguard.api.inputs import MAX_ID, Input, Name, Since, Until, check_order

_USER: Final[dict[str, Any]] = {
    "username": "ann",
    "role": "analyst",
    "disabled": False,
    "created_at": "2026-03-01T12:00:00Z",
}

_ENTRY: Final[dict[str, Any]] = {
    "audit_id": 12,
    "at": "2026-03-01T12:00:00Z",
    "actor": "admin",
    "action": "user.change_role",
    "subject": "ann",
    "before": {"role": "viewer"},
    "after": {"role": "analyst"},
    "request_id": "0f5b6c0e9d8a4b0d8f5e2a1c3b4d5e6f",
}

Username = Annotated[
    str,
    StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9._@-]{0,63}$", to_lower=True),
    Field(description="In any case; kept in lower case.", examples=["ann"]),
]


def _of_characters(secret: SecretStr) -> SecretStr:
    """A lone surrogate, which JSON can write, is none and has no UTF-8 to hash."""
    try:
        secret.get_secret_value().encode()
    except UnicodeEncodeError:
        # Not the error itself, which would show the text.
        raise ValueError("must be text that has a form in UTF-8") from None
    return secret


SecretText = Annotated[SecretStr, AfterValidator(_of_characters)]
Password = Annotated[SecretText, Field(min_length=1, max_length=MAX_PASSWORD_CHARACTERS)]
NewPassword = Annotated[
    SecretText,
    Field(
        min_length=MIN_PASSWORD_CHARACTERS,
        max_length=MAX_PASSWORD_CHARACTERS,
        description="Any characters.",
        examples=["correct horse battery staple"],
    ),
]
Secret = Annotated[SecretText, Field(min_length=1, max_length=2_048)]


IgnoredSecret = Annotated[SecretStr, Field(max_length=256, description="Ignored.")]


class LoginForm(Input):
    """The fields of an OAuth2 password grant (RFC 6749, section 4.3)."""

    username: Annotated[Name, Field(description="In any case.", examples=["admin"])]
    password: Annotated[Password, Field(examples=["password123"])]
    grant_type: Annotated[Literal["password"], Field(description="For OAuth2 clients.")] = (
        "password"
    )
    scope: Annotated[str, Field(max_length=256, description="Ignored; roles decide.")] = ""
    client_id: Annotated[str, Field(max_length=256, description="Ignored.")] = ""
    client_secret: IgnoredSecret = SecretStr("")


class RefreshForm(Input):
    """The fields of an OAuth2 refresh (RFC 6749, section 6)."""

    refresh_token: Annotated[Secret, Field(description="Good for one exchange.")]
    grant_type: Annotated[Literal["refresh_token"], Field(description="For OAuth2 clients.")] = (
        "refresh_token"
    )
    scope: Annotated[str, Field(max_length=256, description="Ignored; roles decide.")] = ""
    client_id: Annotated[str, Field(max_length=256, description="Ignored.")] = ""
    client_secret: IgnoredSecret = SecretStr("")


class HandoffForm(Input):
    """What a browser brings for its cookie."""

    code: Annotated[Secret, Field(description="From `/auth/browser/handoff`.")]


class CookieForm(Input):
    """What a server brings for a browser that it serves."""

    cookie: Annotated[Secret, Field(description="The value of the browser's cookie.")]


class PasswordChange(Input):
    """Another password of one's own."""

    current_password: Password
    new_password: NewPassword


class PasswordReset(Input):
    """Another password for somebody else."""

    password: NewPassword


class NewUser(Input):
    """Somebody who shall sign in."""

    username: Username
    password: NewPassword
    role: Role = "viewer"


class UserChange(Input):
    """What to change of a user; what is left out stays."""

    role: Role | None = None
    disabled: Annotated[
        bool | None, Field(strict=True, description="May not sign in; sessions end at once.")
    ] = None


class UserQuery(Input):
    """Which page of the users to list."""

    limit: Annotated[int, Field(ge=1, le=200, description="Users on a page.")] = 50
    cursor: Annotated[Username | None, Field(description="`next_cursor` of the page before.")] = (
        None
    )


class AuditQuery(Input):
    """Which entries of the audit log to list."""

    actor: Annotated[
        Name | None, Field(description="A user, or `cli:NAME`.", examples=["admin"])
    ] = None
    action: Annotated[
        str | None,
        Field(
            pattern=r"^[a-z_]{1,64}(\.[a-z_]{1,64})?$",
            description="Exactly this one, or with its first part alone all of a kind.",
            examples=["user", "user.change_role"],
        ),
    ] = None
    subject: Annotated[Name | None, Field(description="What was changed.", examples=["ann"])] = None
    since: Since = None
    until: Until = None
    limit: Annotated[int, Field(ge=1, le=200, description="Entries on a page.")] = 50
    cursor: Annotated[
        int | None, Field(ge=1, le=MAX_ID, description="`next_cursor` of the page before.")
    ] = None

    @model_validator(mode="after")
    def _range_is_one(self) -> Self:
        check_order(self.since, self.until)
        return self

    def wanted(self) -> AuditFilter:
        """The same without what concerns the page."""
        is_kind = self.action is not None and "." not in self.action
        return AuditFilter(
            actor=self.actor,
            action=None if is_kind else self.action,
            kind=self.action if is_kind else None,
            subject=self.subject,
            since=self.since,
            until=self.until,
        )


class AccessToken(BaseModel):
    """An access token (RFC 6749, section 5.1)."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [{"access_token": "eyJhbGciOi…", "token_type": "bearer", "expires_in": 900}]
        }
    )

    access_token: Annotated[str, Field(description="For `Authorization: Bearer …`.")]
    token_type: Literal["bearer"] = "bearer"  # noqa: S105 - a word of the protocol
    expires_in: Annotated[int, Field(description="Seconds.")]


class Token(AccessToken):
    """An access token, and what to exchange for the next one."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "access_token": "eyJhbGciOi…",
                    "token_type": "bearer",
                    "expires_in": 900,
                    "refresh_token": "fgr_…",
                    "refresh_expires_in": 3600,
                }
            ]
        }
    )

    refresh_token: Annotated[
        str, Field(description="For one call of `/auth/refresh`; a second one ends the session.")
    ]
    refresh_expires_in: Annotated[
        int, Field(description="Seconds until the session ends unless it is refreshed.")
    ]


class Me(BaseModel):
    """The user behind the token."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [{"username": "admin", "role": "admin", "default_login": False}]
        }
    )

    username: str
    role: Role
    default_login: Annotated[
        bool,
        Field(
            description="Whether anybody can sign in as `admin` with the password that everybody "
            "knows, as in development; a reason to warn, whoever asks."
        ),
    ]


class Handoff(BaseModel):
    """What a browser may fetch its cookie with."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"code": "fgh_…", "expires_in": 60}]})

    code: Annotated[str, Field(description="Good for one exchange.")]
    expires_in: Annotated[int, Field(description="Seconds.")]


class UserAccount(BaseModel):
    """Somebody who may sign in."""

    model_config = ConfigDict(json_schema_extra={"examples": [_USER]}, from_attributes=True)

    username: str
    role: Role
    disabled: Annotated[bool, Field(description="May not sign in.")]
    created_at: datetime


class UserPage(BaseModel):
    """Some users, by name."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"items": [_USER], "next_cursor": None}]}
    )

    items: list[UserAccount]
    next_cursor: Annotated[
        str | None, Field(description="`cursor` of the next page; null on the last.")
    ]


class AuditRecord(BaseModel):
    """One change by one person."""

    model_config = ConfigDict(json_schema_extra={"examples": [_ENTRY]})

    audit_id: int
    at: datetime
    actor: Annotated[
        str,
        Field(description="A user; with a colon in it, a command on the server or the API itself."),
    ]
    action: Annotated[str, Field(description="What kind of thing, and what was done.")]
    subject: Annotated[str, Field(description="Which one.")]
    before: Annotated[
        dict[str, Any] | None, Field(description="What was replaced; null where nothing was there.")
    ]
    after: Annotated[
        dict[str, Any] | None, Field(description="What stands there now; null where nothing does.")
    ]
    request_id: Annotated[str | None, Field(description="Of the request that made the change.")]


class AuditPage(BaseModel):
    """Some entries of the audit log, newest first."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"items": [_ENTRY], "next_cursor": 12}]}
    )

    items: list[AuditRecord]
    next_cursor: Annotated[
        int | None, Field(description="`cursor` of the next page; null on the last.")
    ]
