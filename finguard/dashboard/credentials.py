"""What proves who a viewer is, renewed before it runs out."""

from dataclasses import dataclass
from typing import Final

from finguard.dashboard.client import ApiClient
from finguard.dashboard.client.accounts import AccessToken, Token
from finguard.dashboard.client.http import Unauthorized

_USED_SHARE: Final = 0.8
"""So much of an access token's time passes before the next one is asked for."""


@dataclass(frozen=True)
class Credentials:
    """One session of the API, as one viewer's tab holds it.

    A tab in which somebody has logged in holds a refresh token, which is good for one exchange. A
    tab that was opened or refreshed later holds the browser's cookie, which it shares with others.

    Attributes:
        access_token: sent with every call.
        renew_at_s: when to ask for the next one, by the clock of the session.
        refresh_token: for the next exchange; empty where there is a cookie.
        cookie: the browser's; empty where there is a refresh token.
    """

    access_token: str
    renew_at_s: float
    refresh_token: str = ""
    cookie: str = ""

    @classmethod
    def of_login(cls, token: Token, now_s: float) -> "Credentials":
        """Those of a login, or of a renewed one."""
        return cls(token.access_token, _due(token, now_s), refresh_token=token.refresh_token)

    @classmethod
    def of_cookie(cls, token: AccessToken, cookie: str, now_s: float) -> "Credentials":
        """Those of a tab that goes on with the browser's session."""
        return cls(token.access_token, _due(token, now_s), cookie=cookie)

    def renewed(self, api: ApiClient, now_s: float) -> "Credentials":
        """The next ones.

        Raises:
            Unauthorized: the session is over.
            ApiUnavailable: not now.
        """
        stranger = api.with_token("")
        if self.cookie:
            resumed = stranger.accounts.resume(self.cookie)
            return Credentials.of_cookie(resumed, self.cookie, now_s)
        if not self.refresh_token:
            raise Unauthorized("not logged in")
        return Credentials.of_login(stranger.accounts.renew(self.refresh_token), now_s)


NOBODY: Final = Credentials("", float("inf"))


def _due(token: AccessToken, now_s: float) -> float:
    return now_s + _USED_SHARE * token.expires_in
