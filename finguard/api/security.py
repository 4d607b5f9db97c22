"""Tokens: how they are made, and how they are checked."""

import re
from collections.abc import Callable
from time import time
from typing import Final
from uuid import uuid4

import msgspec
from jose import jwk, jwt
from jose.exceptions import JOSEError

ISSUER: Final = "finguard"
AUDIENCE: Final = "finguard-api"
ALGORITHM: Final = "HS256"

_MAX_TOKEN_CHARACTERS: Final = 2_048
_CLOCK_SKEW_S: Final = 60
_SESSION_ID: Final = re.compile(r"[0-9a-f]{32}")


class InvalidToken(Exception):  # noqa: N818 - a finding about a request, not a fault
    """This token does not say who is calling; the reason is for the log."""


class Claims(msgspec.Struct, frozen=True, kw_only=True):
    """What a token says; all of it is required, and of exactly these types.

    Attributes:
        iss: who issued it. aud: for whom. sub: the user's id. jti: the token's own id.
        iat: when it was issued. nbf: from when it holds. exp: until when, in seconds since 1970.
        type: what it is good for. sid: the session that it lives and dies with.
    """

    iss: str
    aud: str
    sub: str
    jti: str
    iat: int
    nbf: int
    exp: int
    type: str
    sid: str

    @property
    def user_id(self) -> int:
        """The user's id as a number.

        Raises:
            InvalidToken: when it is none.
        """
        if not self.sub.isascii() or not self.sub.isdecimal() or len(self.sub) > 18:  # noqa: PLR2004 - below 2**63
            raise InvalidToken("sub is not a user's id")
        return int(self.sub)


class Tokens:
    """Issues and checks access tokens.

    Args:
        secret: the signing key; whoever has it can be anybody.
        lifetime_s: how long a token holds.
        now_s: seconds since 1970.
    """

    def __init__(self, secret: str, *, lifetime_s: int, now_s: Callable[[], float] = time) -> None:
        # A key object, since jose takes a text that happens to be JSON for a set of keys.
        self._key = jwk.construct(secret, ALGORITHM)
        self.lifetime_s = lifetime_s
        self._now_s = now_s

    def issue(self, user_id: int, *, session_id: str) -> str:
        """A new access token for a user's session."""
        now_s = int(self._now_s())
        claims = Claims(
            iss=ISSUER,
            aud=AUDIENCE,
            sub=str(user_id),
            jti=uuid4().hex,
            iat=now_s,
            nbf=now_s,
            exp=now_s + self.lifetime_s,
            type="access",
            sid=session_id,
        )
        return jwt.encode(msgspec.to_builtins(claims), self._key, ALGORITHM)

    def verify(self, token: str) -> Claims:
        """What a token says, if it is one of ours and holds now.

        Raises:
            InvalidToken: for every other text.
        """
        if len(token) > _MAX_TOKEN_CHARACTERS:
            raise InvalidToken("longer than any token of ours")
        try:
            decoded = jwt.decode(
                token, self._key, algorithms=[ALGORITHM], audience=AUDIENCE, issuer=ISSUER
            )
            claims = msgspec.convert(decoded, Claims)
        # jose lets some of a hostile token's errors through as they are.
        except (
            JOSEError,
            msgspec.ValidationError,
            ValueError,
            TypeError,
            ArithmeticError,
            RecursionError,
        ) as error:
            raise InvalidToken(str(error)) from error
        self._check(claims)
        return claims

    def _check(self, claims: Claims) -> None:
        if claims.type != "access":
            raise InvalidToken("not an access token")
        if not _SESSION_ID.fullmatch(claims.sid):
            raise InvalidToken("sid is not a session's id")
        if claims.iat > self._now_s() + _CLOCK_SKEW_S:
            raise InvalidToken("issued in the future")
