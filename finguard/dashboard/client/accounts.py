"""Signing in and out over the API, and staying signed in."""

from dataclasses import dataclass
from typing import Final, Literal

from pydantic import Field

from finguard.dashboard.client.http import Answer, Connection

Role = Literal["viewer", "analyst", "admin"]
ROLES: Final[tuple[Role, ...]] = ("viewer", "analyst", "admin")
"""Each may do what those before it may."""

COOKIES: Final = ("__Host-finguard_session", "finguard_session")
"""What the API calls a browser's cookie: behind TLS, and without."""

COOKIE_PREFIX: Final = "fgc_"
"""How its value begins."""

COOKIE_PATH: Final = "/api/v1/auth/browser/cookie"
"""Where a browser fetches it."""


class AccessToken(Answer):
    """What proves who calls, for some minutes."""

    access_token: str = Field(min_length=1)
    expires_in: float = Field(gt=0, description="seconds")


class Token(AccessToken):
    """A login that worked, or was renewed."""

    refresh_token: str = Field(min_length=1, description="for one exchange")


class Handoff(Answer):
    """A code with which the user's browser may fetch a cookie, once and soon."""

    code: str = Field(min_length=1)


class Me(Answer):
    """Who the token belongs to."""

    username: str
    role: str
    default_login: bool = Field(description="whether anybody can log in with the known password")


@dataclass(frozen=True)
class Accounts:
    """Sessions of the API: each begins with a login and ends with a logout."""

    connection: Connection

    def log_in(self, username: str, password: str, visitor: str | None = None) -> Token:
        """Exchange credentials for tokens.

        Args:
            username: whose.
            password: theirs.
            visitor: the address that they come from, since attempts are counted by it.

        Raises:
            Unauthorized: wrong name or password.
            Throttled: too many attempts.
            ApiUnavailable: no answer.
        """
        form = {"username": username, "password": password}
        headers = {"X-Forwarded-For": visitor} if visitor else None
        return self.connection.post_form("/api/v1/auth/token", Token, form, headers)

    def renew(self, refresh_token: str) -> Token:
        """Exchange a refresh token, which is then used up, for the next tokens.

        Raises:
            Unauthorized: the session is over.
        """
        form = {"refresh_token": refresh_token}
        return self.connection.post_form("/api/v1/auth/refresh", Token, form)

    def resume(self, cookie: str) -> AccessToken:
        """Exchange the browser's cookie, which stays good, for an access token.

        Raises:
            Unauthorized: the session is over.
        """
        return self.connection.post_form(
            "/api/v1/auth/browser/token", AccessToken, {"cookie": cookie}
        )

    def hand_off(self) -> Handoff:
        """Ask for a code for the user's browser."""
        return self.connection.post_form("/api/v1/auth/browser/handoff", Handoff, {})

    def me(self) -> Me:
        """Who is logged in."""
        return self.connection.get("/api/v1/auth/me", Me)

    def log_out(self) -> None:
        """End the session, in all tabs of the browser that share it."""
        self.connection.post("/api/v1/auth/logout")
