"""One viewer's session: who is logged in, and what the API told them."""

from collections.abc import Callable, Hashable
from dataclasses import dataclass, field
from typing import Final, TypeVar

import streamlit as st

from finguard.dashboard.answers import Me
from finguard.dashboard.client import ApiClient, Unauthorized
from finguard.dashboard.feed import Feed, Pulse
from finguard.dashboard.listing import Listing
from finguard.dashboard.palette import INK
from finguard.dashboard.wording import Clock

KEY: Final = "finguard"
"""Where `st.session_state` keeps it: on the server, for this browser tab alone."""

EXPIRED: Final = "Your session has ended. Log in again to go on where you were."

T = TypeVar("T")


@dataclass
class Session:
    """What the dashboard knows about one viewer.

    Attributes:
        api: with the viewer's token once they are logged in.
        refresh_s: how often live panels refresh.
        default_password: what a fresh development setup accepts.
        development: whether the login page may say so.
        user: None until the login.
        default_login: whether they logged in with the default password.
        notice: what the login page has to say.
        listing: the page of alerts that they look at.
    """

    api: ApiClient
    refresh_s: float = 2.0
    default_password: str = ""
    development: bool = False
    user: Me | None = None
    default_login: bool = False
    notice: str = ""
    feed: Feed = field(init=False)
    pulse: Pulse = field(init=False)
    listing: Listing | None = field(init=False)

    def __post_init__(self) -> None:
        self._forget()

    def log_in(self, username: str, password: str) -> None:
        """Log in, or raise what `ApiClient.log_in` raises."""
        token = self.api.log_in(username, password)
        api = self.api.with_token(token.access_token)
        self.user = api.me()
        self.api, self.notice = api, ""
        self.default_login = bool(self.default_password) and password == self.default_password

    def log_out(self, notice: str = "") -> None:
        """Forget the token and everything that was read with it."""
        self.api, self.user, self.default_login = self.api.with_token(""), None, False
        self.notice = notice
        self._forget()

    def ask(
        self, key: Hashable, load: Callable[[ApiClient], T], max_age_s: float | None = None
    ) -> T | None:
        """Ask the API as `Feed.ask` does; a login that is over leads back to the login page."""
        try:
            return self.feed.ask(self.api, key, load, max_age_s)
        except Unauthorized:
            self.log_out(EXPIRED)
            st.rerun()

    def _forget(self) -> None:
        self.feed = Feed(max_age_s=0.8 * self.refresh_s)
        self.pulse = Pulse()
        self.listing = None


def current() -> Session:
    """The session of the viewer whose page is being drawn."""
    session = st.session_state[KEY]
    if not isinstance(session, Session):
        raise TypeError("the session is drawn by dashboard.py before any page")
    return session


def clock() -> Clock:
    """The viewer's own clock."""
    return Clock.of(st.context.timezone)


def ink() -> str:
    """The colour of text in the viewer's theme."""
    return INK.get(st.context.theme.type or "light", INK["light"])
