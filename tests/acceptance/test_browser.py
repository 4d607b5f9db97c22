"""The dashboard in a real browser, against everything that stands behind it."""

import re
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import Browser, ConsoleMessage, Locator, Page, expect, sync_playwright

from devstack.chromium import ARGUMENTS
from tests.acceptance.tables import click_row_until, table, wait_until_drawn
from tests.acceptance.whole import Whole
from tests.patience import PATIENCE_S, wait_for

USERNAME, PASSWORD = "admin", "password123"

WAIT_MS = 1_000 * PATIENCE_S

expect.set_options(timeout=WAIT_MS)


@pytest.fixture(scope="module")
def browser(browser_path: Path) -> Iterator[Browser]:
    """The system's Chromium, without a window."""
    with sync_playwright() as playwright:
        running = playwright.chromium.launch(
            executable_path=str(browser_path), args=list(ARGUMENTS)
        )
        yield running
        running.close()


@pytest.fixture
def page(browser: Browser, whole: Whole) -> Iterator[Page]:
    """A fresh tab at the login; at the end nothing may have been logged as an error.

    Nothing but the dashboard may have been asked either, and the API for its cookie alone: all has
    to work without the internet.
    """
    context = browser.new_context(
        viewport={"width": 1280, "height": 900}, locale="en-GB", timezone_id="Europe/Istanbul"
    )
    context.set_default_timeout(WAIT_MS)
    tab = context.new_page()
    errors: list[str] = []
    strangers: list[str] = []

    def listen(message: ConsoleMessage) -> None:
        # At an address below its root Streamlit probes for itself there, and logs that it is not.
        if message.type == "error" and "/_stcore/" not in message.location.get("url", ""):
            errors.append(message.text)

    tab.on("console", listen)
    tab.on("pageerror", lambda error: errors.append(str(error)))
    tab.on("request", lambda request: strangers.append(request.url))
    tab.goto(whole.dashboard)
    yield tab
    context.close()
    assert errors == []
    allowed = (whole.dashboard, f"{whole.api}/api/v1/auth/browser/cookie", "data:", "blob:")
    assert [url for url in strangers if not url.startswith(allowed)] == []


@pytest.fixture
def logged_in(page: Page) -> Page:
    """The same tab with the overview in it, and alerts on the overview."""
    log_in(page)
    expect(rows(page).first).to_be_visible()
    return page


def log_in(page: Page, *credentials: str) -> None:
    """Fill in the login form and send it; by default with what development accepts."""
    username, password = credentials or (USERNAME, PASSWORD)
    page.get_by_label("User name").fill(username)
    page.get_by_label("Password", exact=True).fill(password)
    away = page.get_by_text("Then log in again.")
    outcome = page.locator(".st-key-account").or_(page.get_by_text("Wrong user name")).or_(away)
    button = page.get_by_role("button", name="Log in")
    button.click()
    expect(outcome.first).to_be_attached()
    # On a busy machine the API may have been too slow; its words stay until all is drawn anew.
    while away.count():
        page.wait_for_timeout(3_000)
        wait_until_drawn(page)
        if away.count():
            button.click()


def reload(page: Page) -> None:
    """Load the page anew, as soon as the browser has the cookie that keeps it logged in."""
    await_cookie(page)
    page.reload()


def await_cookie(page: Page) -> None:
    """Wait until the browser can leave the page and stays logged in all the same."""
    wait_for(lambda: has_cookie(page), "the browser's cookie")


def has_cookie(page: Page) -> bool:
    """Whether the browser has fetched it; asking also lets the page's events be heard."""
    page.wait_for_timeout(50)
    return any(cookie.get("name") == "finguard_session" for cookie in page.context.cookies())


def rows(page: Page) -> Locator:
    """The newest alerts on the overview."""
    return page.locator("[class*='st-key-alert-']")


def test_wrong_credentials_are_told_in_words(page: Page) -> None:
    """A wrong login says so and leaves the form where it is."""
    log_in(page, "nobody-of-this-name", "not the password")

    expect(page.get_by_text("Wrong user name or password.")).to_be_visible()
    expect(page.get_by_role("button", name="Log in")).to_be_visible()


def test_the_overview_shows_figures_charts_and_a_map(logged_in: Page) -> None:
    """After the login the page tells what is happening."""
    page = logged_in

    pace = page.get_by_test_id("stMetric").filter(has_text="Transactions/s")
    expect(pace.get_by_test_id("stMetricValue")).to_have_text(re.compile(r"^[\d,.]+ /s$"))
    expect(page.locator(".st-key-pipeline")).to_contain_text("Live")
    for panel, charts in {"over-time": 2, "by-kind": 2, "map": 1}.items():
        drawn = page.locator(f".st-key-{panel} svg.marks")
        expect(drawn).to_have_count(charts)
        expect(drawn.first).to_be_visible()


def test_a_new_alert_arrives_without_a_reload(logged_in: Page) -> None:
    """The list of newest alerts changes by itself, and the page stays where it is."""
    page = logged_in
    page.evaluate("window.notReloaded = true")
    newest = rows(page).first.get_attribute("class") or ""
    (number,) = re.findall(r"st-key-alert-(\d+)", newest)

    expect(rows(page).first).not_to_have_class(re.compile(rf"st-key-alert-{number}\b"))

    assert page.evaluate("window.notReloaded") is True


def test_an_alert_says_why(logged_in: Page) -> None:
    """From the overview to an alert: its story, its evidence, and an address that leads back."""
    page = logged_in
    page.get_by_role("link", name="Why?").first.click()

    detail = page.locator(".st-key-detail")
    expect(detail.get_by_text("Why", exact=True)).to_be_visible()
    expect(detail.get_by_role("columnheader", name="Limit")).to_be_visible()
    expect(detail.get_by_text(re.compile(r"partition \d+, offset [\d,]+"))).to_be_visible()
    expect(page).to_have_url(re.compile(r"/alerts\?.*alert=\d+"))
    story = detail.get_by_role("heading").first.inner_text()

    reload(page)

    expect(detail.get_by_role("heading").first).to_have_text(story)


def test_a_filter_stands_in_the_address(logged_in: Page) -> None:
    """A filtered table survives a reload."""
    page = logged_in
    page.get_by_role("link", name="Alerts").first.click()
    expect(table(page)).to_be_visible()

    page.get_by_role("combobox", name="Severity").click()
    page.get_by_role("option", name="High").click()
    expect(page).to_have_url(re.compile(r"severity=High"))

    reload(page)

    severity = page.get_by_test_id("stMultiSelect").filter(has_text="Severity")
    expect(severity).to_contain_text("High")


def test_a_row_of_the_table_opens_its_alert(logged_in: Page) -> None:
    """A click anywhere in a row shows why the alert was raised; closing it hides that."""
    page = logged_in
    page.get_by_role("link", name="Alerts").first.click()
    expect(table(page)).to_be_visible()

    detail = page.locator(".st-key-detail")
    click_row_until(page, 0, detail.is_visible)

    expect(detail.get_by_role("columnheader", name="Limit")).to_be_visible()
    detail.get_by_role("button", name="Close").click()
    expect(detail).to_have_count(0)


def test_a_refresh_keeps_the_login_out_of_reach_of_scripts(logged_in: Page) -> None:
    """The page is there again at once, and so it is in another tab; no script sees the cookie."""
    page = logged_in
    reload(page)

    expect(page.get_by_test_id("stMetric").first).to_be_visible()
    assert "finguard" not in page.evaluate("document.cookie")

    other = page.context.new_page()
    other.goto(page.url)
    expect(other.get_by_test_id("stMetric").first).to_be_visible()


def test_an_ended_session_leads_to_the_login_and_back(logged_in: Page, whole: Whole) -> None:
    """Whoever is thrown out comes back to the same page, with the same filter and time range."""
    page = logged_in
    await_cookie(page)
    page.goto(f"{whole.dashboard}alerts?severity=High&range=24+h")
    severity = page.get_by_test_id("stMultiSelect").filter(has_text="Severity")
    expect(severity).to_contain_text("High")

    whole.site.execute("DELETE FROM sessions")

    expect(page.get_by_text("Your session has ended.")).to_be_visible()
    log_in(page)
    expect(severity).to_contain_text("High")
    expect(table(page)).to_be_visible()
    expect(page).to_have_url(re.compile(r"/alerts\?(?=.*severity=High)(?=.*range=24)"))


def test_logging_out_ends_the_session(logged_in: Page, whole: Whole) -> None:
    """After it the figures are gone, also for those who go back or load the page anew."""
    page = logged_in
    await_cookie(page)
    (value,) = (
        cookie.get("value")
        for cookie in page.context.cookies()
        if cookie.get("name") == "finguard_session"
    )
    page.locator(".st-key-account").get_by_role("button").click()
    page.get_by_role("button", name="Log out").click()

    expect(page.get_by_text("You are logged out.")).to_be_visible()
    expect(page.get_by_test_id("stMetric")).to_have_count(0)

    page.goto(whole.dashboard)

    expect(page.get_by_label("User name")).to_be_visible()
    stolen = httpx.post(
        f"{whole.api}/api/v1/auth/browser/token", data={"cookie": value}, timeout=PATIENCE_S
    )
    assert stolen.status_code == 401
