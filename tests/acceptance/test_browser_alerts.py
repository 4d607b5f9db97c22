"""The analysts' queue in a real browser, with a colleague who works on the same alerts."""

import csv
import re
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import NamedTuple

import httpx
import pytest
from playwright.sync_api import (
    Browser,
    ConsoleMessage,
    Locator,
    Page,
    expect,
    sync_playwright,
)
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg

from devstack import Stack
from devstack.chromium import ARGUMENTS
from tests.acceptance.programs import Site
from tests.acceptance.tables import click_row_until, table, wait_until_drawn
from tests.acceptance.test_browser import (
    USERNAME,
    WAIT_MS,
    log_in,
    reload,
)
from tests.acceptance.whole import api_client, free_port, is_healthy
from tests.conftest import clone_database
from tests.integration.api.serving import sign_in
from tests.patience import wait_for

REFRESH_S = 2
SLOW_LINE = """
const listen = WebSocket.prototype.addEventListener;
WebSocket.prototype.addEventListener = function (type, heard, ...rest) {
  const late = event => window.lateMs ? setTimeout(heard, window.lateMs, event) : heard(event);
  return listen.call(this, type, type === "message" ? late : heard, ...rest);
};
"""
"""Brings what the dashboard says late, in its order, while a test wants it so."""
HELD_PRESS = """
const wait = window.setTimeout;
window.setTimeout = (run, ms, ...rest) => wait(run, ms || window.heldMs || 0, ...rest);
"""
"""Holds a press back before it is sent, as a busy browser does, while a test wants it so."""
WATCH_DETAIL = """
() => {
  window.shown = [];
  setInterval(() => {
    const text = document.querySelector(".st-key-detail")?.innerText;
    const [, number] = text?.match(/(\\d+), score/) ?? [];
    if (number && window.shown.at(-1) !== number) window.shown.push(number);
  }, 20);
}
"""
"""Notes which alerts' details are shown one after the other."""
WATCH_TOAST = """
words => setInterval(() => { window.told ||= document.body.innerText.includes(words) }, 20)
"""
"""Notes that words were there, since a busy browser may look for them when they have gone."""
THEIR_PASSWORD = "a password of their own"


class Queue(NamedTuple):
    """A deployment whose alerts come when a test wants them.

    Attributes:
        site: its programs.
        api: the API, as a colleague uses it.
        dashboard: where the browser finds it.
        patient: another one that refreshes once a minute.
    """

    site: Site
    api: httpx.Client
    dashboard: str
    patient: str

    def add_alerts(self, month: int) -> None:
        """Let some fraud happen in a month of the past, and wait until it is found."""
        self.site.produce(
            *("--rate", "0", "--limit", "1200", "--users", "40", "--fraud-rate", "0.1"),
            *("--seed", str(month), "--start-time", f"2025-{month:02}-01"),
        )
        self.site.wait_until_judged()

    def alert(self, alert_id: int) -> dict[str, object]:
        """An alert as it is now."""
        answer: dict[str, object] = self.api.get(f"/api/v1/alerts/{alert_id}").json()
        return answer

    def triage(self, alert_id: int, **change: str) -> None:
        """What a colleague does."""
        version = self.alert(alert_id)["version"]
        headers = {"If-Match": f'"{version}"'}
        answer = self.api.patch(f"/api/v1/alerts/{alert_id}", json=change, headers=headers)
        assert answer.is_success, answer.text


@pytest.fixture(scope="module")
def queue(stack: Stack, template: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Queue]:
    """All programs but the producer, and some alerts."""
    site = Site(stack, clone_database(stack, template), tmp_path_factory.mktemp("programs"))
    api, quick, patient = (f"http://127.0.0.1:{free_port()}" for _ in range(3))
    with ExitStack() as programs:
        programs.enter_context(site.running("detector.py"))
        uvicorn = ("-m", "uvicorn", "api:app", "--port", api.rpartition(":")[2])
        programs.enter_context(site.running(*uvicorn))
        for address, refresh_s in ((quick, str(REFRESH_S)), (patient, "60")):
            programs.enter_context(
                site.running(
                    *("-m", "streamlit", "run", "dashboard.py"),
                    *("--server.port", address.rpartition(":")[2]),
                    env={
                        "FINGUARD_DASHBOARD_API_URL": api,
                        "FINGUARD_DASHBOARD_REFRESH_S": refresh_s,
                    },
                )
            )
        wait_for(lambda: is_healthy(f"{api}/health"), "the API")
        for address in (quick, patient):
            wait_for(lambda: is_healthy(f"{address}/_stcore/health"), "the dashboard")  # noqa: B023 - waited for within the loop
        colleague = programs.enter_context(api_client(api))
        sign_in(colleague)
        for username, role in (("bob", "analyst"), ("vera", "viewer")):
            person = {"username": username, "password": THEIR_PASSWORD, "role": role}
            assert colleague.post("/api/v1/admin/users", json=person).is_success
        sign_in(colleague, "bob", THEIR_PASSWORD)
        made = Queue(site, colleague, quick, patient)
        made.add_alerts(month=1)
        yield made


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
def page(browser: Browser) -> Iterator[Page]:
    """A fresh tab; at the end nothing may have been logged as an error."""
    context = browser.new_context(
        viewport={"width": 1280, "height": 900}, locale="en-GB", timezone_id="Europe/Istanbul"
    )
    context.set_default_timeout(WAIT_MS)
    tab = context.new_page()
    errors: list[str] = []

    def listen(message: ConsoleMessage) -> None:
        # At an address below its root Streamlit probes for itself there, and logs that it is not.
        if message.type == "error" and "/_stcore/" not in message.location.get("url", ""):
            errors.append(message.text)

    tab.on("console", listen)
    tab.on("pageerror", lambda error: errors.append(str(error)))
    yield tab
    context.close()
    assert errors == []


def open_queue(page: Page, address: str, **parameters: str) -> None:
    """Log in at the alerts of all time."""
    query = "&".join(f"{name}={value}" for name, value in {"range": "All", **parameters}.items())
    page.goto(f"{address}/alerts?{query}")
    log_in(page)
    expect(table(page)).to_be_visible()


def when(page: Page, row: int) -> Locator:
    """When the alert of a row happened, as it is read out to those who do not see the canvas."""
    return page.get_by_test_id(f"glide-cell-2-{row}")


def open_row(page: Page, row: int) -> int:
    """Open the alert of a row, and tell which it is."""
    before = page.url
    click_row_until(page, row, lambda: page.url != before)
    expect(page).to_have_url(re.compile(r"[?&]alert=\d+"))
    (number,) = re.findall(r"[?&]alert=(\d+)", page.url)
    # The page of the one before is gone, and nothing is typed into it.
    expect(detail(page).get_by_text(re.compile(rf"^{number}, score "))).to_be_visible()
    expect(note(page).or_(page.get_by_text("To triage takes"))).to_be_visible()
    return int(number)


def mark_rows(page: Page, *rows: int) -> None:
    """Tick the boxes of rows."""
    for count, row in enumerate(rows, 1):
        marked = page.get_by_role("button", name=f"Triage {count} selected")
        click_row_until(page, row, marked.is_visible, x_px=16)


def detail(page: Page) -> Locator:
    """What is beside the list."""
    return page.locator(".st-key-detail")


def note(page: Page) -> Locator:
    """The field for a note; while another alert is drawn, that of the last one comes after it."""
    return page.locator(".st-key-triage").get_by_label("Note").first


def leave_field(page: Page) -> None:
    """Click where nothing is, so that a field is left and keys are shortcuts again."""
    page.locator(".st-key-detail h3").click()


def test_a_new_alert_is_announced_opened_triaged_and_seen_in_the_history(
    page: Page, queue: Queue
) -> None:
    """Without a reload, and without moving the list until it is asked for."""
    open_queue(page, queue.dashboard)
    page.evaluate("window.notReloaded = true")
    open_row(page, 0)
    top = table(page).bounding_box()

    queue.add_alerts(month=2)

    news = page.get_by_role("button", name=re.compile(r"new alerts? . show"))
    expect(news).to_be_visible()
    assert table(page).bounding_box() == top
    news.click()
    expect(news).to_have_count(0)
    expect(when(page, 0)).to_contain_text("2025-02")
    number = open_row(page, 0)
    note(page).fill("Called them.\nThey were at home.")
    detail(page).get_by_role("button", name="Confirm fraud").click()

    history = page.locator(".st-key-history")
    expect(history).to_contain_text("Open → Confirmed fraud")
    expect(history).to_contain_text("They were at home.")
    expect(note(page)).to_have_value("")
    assert queue.alert(number)["status"] == "confirmed_fraud"
    assert page.evaluate("window.notReloaded") is True


def test_what_is_half_done_outlives_refreshes(page: Page, queue: Queue) -> None:
    """A note that is being typed, marked rows, and how far the list is scrolled."""
    open_queue(page, queue.dashboard, status="Open")
    scroller = table(page).locator(".dvn-scroller")
    mark_rows(page, 1, 2)
    scroller.evaluate("scroller => { scroller.scrollTop = 210 }")
    number = open_row(page, 5)
    note(page).press_sequentially("half a thou")

    # A colleague's change arrives with a refresh, so that one has been.
    queue.triage(number, status="investigating")

    expect(page.get_by_text("Changed meanwhile.")).to_be_visible()
    expect(note(page)).to_have_value("half a thou")
    expect(note(page)).to_be_focused()
    expect(page.get_by_role("button", name="Triage 2 selected")).to_be_visible()
    assert scroller.evaluate("scroller => scroller.scrollTop") == 210


def test_a_colleague_who_was_faster_is_shown_in_words(page: Page, queue: Queue) -> None:
    """Nothing is overwritten, what they did is told, and the note is still there."""
    # Between two refreshes the page cannot know: so they are a minute apart.
    open_queue(page, queue.patient, status="Open")
    number = open_row(page, 3)
    note(page).fill("half a thou")
    queue.triage(number, status="investigating", note="I look at this.")

    detail(page).get_by_role("button", name="False positive").click()

    told = page.locator(".st-key-triage").get_by_role("alert")
    expect(told).to_contain_text("A colleague was faster; nothing was done.")
    expect(told).to_contain_text("bob")
    expect(told).to_contain_text("Open → Investigating")
    expect(told).to_contain_text("I look at this.")
    expect(note(page)).to_have_value("half a thou")
    assert queue.alert(number)["status"] == "investigating"
    # Until then the button that was pressed stands beside the one to press now.
    wait_until_drawn(page)

    detail(page).get_by_role("button", name="False positive").click()

    expect(page.locator(".st-key-history")).to_contain_text("Investigating → False positive")
    assert queue.alert(number)["status"] == "false_positive"


def test_keys_lead_through_the_queue(page: Page, queue: Queue) -> None:
    """J and K walk, letters decide, X closes; in a field they are letters."""
    open_queue(page, queue.dashboard)
    number = open_row(page, 6)
    note(page).press_sequentially("jkifpax")
    leave_field(page)

    page.keyboard.press("j")
    expect(page).not_to_have_url(re.compile(rf"alert={number}\b"))
    expect(note(page)).to_have_value("")
    page.keyboard.press("k")
    expect(page).to_have_url(re.compile(rf"alert={number}\b"))
    expect(note(page)).to_have_value("jkifpax")
    page.keyboard.press("a")
    expect(page.locator(".st-key-history")).to_contain_text(f"assigned to {USERNAME}")
    page.keyboard.press("x")
    expect(detail(page)).to_have_count(0)


def test_a_slow_line_turns_no_page_back(page: Page, queue: Queue) -> None:
    """What the page asks for by itself, before it hears of its new address, changes nothing."""
    page.add_init_script(SLOW_LINE)
    open_queue(page, queue.dashboard)
    before = open_row(page, 6)
    page.evaluate(WATCH_DETAIL)
    page.evaluate(f"window.lateMs = {2 * REFRESH_S * 1000}")

    page.keyboard.press("j")

    expect(page).not_to_have_url(re.compile(rf"alert={before}\b"))
    (after,) = re.findall(r"[?&]alert=(\d+)", page.url)
    page.wait_for_function("after => window.shown.at(-1) === after", arg=after)
    # What the page has asked for until now comes back within two such delays.
    page.wait_for_timeout(4 * REFRESH_S * 1000)
    assert page.evaluate("window.shown") == [str(before), after]
    assert re.search(rf"alert={after}\b", page.url)


def test_a_press_that_a_refresh_takes_along_counts_once(page: Page, queue: Queue) -> None:
    """Refreshes send what is pressed and not sent yet, and then it is sent once more by itself."""
    page.add_init_script(HELD_PRESS)
    open_queue(page, queue.dashboard)
    before = open_row(page, 6)
    listed = [alert["alert_id"] for alert in queue.api.get("/api/v1/alerts").json()["items"]]
    page.evaluate(WATCH_DETAIL)
    page.evaluate(f"window.heldMs = {3 * REFRESH_S * 1000}")

    page.keyboard.press("j")

    after = str(listed[listed.index(before) + 1])
    page.wait_for_function("after => window.shown.at(-1) === after", arg=after)
    # By then the press that was held back has been sent, too.
    page.wait_for_timeout(5 * REFRESH_S * 1000)
    assert page.evaluate("window.shown") == [str(before), after]


def test_a_message_is_never_a_mere_name_of_one_before(page: Page, queue: Queue) -> None:
    """The browser may have forgotten that one meanwhile, and would wait for it for ever."""
    kinds: list[str | None] = []

    def take(frame: str | bytes) -> None:
        assert isinstance(frame, bytes)
        kinds.append(ForwardMsg.FromString(frame).WhichOneof("type"))

    page.on("websocket", lambda line: line.on("framereceived", take))
    open_queue(page, queue.dashboard)
    numbers = [open_row(page, row) for row in (0, 1, 0)]

    assert numbers[0] == numbers[2]
    assert kinds.count("delta") > 100
    assert "ref_hash" not in kinds


def test_many_alerts_are_triaged_at_once(page: Page, queue: Queue) -> None:
    """Rows are marked with their boxes; a decision reaches them all."""
    before = len(queue.api.get("/api/v1/alerts?status=false_positive").json()["items"])
    open_queue(page, queue.dashboard, status="Open")
    mark_rows(page, 0, 1, 2)
    page.get_by_role("button", name="Triage 3 selected").click()
    page.get_by_placeholder("A note for each of them").fill("A test of the new app.")

    page.evaluate(WATCH_TOAST, "3 alerts changed.")
    page.get_by_role("button", name="False positive").click()

    page.wait_for_function("window.told")
    expect(page.get_by_role("button", name="Triage selected")).to_be_disabled()
    after = len(queue.api.get("/api/v1/alerts?status=false_positive").json()["items"])
    assert after == before + 3


def download_list(page: Page) -> str:
    """What the button of the list downloads."""
    with page.expect_download() as download:
        page.get_by_role("button", name="CSV").click()
    return download.value.path().read_text("utf-8")


def test_a_filter_survives_a_reload_and_bounds_the_file(page: Page, queue: Queue) -> None:
    """What stands in the address is what is listed, and what is downloaded."""
    open_queue(page, queue.dashboard)
    page.get_by_role("combobox", name="Rule").click()
    page.get_by_role("option", name="Velocity").click()
    expect(page).to_have_url(re.compile(r"rule=Velocity"))

    reload(page)

    rule = page.get_by_test_id("stMultiSelect").filter(has_text="Rule")
    expect(rule).to_contain_text("Velocity")
    lines = list(csv.DictReader(download_list(page).splitlines()))
    expected = queue.api.get("/api/v1/alerts?rule=velocity&limit=200").json()["items"]
    assert [int(line["alert_id"]) for line in lines] == [each["alert_id"] for each in expected]
    assert {line["rule"] for line in lines} == {"velocity"}


def test_a_viewer_sees_and_cannot_act(page: Page, queue: Queue) -> None:
    """No boxes, no buttons; the whole story all the same."""
    page.goto(f"{queue.dashboard}/alerts?range=All")
    log_in(page, "vera", THEIR_PASSWORD)
    expect(table(page)).to_be_visible()
    open_row(page, 0)

    expect(page.get_by_text("To triage takes the role analyst.")).to_be_visible()
    expect(page.get_by_role("button", name="Confirm fraud")).to_have_count(0)
    expect(page.get_by_role("button", name=re.compile("Triage"))).to_have_count(0)
