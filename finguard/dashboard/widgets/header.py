"""The line above every page: how the pipeline is, the time range, and the viewer's account."""

from datetime import UTC, datetime
from typing import Final, Literal, NamedTuple

import streamlit as st

from finguard.dashboard.client.system import Detectors
from finguard.dashboard.pipeline import Kind
from finguard.dashboard.session import Session, clock
from finguard.dashboard.widgets import range_picker
from finguard.dashboard.wording import escape

DETECTORS: Final = "detectors"
"""Under this key pages find what the header asks of the detectors."""

DETECTORS_MAX_AGE_S: Final = 5.0
"""They tell of themselves every few seconds, and a refresh has other questions, too."""


class _Badge(NamedTuple):
    word: str
    icon: str
    colour: Literal["green", "orange", "red"]


_BADGES: Final[dict[Kind, _Badge]] = {
    "live": _Badge("Live", ":material/sensors:", "green"),
    "lagging": _Badge("Lagging", ":material/hourglass_top:", "orange"),
    "down": _Badge("Down", ":material/error:", "red"),
}
"""Each with a word and a sign of its own: the colour says nothing more."""


def show(session: Session) -> None:
    """Draw it."""
    if session.user and session.user.default_login:
        st.markdown(
            ":orange-badge[:material/construction: Development login] :small[Anyone can log in as "
            "`admin` with the password of the documentation. Set `FINGUARD_API_ADMIN_PASSWORD` "
            "before others can reach this page.]"
        )
    with st.container(
        horizontal=True, horizontal_alignment="distribute", vertical_alignment="center", key="head"
    ):
        # What it shows changes no more often, and each run of it is one for every open page.
        pace_s = max(session.refresh_s, DETECTORS_MAX_AGE_S)
        st.fragment(_status, run_every=pace_s)(session)
        with st.container(horizontal=True, width="content", vertical_alignment="center"):
            range_picker.show()
            _account(session)
    range_picker.show_ends()


def detectors(session: Session) -> Detectors | None:
    """What the API says of the detectors; None while it is away."""
    known = session.ask(DETECTORS, lambda api: api.system.detectors(), DETECTORS_MAX_AGE_S)
    if known is not None:
        session.seen.look(known, datetime.now(UTC))
    return known


def _status(session: Session) -> None:
    """Whether transactions are judged, in a word, and since when."""
    now = datetime.now(UTC)
    known = detectors(session)
    with st.container(horizontal=True, gap="small", vertical_alignment="center", key="pipeline"):
        outage = session.feed.outage
        if outage:
            st.badge("API down", icon=":material/cloud_off:", color="red")
            st.caption(f"since {clock().time(outage.since, now)}", width="content")
            return
        if known is None:
            st.badge("Connecting", icon=":material/sync:", color="gray")
            return
        state = session.pipeline.look(known, now)
        badge = _BADGES[state.kind]
        st.badge(badge.word, icon=badge.icon, color=badge.colour)
        since = session.pipeline.since
        words = [f"since {clock().time(since, now)}"] if since else []
        words += [state.why] if state.why else []
        st.caption(
            escape(" · ".join(words)), width="content", help=clock().full(since) if since else None
        )


def _account(session: Session) -> None:
    user = session.user
    if user is None:
        return
    name = escape(user.username)
    with st.popover(name, icon=":material/account_circle:", key="account"):
        st.caption(f"Logged in as {name}, {escape(user.role)}.")
        st.caption(f"Times in {escape(clock().name)}.")
        if st.button("Log out", icon=":material/logout:", width="stretch"):
            session.log_out()
            st.rerun()
