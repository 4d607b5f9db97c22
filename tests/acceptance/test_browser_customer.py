"""The customer page in a real browser: somebody is found, snoozed, and no longer snoozed."""

import re
from typing import Any

from playwright.sync_api import Page, expect

from tests.acceptance.test_browser import (
    browser,
    log_in,
    page,
    reload,
)
from tests.acceptance.whole import Whole, api_client
from tests.integration.api.serving import sign_in
from tests.patience import wait_for

__all__ = ["browser", "page"]


def test_a_customer_is_found_snoozed_and_let_off(page: Page, whole: Whole) -> None:
    """Their profile comes from the running detector; each change is seen at once and survives."""
    user_id = alerted_customer(whole)
    log_in(page)
    page.get_by_role("link", name="Customer").first.click()
    expect(page.get_by_text("Whom do you look for?")).to_be_visible()

    search = page.get_by_label("Customer", exact=True)
    search.fill(user_id)
    search.press("Enter")

    usual = page.get_by_test_id("stMetric").filter(has_text="Usual amount")
    expect(usual.get_by_test_id("stMetricValue")).to_have_text(re.compile(r"^[\d,.]+ [A-Z]{3}$"))
    expect(page.locator(".st-key-spending svg.marks")).to_be_visible()
    expect(page.locator(".st-key-places svg.marks")).to_be_visible()
    expect(page).to_have_url(re.compile(rf"/customer\?.*user={user_id}"))

    quiet = page.locator(".st-key-quiet")
    quiet.get_by_text("Add an entry").click()
    reason = quiet.get_by_label("Reason")
    reason.fill("Called: travels until Friday")
    reason.press("Tab")
    quiet.get_by_role("button", name="Snooze", exact=True).last.click()
    expect(quiet.get_by_text("Added: alerts that are found from now on")).to_be_visible()
    expect(quiet.get_by_text("Called: travels until Friday")).to_be_visible()

    reload(page)

    expect(page.locator(".st-key-customer")).to_contain_text("Snooze every rule until")
    quiet.get_by_role("button", name="Withdraw").click()
    expect(quiet.get_by_text("Withdrawn: it no longer counts.")).to_be_visible()
    expect(quiet.get_by_text("Nothing keeps this customer's alerts quiet.")).to_be_visible()
    expect(quiet.get_by_text("Past entries (1)")).to_be_visible()


def alerted_customer(whole: Whole) -> str:
    """Somebody who has paid in person and was alerted, as soon as there is one."""
    found: list[dict[str, Any]] = []
    with api_client(whole.api) as api:
        sign_in(api)

        def look() -> bool:
            answer = api.get("/api/v1/alerts", params={"rule": "impossible_travel", "limit": "1"})
            found[:] = answer.json()["items"]
            return bool(found)

        wait_for(look, "an alert")
    return str(found[0]["user_id"])
