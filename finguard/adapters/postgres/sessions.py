"""Sessions: who is signed in, and the secrets with which they stay so."""

from datetime import timedelta
from hashlib import sha256
from typing import Final, Literal

import msgspec
from psycopg2.extras import RealDictCursor

from finguard.adapters.postgres.queries import named_queries
from finguard.adapters.postgres.users import User

_SQL: Final = named_queries("sessions.sql")

Kind = Literal["refresh", "handoff", "cookie"]
"""What a secret is good for: nothing else but this."""


class Lifetime(msgspec.Struct, frozen=True, kw_only=True):
    """How long a session lives.

    Attributes:
        idle: without being used. longest: however busy it is.
    """

    idle: timedelta
    longest: timedelta


class Held(msgspec.Struct, frozen=True, kw_only=True):
    """The session that a secret belongs to, which until the transaction's end nobody can change.

    Attributes:
        used: the secret has been exchanged before.
        age_s: since the secret was issued.
    """

    session_id: str
    user_id: int
    used: bool
    age_s: float


def start(transaction: RealDictCursor, session_id: str, user: User, lifetime: Lifetime) -> None:
    """Begin a session of a user as they are now: it is over once they change."""
    idle = min(lifetime.idle, lifetime.longest)
    parameters = {
        "session_id": session_id,
        "user_id": user.id,
        "token_epoch": user.token_epoch,
        "longest": lifetime.longest,
        "idle": idle,
    }
    transaction.execute(_SQL["start"], parameters)
    transaction.execute(_SQL["purge"])


def find_users(cursor: RealDictCursor, session_ids: list[str]) -> dict[str, User]:
    """The users of those sessions that live, unless the user may not go on."""
    cursor.execute(_SQL["find_users"], {"session_ids": session_ids})
    return {row.pop("session_id"): User(**row) for row in cursor}


def add_secret(transaction: RealDictCursor, session_id: str, kind: Kind, secret: str) -> None:
    """Let a session be continued by whoever has a secret, of which a digest is stored."""
    parameters = {"session_id": session_id, "kind": kind, "digest": _digest(secret)}
    transaction.execute(_SQL["add_secret"], parameters)


def replace_secret(transaction: RealDictCursor, session_id: str, kind: Kind, secret: str) -> None:
    """The same, where the secrets of this kind from before are worth nothing any more."""
    transaction.execute(_SQL["drop_secrets"], {"session_id": session_id, "kind": kind})
    add_secret(transaction, session_id, kind, secret)


def lock_secret(transaction: RealDictCursor, kind: Kind, secret: str) -> Held | None:
    """The living session of a secret of this kind, held until the transaction's end."""
    transaction.execute(_SQL["lock_secret"], {"kind": kind, "digest": _digest(secret)})
    row = transaction.fetchone()
    return Held(**row) if row else None


def mark_used(transaction: RealDictCursor, secret: str) -> None:
    """Remember that a secret has been exchanged."""
    transaction.execute(_SQL["mark_used"], {"digest": _digest(secret)})


def drop_secrets(transaction: RealDictCursor, session_id: str, kind: Kind) -> None:
    """Make the session's secrets of this kind worth nothing."""
    transaction.execute(_SQL["drop_secrets"], {"session_id": session_id, "kind": kind})


def touch(transaction: RealDictCursor, session_id: str, lifetime: Lifetime) -> float:
    """Say that a session is in use; how many seconds it lasts from now on when it is not."""
    transaction.execute(_SQL["touch"], {"session_id": session_id, "idle": lifetime.idle})
    row = transaction.fetchone()
    return float(row["left_s"]) if row else 0.0


def end(cursor: RealDictCursor, session_id: str) -> None:
    """End a session, if it has not ended yet."""
    cursor.execute(_SQL["end"], {"session_id": session_id})


def end_all(cursor: RealDictCursor, user_id: int, *, keep: str | None = None) -> None:
    """End all sessions of a user, but for one."""
    cursor.execute(_SQL["end_all"], {"user_id": user_id, "keep": keep})


def adopt_epoch(transaction: RealDictCursor, session_id: str, token_epoch: int) -> None:
    """Let a session go on although its user has changed."""
    parameters = {"session_id": session_id, "token_epoch": token_epoch}
    transaction.execute(_SQL["adopt_epoch"], parameters)


def _digest(secret: str) -> bytes:
    """Without salt or stretching, since a secret of 256 random bits cannot be guessed."""
    return sha256(secret.encode("utf-8", "surrogatepass")).digest()
