"""What surrounds every page: login, navigation, status of the pipeline, time range, log out."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

import streamlit as st

from finguard.dashboard import login
from finguard.dashboard.period import PERIODS, Period, period_called
from finguard.dashboard.session import KEY, Session, clock
from finguard.dashboard.wording import ago, escape

_HERE: Final = Path(__file__).parent
_LOGO: Final = _HERE / "logo.svg"
_ICON: Final = _HERE / "icon.svg"
_STYLE: Final = _HERE / "style.css"
_RECENT: Final = timedelta(days=2)
PERIOD_KEY: Final = "range"
"""The range picker's place in the session's state, and its name in the URL."""


def run(session: Session) -> None:
    """Draw the page that the URL names, or the login in its place.

    Pages stay registered while nobody is logged in, so that their address leads to them after the
    login.
    """
    st.set_page_config(page_title="FinGuard", page_icon=str(_ICON), layout="wide")
    st.html(_STYLE)
    st.logo(str(_LOGO), size="large")
    st.session_state[KEY] = session
    page = st.navigation(
        [
            st.Page(_HERE / "overview.py", title="Overview", icon=":material/monitoring:"),
            st.Page(_HERE / "alerts.py", title="Alerts", icon=":material/notifications:"),
        ],
        position="top" if session.user else "hidden",
    )
    if session.user is None:
        login.show(session)
        return
    _header(session)
    page.run()


def chosen_period() -> Period:
    """What the range picker says."""
    return period_called(st.session_state.get(PERIOD_KEY))


def _header(session: Session) -> None:
    if session.default_login:
        st.markdown(
            ":orange-badge[:material/construction: Development login] :small[Anyone can log in with"
            " the default password. Set `FINGUARD_API_ADMIN_PASSWORD` before others can reach this"
            " page.]"
        )
    with st.container(
        horizontal=True, horizontal_alignment="distribute", vertical_alignment="center", key="head"
    ):
        st.fragment(_status, run_every=session.refresh_s)(session)
        with st.container(horizontal=True, width="content", vertical_alignment="center"):
            st.segmented_control(
                "Time range",
                [period.label for period in PERIODS],
                default=PERIODS[0].label,
                required=True,
                key=PERIOD_KEY,
                bind="query-params",
                label_visibility="collapsed",
            )
            _account(session)


def _status(session: Session) -> None:
    """Whether transactions flow, in a word and since when."""
    period = chosen_period()
    now = datetime.now(UTC)
    summary = session.ask(("summary", period.label), lambda api: api.summary(period.start(now)))
    with st.container(horizontal=True, gap="small", vertical_alignment="center", key="pipeline"):
        if session.feed.outage:
            since = clock().time(session.feed.outage.since, now)
            st.badge("API down", icon=":material/cloud_off:", color="red")
            st.caption(f"since {since}", width="content")
            return
        if summary is None:
            st.badge("Connecting", icon=":material/sync:", color="gray")
            return
        session.pulse.feel(period.label, summary)
        moved_at = session.pulse.moved_at
        if session.pulse.live(now):
            st.badge("Live", icon=":material/sensors:", color="green")
        else:
            st.badge("Quiet", icon=":material/bedtime:", color="gray")
        if moved_at is None:
            st.caption("nothing has arrived yet", width="content")
            return
        words = _latest(summary.latest_alert_at, now)
        st.caption(words, width="content", help=f"Last sign of life: {clock().full(moved_at)}")


def _latest(alert_at: datetime | None, now: datetime) -> str:
    if alert_at is None:
        return "no alert so far"
    if now - alert_at > _RECENT:
        return f"latest alert of {clock().full(alert_at)}"
    return f"latest alert {ago(alert_at, now)}"


def _account(session: Session) -> None:
    user = session.user
    if user is None:
        return
    name = escape(user.username)
    with st.popover(name, icon=":material/account_circle:", key="account"):
        st.caption(f"Logged in as {name}, {escape(user.role)}.")
        st.caption(f"Times in {escape(clock().name)}.")
        if st.button("Log out", icon=":material/logout:", width="stretch"):
            session.log_out("You are logged out.")
            st.rerun()
