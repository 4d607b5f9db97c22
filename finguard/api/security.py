"""Passwords and tokens: how they are made, and how they are checked."""

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import BoundedSemaphore
from time import time
from typing import Final
from uuid import uuid4

import msgspec
from jose import jwk, jwt
from jose.exceptions import JOSEError
from passlib.hash import argon2

from finguard.errors import ServiceUnavailable

MIN_PASSWORD_CHARACTERS: Final = 8
MAX_PASSWORD_CHARACTERS: Final = 128

ISSUER: Final = "finguard"
AUDIENCE: Final = "finguard-api"
ALGORITHM: Final = "HS256"

_MAX_TOKEN_CHARACTERS: Final = 2_048
_CLOCK_SKEW_S: Final = 60
_HASHING_WAIT_S: Final = 2.0

_argon2id: Final = argon2.using(  # type: ignore[no-untyped-call] # its stubs lack this one
    type="ID", memory_cost=19_456, time_cost=2, parallelism=1
)
"""As the OWASP Password Storage Cheat Sheet has it: 19 MiB, two passes, one lane."""

_hashing: Final = BoundedSemaphore(max(2, os.cpu_count() or 1))
"""More at a time would only take memory from one another, and threads from other requests."""

_DUMMY_HASH: Final = _argon2id.hash("no user has this password")


class InvalidToken(Exception):  # noqa: N818 - a finding about a request, not a fault
    """This token does not say who is calling; the reason is for the log."""


def hash_password(password: str) -> str:
    """The argon2id hash to store for a password.

    Raises:
        ValueError: when it has fewer than 8 or more than 128 characters.
    """
    if not MIN_PASSWORD_CHARACTERS <= len(password) <= MAX_PASSWORD_CHARACTERS:
        raise ValueError(
            f"a password has {MIN_PASSWORD_CHARACTERS} to {MAX_PASSWORD_CHARACTERS} characters"
        )
    with _hashing_slot():
        return str(_argon2id.hash(password))


def verify_password(password: str, password_hash: str | None) -> bool:
    """Whether this is the password; without a hash it is not, found out just as slowly.

    Raises:
        ServiceUnavailable: when too many passwords are being checked already.
    """
    with _hashing_slot():
        is_right = bool(_argon2id.verify(password, password_hash or _DUMMY_HASH))
    return is_right and password_hash is not None


@contextmanager
def _hashing_slot() -> Iterator[None]:
    if not _hashing.acquire(timeout=_HASHING_WAIT_S):
        raise ServiceUnavailable("too many passwords are being checked at once")
    try:
        yield
    finally:
        _hashing.release()


class Claims(msgspec.Struct, frozen=True, kw_only=True):
    """What a token says; all of it is required, and of exactly these types.

    Attributes:
        iss: who issued it. aud: for whom. sub: the user's id. jti: the token's own id.
        iat: when it was issued. nbf: from when it holds. exp: until when, in seconds since 1970.
        type: what it is good for. epoch: the user's `token_epoch` when it was issued.
    """

    iss: str
    aud: str
    sub: str
    jti: str
    iat: int
    nbf: int
    exp: int
    type: str
    epoch: int

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

    def issue(self, user_id: int, *, epoch: int) -> str:
        """A new access token for a user."""
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
            epoch=epoch,
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
        if claims.iat > self._now_s() + _CLOCK_SKEW_S:
            raise InvalidToken("issued in the future")
