"""What surrounds every page: the login, the navigation, and the header."""

from pathlib import Path
from typing import Final, NamedTuple

import streamlit as st

from finguard.dashboard import browser, login
from finguard.dashboard.session import KEY, Session
from finguard.dashboard.widgets import header

_HERE: Final = Path(__file__).parent
_LOGO: Final = _HERE / "logo.svg"
_ICON: Final = _HERE / "icon.svg"
_STYLE: Final = _HERE / "style.css"


class _Entry(NamedTuple):
    file: str
    title: str
    icon: str


PAGES: Final = (
    _Entry("overview.py", "Overview", ":material/monitoring:"),
    _Entry("alerts.py", "Alerts", ":material/notifications:"),
    _Entry("customer.py", "Customer", ":material/person_search:"),
    _Entry("dead_letters.py", "Dead letters", ":material/drafts:"),
    _Entry("rules.py", "Rules", ":material/rule:"),
    _Entry("system.py", "System", ":material/dns:"),
)
"""The files of `pages/`, in the order of the navigation; the first is where one arrives."""


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
            st.Page(_HERE / "pages" / entry.file, title=entry.title, icon=entry.icon)
            for entry in PAGES
        ],
        position="top" if session.user else "hidden",
    )
    if session.cookie:
        login.resume(session)
    elif session.user is None:
        login.show(session)
    else:
        _restore_address(session)
        browser.remember(session)
        header.show(session)
        page.run()


def _restore_address(session: Session) -> None:
    """What the URL said when the session ended: the login's own run has cleared it."""
    for name, value in session.address.items():
        st.query_params[name] = value
    session.address = {}
