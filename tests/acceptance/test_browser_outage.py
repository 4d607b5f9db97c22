"""The dashboard in a real browser while the API is away, and when it is back."""

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect

from devstack import Stack
from tests.acceptance.conftest import WORLD
from tests.acceptance.programs import Site
from tests.acceptance.test_browser import (
    await_cookie,
    browser,
    logged_in,
    page,
    rows,
)
from tests.acceptance.whole import Whole, running_whole
from tests.conftest import clone_database

__all__ = ["browser", "logged_in", "page"]


@pytest.fixture(scope="module")
def whole(stack: Stack, template: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Whole]:
    """One whose API may be ended without disturbing other tests."""
    site = Site(stack, clone_database(stack, template), tmp_path_factory.mktemp("programs"))
    with running_whole(site, WORLD) as running:
        yield running


def test_the_api_is_lost_and_returns(logged_in: Page, whole: Whole) -> None:
    """The last known state stays with a banner over it, and goes on by itself, without a reload."""
    page = logged_in
    page.evaluate("window.notReloaded = true")
    banner = page.get_by_text("No fresh data since")
    figure = page.get_by_test_id("stMetric").filter(has_text="Transactions/s")
    expect(figure.get_by_test_id("stMetricValue")).to_have_text(re.compile(r"/s$"))

    await_cookie(page)
    whole.lose_api()

    expect(banner).to_be_visible()
    # Read only now: nothing new can come before the API is back.
    newest = rows(page).first.get_attribute("class") or ""
    (number,) = re.findall(r"st-key-alert-(\d+)", newest)
    expect(figure).to_be_visible()
    assert "Traceback" not in page.inner_text("body")

    whole.start_api()

    expect(banner).to_have_count(0)
    expect(rows(page).first).not_to_have_class(re.compile(rf"st-key-alert-{number}\b"))
    assert page.evaluate("window.notReloaded") is True
