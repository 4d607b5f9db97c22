"""The API's users, and the login attempts that failed."""

from collections.abc import Sequence
from typing import Final, Literal

import msgspec
from psycopg2.extras import RealDictCursor

from finguard.adapters.postgres.queries import named_queries

_SQL: Final = named_queries("users.sql")

Role = Literal["viewer", "analyst", "admin"]


class User(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody who may sign in.

    Attributes:
        role: what they may do; each role may do all that the one before it may.
        disabled: may not sign in, nor use a token from before.
        token_epoch: tokens that carry another number have been revoked.
    """

    id: int
    username: str
    password_hash: str
    role: Role
    disabled: bool
    token_epoch: int


class Attempts(msgspec.Struct, frozen=True, kw_only=True):
    """What is remembered of failed logins under one key.

    Attributes:
        wait_s: how long the key is still blocked. age_s: time since the latest attempt.
    """

    key: str
    failures: int
    wait_s: float
    age_s: float


def find_user_by_name(cursor: RealDictCursor, username: str) -> User | None:
    """The user of this name, which must be in lower case."""
    cursor.execute(_SQL["find_user_by_name"], {"username": username})
    row = cursor.fetchone()
    return User(**row) if row else None


def any_user(cursor: RealDictCursor) -> bool:
    """Whether there is any user."""
    cursor.execute(_SQL["any_user"])
    return cursor.fetchone() is not None


def lock_attempts(transaction: RealDictCursor, keys: Sequence[str]) -> list[Attempts]:
    """The attempts under each key, which until the transaction's end nobody else can change."""
    transaction.execute(_SQL["lock_attempts"], {"keys": list(keys)})
    return [Attempts(**row) for row in transaction]


def store_attempt(transaction: RealDictCursor, key: str, *, failures: int, wait_s: float) -> None:
    """Remember an attempt under a key, and block the key from now on for some time."""
    transaction.execute(_SQL["store_attempt"], {"key": key, "failures": failures, "wait_s": wait_s})


def forget_attempts(transaction: RealDictCursor, keys: Sequence[str]) -> None:
    """Forget what failed under these keys."""
    transaction.execute(_SQL["forget_attempts"], {"keys": list(keys)})


def forgive_attempt(transaction: RealDictCursor, key: str) -> None:
    """Take one attempt back under a key, with its block."""
    transaction.execute(_SQL["forgive_attempt"], {"key": key})


def purge_attempts(transaction: RealDictCursor, *, age_s: float) -> None:
    """Drop some attempts older than an age."""
    transaction.execute(_SQL["purge_attempts"], {"age_s": age_s})
