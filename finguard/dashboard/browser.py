"""A login that survives a refresh of the page, by a cookie that the page's scripts cannot read.

The server that draws the pages can set no such cookie, so the browser fetches it from the API with
a code that is good once; docs/security.md has the whole way.
"""

from ipaddress import ip_address
from typing import Final

import streamlit as st

from finguard.dashboard.client.accounts import COOKIE_PATH, COOKIE_PREFIX, COOKIES
from finguard.dashboard.session import Session

_SCRIPT: Final = """
let taken = "";
export default function ({ data }) {
  if (!data.code || data.code === taken) return;
  taken = data.code;
  const { protocol, hostname } = window.location;
  const api = data.api.startsWith(":") ? `${protocol}//${hostname}${data.api}` : data.api;
  fetch(api.replace(/[/]$/, "") + data.path, {
    method: "POST",
    mode: "no-cors",
    credentials: "include",
    body: new URLSearchParams({ code: data.code }),
  }).catch(() => {});
}
"""
"""Where it fails the login works all the same, and only a refresh of the page asks for another."""

_exchange: Final = st.components.v2.component("finguard_browser_session", js=_SCRIPT)


def cookie() -> str:
    """The browser's cookie as it came with the page; empty without."""
    values = (str(st.context.cookies.get(name, "")) for name in COOKIES)
    return next((value for value in values if value.startswith(COOKIE_PREFIX)), "")


def visitor() -> str | None:
    """The address that the viewer comes from, as far as it is known.

    Where the connection is from this machine itself, a proxy on it may have told the address; the
    API's server believes proxies by the same rule.
    """
    told = st.context.ip_address or st.context.headers.get("X-Forwarded-For", "")
    try:
        return str(ip_address(str(told)))
    except ValueError:
        return None


def remember(session: Session) -> None:
    """Let the browser exchange the code of a new login."""
    if session.handoff:
        data = {"code": session.handoff, "api": session.browser_api, "path": COOKIE_PATH}
        _exchange(key="remember", data=data)
