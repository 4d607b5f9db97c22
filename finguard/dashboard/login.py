"""The login page."""

import streamlit as st

from finguard.dashboard.client.http import ApiUnavailable, Refused, Throttled, Unauthorized
from finguard.dashboard.session import Session
from finguard.dashboard.wording import duration, escape


def show(session: Session) -> None:
    """Ask for credentials; with the right ones the page that was asked for is drawn next."""
    with (
        st.container(horizontal_alignment="center", key="login"),
        st.container(width=400, gap="small"),
    ):
        st.title("FinGuard", anchor=False)
        st.caption("Real-time fraud detection. Log in to see what is happening now.")
        if session.notice:
            st.info(session.notice, icon=":material/schedule:")
        with st.form("login"):
            username = st.text_input("User name", autocomplete="username", max_chars=64)
            password = st.text_input(
                "Password", type="password", autocomplete="current-password", max_chars=128
            )
            asked = st.form_submit_button("Log in", type="primary", width="stretch")
        if asked:
            _log_in(session, username.strip(), password)
        if session.development:
            st.markdown(f":small[Development setup: `admin` / `{session.default_password}`]")


def resume(session: Session) -> None:
    """Go on with the browser's session; while the API is away, say so and try again."""
    try:
        session.resume()
    except ApiUnavailable as error:
        st.error(
            f"**The API is away:** {escape(str(error))}. You are still logged in; trying again "
            f"every {duration(session.refresh_s)}.",
            icon=":material/cloud_off:",
        )
        st.fragment(_again, run_every=session.refresh_s)(session)
    else:
        st.rerun()


def _again(session: Session) -> None:
    try:
        session.resume()
    except ApiUnavailable:
        return
    st.rerun()


def _log_in(session: Session, username: str, password: str) -> None:
    if not username or not password:
        st.warning("Enter a user name and a password.", icon=":material/edit:")
        return
    try:
        session.log_in(username, password)
    except Unauthorized:
        st.error("Wrong user name or password.", icon=":material/lock:")
    except Throttled as error:
        st.warning(
            f"Too many attempts. Wait {duration(error.wait_s)}, then try again.",
            icon=":material/timer:",
        )
    except Refused as error:
        st.error(
            escape(f"The API refused the login: {str(error).rstrip('.')}."), icon=":material/block:"
        )
    except ApiUnavailable as error:
        st.error(
            f"The API is away: {escape(str(error))}. Then log in again.",
            icon=":material/cloud_off:",
        )
    else:
        st.rerun()
