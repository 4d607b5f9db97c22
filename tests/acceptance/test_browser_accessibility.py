"""Every page for those who see little, see no colours, or look at a telephone."""

import json
import re
from collections.abc import Iterator
from importlib import resources
from typing import Final, Literal, NamedTuple

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.acceptance.test_browser import (
    WAIT_MS,
    await_cookie,
    browser,
    log_in,
)
from tests.acceptance.test_browser_customer import alerted_customer
from tests.acceptance.test_browser_letters import Poison
from tests.acceptance.whole import Whole

__all__ = ["browser"]

AXE: Final = (resources.files("axe_playwright_python") / "axe.min.js").read_text("utf-8")

FIND: Final = """
async () => {
  const { violations } = await axe.run(document, { resultTypes: ["violations"] });
  return violations
    .filter((each) => each.impact === "serious" || each.impact === "critical")
    .flatMap((each) => each.nodes.map((node) => ({
      rule: each.id, target: node.target.join(" "), html: node.html.slice(0, 300),
      why: (node.failureSummary || "").slice(0, 300),
    })));
}
"""

PHONE_PX: Final = 390

BEYOND: Final = """
(width) => [...document.querySelectorAll('[data-testid="stMain"] *')]
  .filter((each) => each.getClientRects().length && each.getBoundingClientRect().right > width + 1)
  .filter((each) => {
    const isMain = (up) => up.dataset.testid === "stMain";
    for (let up = each.parentElement; !isMain(up); up = up.parentElement)
      if (getComputedStyle(up).overflowX !== "visible") return false;
    return true;
  })
  .map((each) => each.outerHTML.slice(0, 200))
"""
"""What stands out on the right and could only be reached by moving the whole page sideways."""

WIDEN: Final = """
() => {
  const wide = document.createElement("div");
  wide.style.cssText = "width: 600px; height: 1px";
  document.querySelector('[data-testid="stMain"] [data-testid="stVerticalBlock"]').append(wide);
}
"""
"""Puts on the page what must be found."""

IS_DRAWN: Final = """
() => document.querySelector('[data-test-script-state="notRunning"]')
    && !document.querySelector('[data-testid*="keleton"], [data-testid="stSpinner"]')
"""


@pytest.fixture(params=["light", "dark"])
def theme(request: pytest.FixtureRequest) -> Literal["light", "dark"]:
    """What the viewer's system prefers."""
    chosen: Literal["light", "dark"] = request.param
    return chosen


class Address(NamedTuple):
    """Where a page is, and what must be on it before it is looked at."""

    url: str
    content: str


@pytest.fixture(scope="module")
def addresses(whole: Whole) -> dict[str, Address]:
    """Every page with something on it, and what opens beside a list."""
    poison = Poison(whole)
    customer = alerted_customer(whole)
    ((alert,),) = whole.site.query(
        "SELECT alert_id FROM alerts WHERE rule = 'impossible_travel' LIMIT 1"
    )
    return {
        "overview": Address("?range=All", ".st-key-map svg.marks"),
        "alerts": Address("alerts?range=All", '[data-testid="stDataFrame"]'),
        "an alert": Address(f"alerts?range=All&alert={alert}", ".st-key-journey svg.marks"),
        "customer": Address(f"customer?range=All&user={customer}", ".st-key-places svg.marks"),
        "dead letters": Address("dead_letters?range=All", ".st-key-reasons svg.marks"),
        "a dead letter": Address(
            f"dead_letters?range=All&letter={poison.letter}", ".st-key-letter-detail pre"
        ),
        "rules": Address("rules?range=All", '[data-testid="stMetric"]'),
        "system": Address("system", ".st-key-lag-by-partition svg.marks"),
    }


@pytest.fixture
def page(browser: Browser, whole: Whole, theme: Literal["light", "dark"]) -> Iterator[Page]:
    """A fresh tab at the login."""
    context = browser.new_context(
        viewport={"width": 1280, "height": 900},
        color_scheme=theme,
        locale="en-GB",
        # What is fading in has less contrast than it will have.
        reduced_motion="reduce",
    )
    context.set_default_timeout(WAIT_MS)
    tab = context.new_page()
    tab.goto(whole.dashboard)
    expect(tab.get_by_role("button", name="Log in")).to_be_visible()
    settle(tab)
    yield tab
    context.close()


def look_at(page: Page, whole: Whole, address: Address) -> None:
    """Open a page, and wait until it is drawn, with all of its charts."""
    page.goto(whole.dashboard + address.url)
    expect(page.locator(address.content).first).to_be_visible()
    settle(page)


def settle(page: Page) -> None:
    """Wait until the page is drawn and stays so."""
    words = ""
    while words != (words := drawn_words(page)) or not words.strip():
        page.wait_for_timeout(500)


def drawn_words(page: Page) -> str:
    """What the page says once nothing is being drawn, but for times and figures, which go on."""
    page.wait_for_function(IS_DRAWN)
    return re.sub(r"[0-9]+", "", page.inner_text('[data-testid="stMain"]'))


def violations(page: Page) -> list[dict[str, str]]:
    """What axe-core calls serious or critical, and goes on to.

    A busy browser may show for a moment what has not got all of its colours yet.
    """
    page.evaluate(AXE)
    found: list[dict[str, str]] = page.evaluate(FIND)
    for _ in range(5):
        if found:
            page.wait_for_timeout(1_000)
            found = page.evaluate(FIND)
    return found


def test_axe_finds_nothing_serious(page: Page, whole: Whole, addresses: dict[str, Address]) -> None:
    """Contrast, names, roles and order of all pages, the login's too, in both themes."""
    found = {"login": violations(page)}
    log_in(page)
    await_cookie(page)
    for name, address in addresses.items():
        look_at(page, whole, address)
        found[name] = violations(page)

    assert not any(found.values()), json.dumps(found, indent=1)


@pytest.mark.parametrize("theme", ["light"], indirect=True)
def test_a_telephone_shows_all_without_moving_sideways(
    page: Page, whole: Whole, addresses: dict[str, Address]
) -> None:
    """At 390 pixels nothing of any page stands out; wide tables move within themselves."""
    page.set_viewport_size({"width": PHONE_PX, "height": 844})
    found = {"login": page.evaluate(BEYOND, PHONE_PX)}
    log_in(page)
    await_cookie(page)
    for name, address in addresses.items():
        look_at(page, whole, address)
        found[name] = page.evaluate(BEYOND, PHONE_PX)
        page.evaluate(WIDEN)
        assert page.evaluate(BEYOND, PHONE_PX) != [], f"{name}: would not be noticed"

    assert not any(found.values()), json.dumps(found, indent=1)
