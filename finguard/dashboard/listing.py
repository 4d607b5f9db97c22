"""The table of alerts: which ones, which page of them, and as a data frame."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

import pandas as pd

from finguard.dashboard.client import ApiClient
from finguard.dashboard.client.alerts import Alert, AlertFilter, AlertPage
from finguard.dashboard.wording import RULES, SEVERITIES, STATUSES, money, named

PAGE_SIZE: Final = 50

COLUMNS: Final = (
    "When", "Severity", "Rule", "Story", "User", "Amount", "Place", "Score", "Status",
)  # fmt: skip


@dataclass
class Listing:
    """A page of alerts that stands still while it is read.

    Attributes:
        name: tells this filter from others; the same filter keeps its page.
        cursors: where each page up to this one begins; None is the beginning.
        page: what the API answered; None until it did.
        turn: raised whenever another page is shown, so that a selection does not outlive it.
    """

    name: tuple[str, ...]
    cursors: list[str | None] = field(default_factory=lambda: [None])
    page: AlertPage | None = None
    turn: int = 0

    @property
    def first_number(self) -> int:
        """The place of this page's first alert among all, counted from 1."""
        return (len(self.cursors) - 1) * PAGE_SIZE + 1

    def load(self, api: ApiClient, chosen: AlertFilter) -> AlertPage:
        """Ask for this page."""
        return api.alerts.page(chosen, PAGE_SIZE, self.cursors[-1])

    def older(self) -> None:
        """Turn to the next page."""
        if self.page and self.page.next_cursor:
            self.cursors.append(self.page.next_cursor)
            self._turned()

    def newer(self) -> None:
        """Turn back."""
        if len(self.cursors) > 1:
            self.cursors.pop()
            self._turned()

    def newest(self) -> None:
        """Begin anew with what has arrived since."""
        self.cursors = [None]
        self._turned()

    def unseen(self, fresh: AlertPage) -> int:
        """How many alerts of a fresh first page are not on this one, which is the first, too."""
        if self.page is None or len(self.cursors) > 1:
            return 0
        shown = {alert.alert_id for alert in self.page.items}
        return sum(alert.alert_id not in shown for alert in fresh.items)

    def row_of(self, alert_id: int | None) -> int | None:
        """The row in which an alert stands on this page."""
        items = self.page.items if self.page else ()
        numbers = [alert.alert_id for alert in items]
        return numbers.index(alert_id) if alert_id in numbers else None

    def alert_in(self, row: int) -> int | None:
        """The alert that stands in a row of this page."""
        items = self.page.items if self.page else ()
        return items[row].alert_id if 0 <= row < len(items) else None

    def _turned(self) -> None:
        self.page = None
        self.turn += 1


def alerts_frame(alerts: Sequence[Alert]) -> pd.DataFrame:
    """A row per alert in words, in the order given; `When` keeps its instant."""
    rows = [
        (
            alert.occurred_at,
            SEVERITIES[alert.severity],
            named(RULES, alert.rule),
            alert.story,
            alert.user_id,
            money(alert.amount, alert.currency),
            f"{alert.city}, {alert.country}",
            alert.score,
            named(STATUSES, alert.status),
        )
        for alert in alerts
    ]
    frame = pd.DataFrame(rows, columns=list(COLUMNS))
    frame["When"] = pd.to_datetime(frame["When"], utc=True)
    return frame
