"""Triage over the API: what analysts decide of alerts, and the history of it."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Literal

from pydantic import AwareDatetime

from finguard.dashboard.client.alerts import Alert
from finguard.dashboard.client.http import Answer, Connection

NOBODY: Final = ""
"""As an assignee: nobody takes care of the alert any more."""


class Change(Answer):
    """One change by an analyst."""

    version: int
    at: AwareDatetime
    actor: str
    status_before: str
    status_after: str
    assignee_before: str | None
    assignee_after: str | None
    note: str | None


class BulkResult(Answer):
    """What became of one alert of many."""

    alert_id: int
    outcome: Literal["changed", "unchanged", "stale", "refused", "missing"]
    detail: str | None
    current: Alert | None


class _History(Answer):
    items: tuple[Change, ...]
    more: bool


class _BulkOutcome(Answer):
    results: tuple[BulkResult, ...]


@dataclass(frozen=True)
class Decision:
    """What to change; None and the empty note stay as they are.

    Attributes:
        status: to go to.
        assignee: who takes care of it, or `NOBODY`.
        note: to add.
    """

    status: str | None = None
    assignee: str | None = None
    note: str = ""

    def body(self) -> dict[str, object]:
        """The same as the API takes it."""
        named: dict[str, object] = {}
        if self.status is not None:
            named["status"] = self.status
        if self.assignee is not None:
            named["assignee"] = self.assignee or None
        if self.note.strip():
            named["note"] = self.note.strip()
        return named


@dataclass(frozen=True)
class Triage:
    """What becomes of alerts."""

    connection: Connection

    def decide(self, alert_id: int, version: int, decision: Decision) -> Alert:
        """Change an alert, if it still has this version, and get it as it is now.

        Raises:
            Conflict: it has another one, or cannot be changed so.
            Refused: the viewer may not, or something is wrong with the decision.
            NotFound: there is no such alert.
        """
        return self.connection.send_json(
            "PATCH",
            f"/api/v1/alerts/{alert_id}",
            decision.body(),
            Alert,
            {"If-Match": f'"{version}"'},
        )

    def decide_many(self, alerts: Sequence[Alert], decision: Decision) -> tuple[BulkResult, ...]:
        """Change each alert of a page that still is as given; what became of them, in their order.

        Raises:
            Refused: as for one.
        """
        items = [{"alert_id": alert.alert_id, "version": alert.version} for alert in alerts]
        body = {"items": items, **decision.body()}
        return self.connection.send_json(
            "POST", "/api/v1/alerts/triage", body, _BulkOutcome
        ).results

    def history(self, alert_id: int) -> tuple[Change, ...]:
        """All changes of an alert, oldest first.

        Raises:
            NotFound: there is no such alert.
        """
        changes: tuple[Change, ...] = ()
        while True:
            after = str(changes[-1].version if changes else 0)
            part = self.connection.get(
                f"/api/v1/alerts/{alert_id}/history", _History, {"after": after}
            )
            changes += part.items
            if not part.more or not part.items:
                return changes
