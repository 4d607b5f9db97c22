"""The dashboard's lists as a mouse finds them: each is a table on a canvas."""

from collections.abc import Callable

from playwright.sync_api import Locator, Page, expect

from tests.patience import wait_for

HEADER_PX, ROW_PX = 35, 35
LOOKS, LOOK_MS = 50, 200


def table(page: Page) -> Locator:
    """The list of a page."""
    return page.get_by_test_id("stDataFrame")


def wait_until_drawn(page: Page) -> None:
    """Wait until all of the page is as it shall be, and nothing of the one before is left."""
    expect(page.locator('[data-test-script-state="notRunning"]')).to_be_attached()


def _click_row(page: Page, row: int, x_px: int) -> None:
    """Click into a row of the table, a canvas that has to see the mouse come before it clicks."""
    scroller = table(page).locator(".dvn-scroller")
    top_px = HEADER_PX + ROW_PX * row
    for offset_px in (5, ROW_PX // 2):
        scroller.hover(position={"x": x_px, "y": top_px + offset_px})
        page.evaluate("new Promise(requestAnimationFrame)")
    scroller.click(position={"x": x_px, "y": top_px + ROW_PX // 2})


def click_row_until(page: Page, row: int, happened: Callable[[], bool], *, x_px: int = 300) -> None:
    """Click into a row, and once more where a busy browser has lost the click.

    Args:
        page: with a table.
        row: of the table.
        happened: whether the click has done what it should.
        x_px: where in the row.
    """

    def clicked() -> bool:
        # A table that is about to be replaced would take the click along with it.
        wait_until_drawn(page)
        if happened():
            return True
        _click_row(page, row, x_px)
        for _ in range(LOOKS):
            if happened():
                return True
            page.wait_for_timeout(LOOK_MS)
        return False

    wait_for(clicked, f"a click into row {row}")
