"""The browser's cookie in a real browser: set across ports, kept from scripts and other sites."""

from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import httpx
import pytest
from playwright.sync_api import BrowserContext, sync_playwright

from finguard.api.app import create_app
from tests.integration.api.serving import served
from tests.integration.api.signing_in import AUTH, bearer, is_accepted, tokens
from tests.unit.api.configuration import api_settings

EXCHANGE = """async ([url, code]) => {
  try {
    await fetch(url, {
      method: "POST", mode: "no-cors", credentials: "include", body: new URLSearchParams({code}),
    });
  } catch {}
}"""
"""What a page of the dashboard lets the browser do."""


@pytest.fixture
def api(database: str) -> Iterator[httpx.Client]:
    """The API on a port of its own."""
    with served(create_app(api_settings(database))) as client:
        yield client


@pytest.fixture
def browser(browser_path: Path) -> Iterator[BrowserContext]:
    """A browser that knows nothing yet."""
    with sync_playwright() as playwright:
        running = playwright.chromium.launch(
            executable_path=str(browser_path), args=["--no-sandbox", "--disable-gpu"]
        )
        yield running.new_context()
        running.close()


@contextmanager
def pages() -> Iterator[tuple[int, list[str]]]:
    """A server of pages like the dashboard's: its port, and the cookies that it was sent."""
    sent: list[str] = []

    class Page(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            """Note the cookies, and answer a page."""
            if self.path == "/":
                sent.append(self.headers.get("Cookie", ""))
            self.send_response(200)
            self.send_header("Content-Type", "text/html")
            self.end_headers()
            self.wfile.write(b"<!doctype html><title>page</title>")

        def log_message(self, *_: object) -> None:
            """Be quiet."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Page)
    thread = Thread(target=server.serve_forever)
    thread.start()
    try:
        yield server.server_port, sent
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def handoff(api: httpx.Client) -> str:
    """A code of a new session."""
    own = tokens(api)["access_token"]
    return str(api.post(f"{AUTH}/browser/handoff", headers=bearer(own)).json()["code"])


def test_session_survives_a_refresh_out_of_reach_of_scripts(
    api: httpx.Client, browser: BrowserContext
) -> None:
    """The page's server gets the cookie with the next load and goes on; its scripts see nothing."""
    url = f"{api.base_url}{AUTH}/browser/cookie"
    with pages() as (port, sent):
        page = browser.new_page()
        page.goto(f"http://127.0.0.1:{port}/")
        page.evaluate(EXCHANGE, [url, handoff(api)])
        page.reload()
        assert page.evaluate("document.cookie") == ""
    before, after = sent
    assert before == ""
    name, _, cookie = after.partition("=")
    assert name == "finguard_session"
    resumed = api.post(f"{AUTH}/browser/token", data={"cookie": cookie}).json()
    assert is_accepted(api, resumed["access_token"])


def test_other_sites_neither_set_nor_send_the_cookie(
    api: httpx.Client, browser: BrowserContext
) -> None:
    """A page of another host has no use for a code, and its links do not carry the cookie along."""
    url = f"{api.base_url}{AUTH}/browser/cookie"
    with pages() as (port, sent):
        page = browser.new_page()
        page.goto(f"http://localhost:{port}/")
        page.evaluate(EXCHANGE, [url, handoff(api)])
        assert browser.cookies() == []
        own = browser.new_page()
        own.goto(f"http://127.0.0.1:{port}/")
        own.evaluate(EXCHANGE, [url, handoff(api)])
        assert len(browser.cookies()) == 1
        sent.clear()
        page.evaluate("async (url) => { await fetch(url, {mode: 'no-cors'}) }", own.url)
        assert sent == [""]
