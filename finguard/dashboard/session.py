"""One viewer's session: who is logged in, and what the API told them."""

import time
from collections.abc import Callable, Hashable
from contextlib import suppress
from dataclasses import dataclass, field
from threading import Lock
from typing import Final, NoReturn, TypeVar

import streamlit as st

from finguard.dashboard.charts.palette import INK
from finguard.dashboard.client import ApiClient
from finguard.dashboard.client.accounts import ROLES, Me, Role
from finguard.dashboard.client.http import ApiUnavailable, Refused, Throttled, Unauthorized
from finguard.dashboard.credentials import NOBODY, Credentials
from finguard.dashboard.feed import Feed
from finguard.dashboard.letter_listing import LetterListing
from finguard.dashboard.listing import Listing
from finguard.dashboard.pipeline import Pipeline
from finguard.dashboard.seen import Seen
from finguard.dashboard.wording import Clock

KEY: Final = "finguard"
"""Where `st.session_state` keeps it: on the server, for this browser tab alone."""

EXPIRED: Final = "Your session has ended. Log in again to go on where you were."

_FRESH_SHARE: Final = 0.8
"""Of the time between two refreshes; the next one finds every answer old."""

T = TypeVar("T")


@dataclass
class Session:
    """What the dashboard knows about one viewer.

    Attributes:
        client: the API, as a stranger sees it.
        refresh_s: how often live panels refresh.
        browser_api: where the viewer's browser reaches the API: an address, or `:8000` for that
            port of whichever host name the page has.
        cookie: the browser's, until it is known whether its session still lasts; empty after that.
        visitor: the address that the viewer comes from; None where nobody knows.
        default_password: what a fresh development setup accepts.
        development: whether the login page may say so.
        monotonic_s: the clock by which answers and tokens grow old.
        user: None until the login.
        notice: what the login page has to say.
        handoff: a code for the browser, which it exchanges for a cookie; empty without.
        address: the URL's parameters when the session ended, for after the next login.
        listing: the page of alerts that they look at.
        letters: the page of dead letters that they look at.
    """

    client: ApiClient
    refresh_s: float = 2.0
    browser_api: str = ":8000"
    cookie: str = ""
    visitor: str | None = None
    default_password: str = ""
    development: bool = False
    monotonic_s: Callable[[], float] = time.monotonic
    user: Me | None = None
    notice: str = ""
    handoff: str = ""
    address: dict[str, str] = field(default_factory=dict)
    feed: Feed = field(init=False)
    pipeline: Pipeline = field(init=False)
    seen: Seen = field(init=False)
    listing: Listing | None = field(init=False)
    letters: LetterListing | None = field(init=False)
    _credentials: Credentials = NOBODY
    _renewing: Lock = field(default_factory=Lock, repr=False)

    def __post_init__(self) -> None:
        self._forget()

    def may(self, role: Role) -> bool:
        """Whether the viewer may do what takes this role."""
        known = self.user.role if self.user else ""
        return known in ROLES[ROLES.index(role) :]

    def log_in(self, username: str, password: str) -> None:
        """Log in, or raise what `Accounts.log_in` raises."""
        token = self.client.accounts.log_in(username, password, self.visitor)
        self._enter(Credentials.of_login(token, self.monotonic_s()))
        self.handoff = self._handoff()

    def resume(self) -> None:
        """Go on with the session of the browser's cookie, if it still lasts.

        Raises:
            ApiUnavailable: nobody knows; the same call may work later.
        """
        with suppress(Unauthorized, Refused):
            token = self.client.accounts.resume(self.cookie)
            self._enter(Credentials.of_cookie(token, self.cookie, self.monotonic_s()))
        self.cookie = ""

    def log_out(self) -> None:
        """End the session at the API, and forget it here, in whichever state the API is."""
        with suppress(Unauthorized, ApiUnavailable, Refused, Throttled):
            self.act(lambda api: api.accounts.log_out())
        self._leave("You are logged out.")

    def ask(
        self,
        key: Hashable,
        load: Callable[[ApiClient], T],
        max_age_s: float | None = None,
        *,
        by_itself: bool = False,
    ) -> T | None:
        """Ask the API as `Feed.ask` does; a session that is over leads back to the login page."""
        try:
            return self.feed.ask(key, lambda: self.act(load), max_age_s, by_itself=by_itself)
        except Unauthorized:
            self.expire()

    def act(self, do: Callable[[ApiClient], T]) -> T:
        """Call the API at once, as the viewer; all its errors come up.

        A token that is not accepted is renewed once: the API may have been given another secret.
        """
        used = self._current()
        try:
            return do(self.client.with_token(used.access_token))
        except Unauthorized:
            renewed = self._renewed(used)
            return do(self.client.with_token(renewed.access_token))

    def expire(self) -> NoReturn:
        """Show the login, and after it the page that was shown, with the same parameters."""
        self.address = st.query_params.to_dict()
        self._leave(EXPIRED)
        st.rerun()

    def _enter(self, credentials: Credentials) -> None:
        self.user = self.client.with_token(credentials.access_token).accounts.me()
        self._credentials, self.notice = credentials, ""

    def _leave(self, notice: str) -> None:
        self._credentials, self.user = NOBODY, None
        self.notice, self.handoff = notice, ""
        self._forget()

    def _handoff(self) -> str:
        """Without one the session works, and only a refresh of the page needs a new login."""
        try:
            return self.act(lambda api: api.accounts.hand_off()).code
        except (Unauthorized, ApiUnavailable, Refused, Throttled):
            return ""

    def _current(self) -> Credentials:
        known = self._credentials
        return self._renewed(known) if self.monotonic_s() >= known.renew_at_s else known

    def _renewed(self, used: Credentials) -> Credentials:
        """The credentials after these: a refresh token that is used twice ends its session."""
        with self._renewing:
            if self._credentials is used:
                self._credentials = used.renewed(self.client, self.monotonic_s())
            return self._credentials

    def _forget(self) -> None:
        self.feed = Feed(_FRESH_SHARE * self.refresh_s, self.monotonic_s)
        self.pipeline = Pipeline()
        self.seen = Seen()
        self.listing = None
        self.letters = None


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
