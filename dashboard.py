"""`streamlit run dashboard.py`: the dashboard in the browser."""

import httpx
import streamlit as st

from finguard.dashboard import browser
from finguard.dashboard.client import LIMITS, TIMEOUT, ApiClient
from finguard.dashboard.frame import run
from finguard.dashboard.session import KEY, Session
from finguard.dashboard.wording import escape
from finguard.errors import ConfigurationError
from finguard.settings import DEVELOPMENT_PASSWORD, Settings, load_settings


@st.cache_resource
def connections() -> httpx.HTTPTransport:
    """Connections to the API, shared by all viewers; tokens stay with each viewer's session."""
    return httpx.HTTPTransport(limits=LIMITS)


def session_from(settings: Settings) -> Session:
    """The session of a tab that has just been opened or refreshed."""
    http = httpx.Client(
        base_url=settings.dashboard_api_url, timeout=TIMEOUT, transport=connections()
    )
    port = http.base_url.port or (443 if http.base_url.scheme == "https" else 80)
    return Session(
        ApiClient(http),
        refresh_s=settings.dashboard_refresh_s,
        browser_api=settings.dashboard_browser_api_url or f":{port}",
        cookie=browser.cookie(),
        visitor=browser.visitor(),
        default_password=DEVELOPMENT_PASSWORD,
        development=settings.environment == "development" and settings.api_admin_password is None,
    )


try:
    known = st.session_state.get(KEY)
    session = known if isinstance(known, Session) else session_from(load_settings())
except ConfigurationError as error:
    st.error(f"The settings do not fit: {escape(str(error))}", icon=":material/settings:")
else:
    run(session)
