"""What analysts may decide, and what was decided, in words."""

from collections.abc import Sequence
from typing import Final, NamedTuple

from finguard.dashboard.client.alerts import Alert
from finguard.dashboard.client.triage import BulkResult, Change
from finguard.dashboard.wording import STATUSES, count, named
from finguard.domain.triage import Status, next_statuses

_MOST_NAMED: Final = 5


class Action(NamedTuple):
    """A button that leads to a status.

    Attributes:
        label: says it.
        icon: shows it.
        shortcut: the key that presses it; Streamlit itself keeps C and R.
    """

    label: str
    icon: str
    shortcut: str


ACTIONS: Final[dict[Status, Action]] = {
    "investigating": Action("Investigate", ":material/search:", "I"),
    "confirmed_fraud": Action("Confirm fraud", ":material/gpp_bad:", "F"),
    "false_positive": Action("False positive", ":material/verified_user:", "P"),
    "open": Action("Reopen", ":material/undo:", "O"),
}


def possible(status: str) -> list[Status]:
    """Where an alert may go from a status; of one that is new to the dashboard, anywhere."""
    known = next((code for code in ACTIONS if code == status), None)
    return [code for code in ACTIONS if known is None or code in next_statuses(known)]


def change_words(change: Change) -> str:
    """A change in plain text: `Open → Investigating, assigned to bob, noted “Called.”`."""
    parts = []
    if change.status_before != change.status_after:
        before, after = (
            named(STATUSES, code) for code in (change.status_before, change.status_after)
        )
        parts.append(f"{before} → {after}")
    if change.assignee_before != change.assignee_after:
        parts.append(
            f"assigned to {change.assignee_after}"
            if change.assignee_after
            else f"no longer assigned to {change.assignee_before}"
        )
    if change.note:
        parts.append(f"noted “{change.note}”")
    return ", ".join(parts) or "no change"


def state_words(alert: Alert) -> str:
    """How an alert stands: `Investigating, assigned to bob`."""
    status = named(STATUSES, alert.status)
    return f"{status}, assigned to {alert.assignee}" if alert.assignee else status


def alerts_words(number: int) -> str:
    """So many alerts: `1 alert`, `1,200 alerts`."""
    return f"{count(number)} alert{'' if number == 1 else 's'}"


def success_words(results: Sequence[BulkResult]) -> str:
    """What a decision on many alerts did; empty where it did nothing."""
    changed = sum(result.outcome == "changed" for result in results)
    unchanged = sum(result.outcome == "unchanged" for result in results)
    words = [f"{alerts_words(changed)} changed"] if changed else []
    words += [f"{alerts_words(unchanged)} so already"] if unchanged else []
    return ", ".join(words)


def failures(results: Sequence[BulkResult]) -> list[BulkResult]:
    """Those to which nothing was done that should have been."""
    return [result for result in results if result.outcome not in {"changed", "unchanged"}]


def failure_words(results: Sequence[BulkResult]) -> list[str]:
    """Why nothing was done to some of many alerts, a line each; empty where all went well."""
    failed = failures(results)
    lines = [
        f"Alert {result.alert_id}: {result.detail or result.outcome}"
        + (f" It is now: {state_words(result.current)}." if result.current else "")
        for result in failed[:_MOST_NAMED]
    ]
    rest = len(failed) - _MOST_NAMED
    return [*lines, f"and {rest} more"] if rest > 0 else lines
