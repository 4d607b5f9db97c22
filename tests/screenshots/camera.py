"""Looks at the dashboard as a viewer does, and keeps what it sees."""

import io
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from PIL import Image
from playwright.sync_api import Browser, Page

from tests.patience import PATIENCE_S
from tests.screenshots.shots import Look

WAIT_MS: Final = 1_000 * PATIENCE_S
SETTLED_MS: Final = 2_000
COLOURS: Final = 256

_IS_DRAWN: Final = """
() => document.querySelector('[data-test-script-state="notRunning"]')
    && !document.querySelector('[data-testid*="keleton"], [data-testid="stSpinner"]')
"""
_WORDS: Final = "() => document.querySelector('[data-testid=\"stMain\"]').innerText"


class Camera:
    """A browser in front of a dashboard.

    Args:
        browser: to look with.
        dashboard: its address, with a slash at the end.
        folder: for the pictures.
    """

    def __init__(self, browser: Browser, dashboard: str, folder: Path) -> None:
        self._browser = browser
        self._dashboard = dashboard
        self._folder = folder

    @contextmanager
    def looking(self, look: Look) -> Iterator[Callable[[str, str], None]]:
        """Log in, and take pictures by name and address until the context ends."""
        context = self._browser.new_context(
            viewport={"width": look.width, "height": look.height},
            color_scheme=look.theme,
            locale="en-GB",
            timezone_id="Europe/Istanbul",
        )
        context.set_default_timeout(WAIT_MS)
        page = context.new_page()
        page.goto(self._dashboard)
        _log_in(page)

        def take(name: str, address: str) -> None:
            page.goto(self._dashboard + address)
            _settle(page)
            _store(page.screenshot(), self._folder / f"{name}{look.suffix}.png")

        yield take
        context.close()


def _log_in(page: Page) -> None:
    page.get_by_label("User name").fill("admin")
    page.get_by_label("Password", exact=True).fill("password123")
    page.get_by_role("button", name="Log in").click()
    page.locator(".st-key-account").wait_for()
    # From here on every address can be opened, as after a refresh.
    page.wait_for_function(_IS_DRAWN)
    while not any(each.get("name") == "finguard_session" for each in page.context.cookies()):
        page.wait_for_timeout(50)


def _settle(page: Page) -> None:
    """Wait until the page is drawn and stays so: charts come a little after their frame."""
    words = ""
    while words != (words := _words(page)) or not words.strip():
        page.wait_for_timeout(SETTLED_MS)
    page.wait_for_function(_IS_DRAWN)


def _words(page: Page) -> str:
    """What the page says once nothing is being drawn."""
    page.wait_for_function(_IS_DRAWN)
    words: str = page.evaluate(_WORDS)
    # Times that pass are no change.
    return re.sub(r"[0-9]+", "", words)


def _store(png: bytes, file: Path) -> None:
    """Keep it with so many colours as nobody can tell from all: a third of the size."""
    with Image.open(io.BytesIO(png)) as picture:
        picture.convert("RGB").quantize(COLOURS, dither=Image.Dither.NONE).save(file, optimize=True)
