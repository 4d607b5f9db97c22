"""How long somebody who logs in waits until there is something to see, in a real browser."""

from pathlib import Path
from typing import Any, Final

from playwright.sync_api import Browser, Error, sync_playwright
from tqdm import tqdm

from bench.command import BenchError
from bench.dashboard.bed import Shown
from bench.dashboard.viewers import Address
from bench.figures import percentiles
from devstack.chromium import ARGUMENTS, NO_BROWSER, find_browser
from finguard.settings import DEVELOPMENT_PASSWORD

WITHIN_MS: Final = 60_000

_WATCH: Final = """
() => {
  const kinds = [
    '[data-testid="stMetricValue"]', '[data-testid="stTable"] td', "svg.marks path",
    '[data-testid^="glide-cell"]',
  ];
  // The text of a table's cells is for those who do not see its canvas, and never visible.
  const isSeen = (each) => each.matches(kinds.at(-1))
    || each.checkVisibility({ opacityProperty: true }) && each.getClientRects().length;
  const content = () => [...document.querySelectorAll(kinds)].find((each) => isSeen(each)
    && each.closest('[data-testid="stMain"]')
    && (each.matches("path") || /\\d/.test(each.textContent)));
  window.waited = new Promise((done) => {
    addEventListener("click", () => {
      const begin = performance.now();
      const look = () => content() ? done(performance.now() - begin) : requestAnimationFrame(look);
      look();
    }, { once: true, capture: true });
  });
}
"""
"""Counts from the click until the page's first figure, row, table or chart is there."""


def measure_visits(shown: Shown, addresses: dict[str, Address], times: int) -> dict[str, Any]:
    """Log in so often at each address, in a browser that has never been there before.

    Args:
        shown: where.
        addresses: pages by what the report calls them.
        times: each.

    Returns:
        Milliseconds from the click on `Log in` to the first content, by page.
    """
    path = browser_path()
    waits_ms: dict[str, list[float]] = {name: [] for name in addresses}
    with tqdm(total=times * len(addresses), desc="visits", unit="") as bar:
        for _ in range(times):
            for name, address in addresses.items():
                waits_ms[name].append(_visit(path, shown, address))
                bar.update()
    return {name: percentiles(sorted(each)) for name, each in waits_ms.items()}


def browser_path() -> Path:
    """The system's Chromium; raises `BenchError` where there is none."""
    path = find_browser()
    if path is None:
        raise BenchError(NO_BROWSER)
    return path


def _visit(path: Path, shown: Shown, address: Address) -> float:
    try:
        with sync_playwright() as playwright:
            # Ends with this block, whatever happens within.
            browser = playwright.chromium.launch(executable_path=str(path), args=list(ARGUMENTS))
            return _wait_ms(browser, f"{shown.url}{address.path}?{address.query}")
    except Error as error:
        raise BenchError(f"{address.path or 'the overview'}: {error.message}") from error


def _wait_ms(browser: Browser, url: str) -> float:
    page = browser.new_page(viewport={"width": 1280, "height": 900})
    page.set_default_timeout(WITHIN_MS)
    page.goto(url)
    page.get_by_label("User name").fill("admin")
    page.get_by_label("Password", exact=True).fill(DEVELOPMENT_PASSWORD)
    page.evaluate(_WATCH)
    page.get_by_role("button", name="Log in").click()
    page.wait_for_function("window.waited")
    return float(page.evaluate("window.waited"))
