"""The table of alerts: which ones, which page of them, and as a data frame."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

import pandas as pd

from finguard.dashboard.client import ApiClient
from finguard.dashboard.client.alerts import Alert, AlertFilter, AlertPage, Sort
from finguard.dashboard.client.http import Page, Refused
from finguard.dashboard.filters import SORTS
from finguard.dashboard.paging import PAGE_SIZE, Paging
from finguard.dashboard.wording import NOTHING, RULES, SEVERITIES, STATUSES, money, named

OPEN: Final = "Open"
"""The column that points at the alert whose detail is shown."""

COLUMNS: Final = (
    OPEN, "When", "Severity", "Rule", "Story", "User", "Amount", "Place", "Score", "Status",
    "Assignee",
)  # fmt: skip
BESIDE_A_DETAIL: Final = (OPEN, "When", "Severity", "Rule", "Status", "User", "Amount", "Assignee")
"""The columns while an alert is open: there is less room, and the detail tells the rest."""


@dataclass
class Listing(Paging[Alert]):
    """A page of alerts that stands still while it is read.

    Attributes:
        sort: the order.
        known: the newest alerts of the filter when the list was begun; None until they are known.
        marked: rows that are marked when the page is first shown.
    """

    sort: Sort = "newest"
    known: Page[Alert] | None = None
    marked: tuple[int, ...] = ()
    _clicked: Alert | None = None
    _rows: tuple[int, ...] = ()

    @property
    def words(self) -> str:
        """Which alerts these are, in words."""
        if not self.items:
            return "No alerts"
        return f"{self.first_number:,} to {self.last_number:,}, {SORTS[self.sort].lower()}"

    def load(self, api: ApiClient, chosen: AlertFilter) -> AlertPage | Refused:
        """Ask for this page; a filter that makes no sense to the API is no outage."""
        try:
            return api.alerts.page(chosen, PAGE_SIZE, self.cursors[-1], self.sort)
        except Refused as error:
            return error

    def begin(self, page: AlertPage) -> None:
        """Show what was loaded."""
        self.page = page
        if self.sort == "newest" and len(self.cursors) == 1:
            self.known = page

    def newest(self) -> None:
        """Begin anew with what has arrived since."""
        self.known = None
        super().newest()

    def look(self, newest: AlertPage) -> int:
        """Take in the newest alerts of the filter: how many of them have come since the beginning.

        Those that are shown take on what colleagues have changed, and stay where they are, even
        where the filter would now leave them out. Others that move up because of that are not new.
        """
        self.replace(newest.items)
        if self.known is None:
            self.known = newest
        known = self.known.items
        old = {alert.alert_id for alert in (*known, *self.items)}
        is_whole = self.known.next_cursor is None
        last = None if is_whole or not known else _place(known[-1])
        return sum(
            alert.alert_id not in old and (last is None or _place(alert) > last)
            for alert in newest.items
        )

    def replace(self, alerts: Iterable[Alert]) -> None:
        """Show alerts as they are now, without moving any."""
        if self.page is None:
            return
        now = {alert.alert_id: alert for alert in alerts}
        items = tuple(
            max(alert, now.get(alert.alert_id, alert), key=lambda each: each.version)
            for alert in self.page.items
        )
        self.page = self.page.model_copy(update={"items": items})

    def row_of(self, alert_id: int | None) -> int | None:
        """The row in which an alert stands on this page."""
        numbers = [alert.alert_id for alert in self.items]
        return numbers.index(alert_id) if alert_id in numbers else None

    def alert_in(self, row: int) -> Alert | None:
        """The alert that stands in a row of this page."""
        return self.items[row] if 0 <= row < len(self.items) else None

    def click(self, cells: Sequence[int], rows: Sequence[int]) -> Alert | None:
        """Take in what is selected now: the alert that was clicked; None where only marks changed.

        Args:
            cells: the rows of selected cells. A second click on one unselects it, and yet it says
                that its alert is wanted.
            rows: those that are marked.
        """
        if cells:
            self._clicked = self.alert_in(cells[0])
        elif tuple(rows) != self._rows:
            self._rows = tuple(rows)
            return None
        self._rows = tuple(rows)
        return self._clicked

    def mark(self, alert_ids: Iterable[int]) -> None:
        """Mark the rows of these alerts and no others."""
        rows = (self.row_of(alert_id) for alert_id in alert_ids)
        self.marked = self._rows = tuple(row for row in rows if row is not None)
        self._clicked = None
        self.turn += 1

    def beside(self, alert_id: int, step: int) -> int | None:
        """The alert so many rows below an alert; above it, where that is negative."""
        row = self.row_of(alert_id)
        alert = None if row is None else self.alert_in(row + step)
        return alert.alert_id if alert else None

    def _turned(self) -> None:
        self._clicked = None
        self.marked = self._rows = ()
        super()._turned()


def _place(alert: Alert) -> tuple[datetime, int]:
    """Where an alert stands among the newest; the greater the newer."""
    return alert.occurred_at, alert.alert_id


def alerts_frame(alerts: Sequence[Alert], opened: int | None = None) -> pd.DataFrame:
    """A row per alert in words, in the order given; `When` keeps its instant.

    Args:
        alerts: what to show.
        opened: the alert to point at.
    """
    rows = [
        (
            "▶" if alert.alert_id == opened else "",
            alert.occurred_at,
            SEVERITIES[alert.severity],
            named(RULES, alert.rule),
            alert.story,
            alert.user_id,
            money(alert.amount, alert.currency),
            f"{alert.city}, {alert.country}",
            alert.score,
            named(STATUSES, alert.status),
            alert.assignee or NOTHING,
        )
        for alert in alerts
    ]
    frame = pd.DataFrame(rows, columns=list(COLUMNS))
    frame["When"] = pd.to_datetime(frame["When"], utc=True)
    return frame
