"""Sessions: begun by a login, continued by secrets, over at once when they end."""

from secrets import token_urlsafe
from typing import Final
from uuid import uuid4

import msgspec
import structlog
from psycopg2.extras import RealDictCursor

from finguard.adapters.postgres import accounts, sessions
from finguard.adapters.postgres.accounts import Author
from finguard.adapters.postgres.sessions import Lifetime
from finguard.adapters.postgres.users import User
from finguard.api.database import Database
from finguard.api.lookups import Lookups
from finguard.api.security import InvalidToken, Tokens

HANDOFF_LIFETIME_S: Final = 60

_SECRET_BYTES: Final = 32

_log = structlog.get_logger()


class Caller(msgspec.Struct, frozen=True):
    """Who sends a request, and in which session."""

    user: User
    session_id: str


class Grant(msgspec.Struct, frozen=True, kw_only=True):
    """What a client goes on with.

    Attributes:
        refresh_expires_in_s: how long the refresh token holds unless it is used.
    """

    access_token: str
    refresh_token: str
    refresh_expires_in_s: int


class Sessions:
    """The sessions of all processes of the API together.

    Args:
        database: where they are kept.
        tokens: issues the access tokens.
        lifetime: how long a session lasts.
    """

    def __init__(self, database: Database, tokens: Tokens, lifetime: Lifetime) -> None:
        self._database = database
        self._tokens = tokens
        self._lifetime = lifetime
        self._users = Lookups(self._find_users)

    def start(self, user: User) -> Grant:
        """Begin a session of somebody who has proved who they are."""
        session_id = uuid4().hex
        with self._database.transaction() as transaction:
            sessions.start(transaction, session_id, user, self._lifetime)
            return self._granted(transaction, session_id, user.id)

    async def caller(self, access_token: str) -> Caller:
        """Who sends an access token, found with one query for all who ask at the same time.

        The query begins after the question: what ended before counts.

        Raises:
            InvalidToken: when it is none of ours, or its session is over.
            ServiceUnavailable: when sessions cannot be looked up.
        """
        claims = self._tokens.verify(access_token)
        user = await self._users.find(claims.sid)
        if user is None:
            raise InvalidToken("the session is over")
        if user.id != claims.user_id:
            raise InvalidToken("somebody else's session")
        return Caller(user, claims.sid)

    def refresh(self, refresh_token: str) -> Grant | None:
        """Exchange a refresh token for new tokens; None where it is worth nothing.

        A refresh token that was exchanged before is in two hands, and nobody can tell which of
        them is honest: it ends the session, with all that was ever issued in it. There is no
        grace for a client that lost the answer, since a thief would have it as well.
        """
        with self._database.transaction() as transaction:
            held = sessions.lock_secret(transaction, "refresh", refresh_token)
            if held is None:
                return None
            if held.used:
                sessions.end(transaction, held.session_id)
                _log.warning("refresh token reused: session ended", account=held.user_id)
                return None
            sessions.mark_used(transaction, refresh_token)
            return self._granted(transaction, held.session_id, held.user_id)

    def end(self, caller: Caller) -> None:
        """End the session of a request."""
        with self._database.cursor() as cursor:
            sessions.end(cursor, caller.session_id)

    def end_all(self, caller: Caller) -> None:
        """End all sessions of a user."""
        with self._database.cursor() as cursor:
            sessions.end_all(cursor, caller.user.id)

    def change_password(self, caller: Caller, author: Author, password_hash: str) -> bool:
        """Give a user another password and end their other sessions.

        Returns:
            Whether that was done; it is not when the user has changed meanwhile.
        """
        user, session_id = caller.user, caller.session_id
        with self._database.transaction() as transaction:
            epoch = accounts.change_own_password(transaction, author, user, password_hash)
            if epoch is None:
                return False
            sessions.end_all(transaction, user.id, keep=session_id)
            sessions.adopt_epoch(transaction, session_id, epoch)
        return True

    def offer_handoff(self, caller: Caller) -> str:
        """A code with which the user's browser may fetch a cookie, once and soon."""
        code = _new_secret("fgh")
        with self._database.transaction() as transaction:
            sessions.replace_secret(transaction, caller.session_id, "handoff", code)
        return code

    def take_handoff(self, code: str) -> str | None:
        """The cookie for a browser that brings a code; None where the code is worth nothing."""
        cookie = _new_secret("fgc")
        with self._database.transaction() as transaction:
            held = sessions.lock_secret(transaction, "handoff", code)
            if held is None or held.age_s > HANDOFF_LIFETIME_S:
                return None
            sessions.drop_secrets(transaction, held.session_id, "handoff")
            sessions.replace_secret(transaction, held.session_id, "cookie", cookie)
        return cookie

    def resume(self, cookie: str) -> str | None:
        """An access token for whoever has the cookie; None where it is worth nothing."""
        with self._database.transaction() as transaction:
            held = sessions.lock_secret(transaction, "cookie", cookie)
            if held is None:
                return None
            sessions.touch(transaction, held.session_id, self._lifetime)
        return self._tokens.issue(held.user_id, session_id=held.session_id)

    def _find_users(self, session_ids: list[str]) -> dict[str, User]:
        with self._database.cursor() as cursor:
            return sessions.find_users(cursor, session_ids)

    def _granted(self, transaction: RealDictCursor, session_id: str, user_id: int) -> Grant:
        refresh_token = _new_secret("fgr")
        sessions.add_secret(transaction, session_id, "refresh", refresh_token)
        left_s = sessions.touch(transaction, session_id, self._lifetime)
        return Grant(
            access_token=self._tokens.issue(user_id, session_id=session_id),
            refresh_token=refresh_token,
            refresh_expires_in_s=int(left_s),
        )


def _new_secret(prefix: str) -> str:
    """256 random bits; the prefix lets scanners recognise one that has leaked, and its kind."""
    return f"{prefix}_{token_urlsafe(_SECRET_BYTES)}"
