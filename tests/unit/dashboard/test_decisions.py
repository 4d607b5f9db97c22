"""What was decided, in words."""

from typing import Any

from finguard.dashboard.client.alerts import Alert
from finguard.dashboard.client.triage import BulkResult, Change, Decision
from finguard.dashboard.decisions import (
    change_words,
    failure_words,
    possible,
    success_words,
)
from tests.unit.dashboard.samples import NOW, alert


def change(**changes: Any) -> Change:  # noqa: ANN401 - any field
    """One that changes nothing but what is given."""
    values: dict[str, Any] = {
        "version": 2,
        "at": NOW,
        "actor": "bob",
        "status_before": "open",
        "status_after": "open",
        "assignee_before": None,
        "assignee_after": None,
        "note": None,
    }
    return Change(**(values | changes))


def result(alert_id: int, outcome: str, **changes: object) -> BulkResult:
    """What became of an alert."""
    values = {"alert_id": alert_id, "outcome": outcome, "detail": None, "current": None}
    return BulkResult.model_validate(values | changes)


def test_a_change_says_all_it_changed() -> None:
    """Status, assignee and note in one line."""
    whole = change(status_after="investigating", assignee_after="bob", note="Called.")

    assert change_words(whole) == "Open → Investigating, assigned to bob, noted “Called.”"
    assert change_words(change(assignee_before="bob")) == "no longer assigned to bob"
    assert change_words(change()) == "no change"


def test_ways_follow_from_the_status() -> None:
    """As the domain has them; a status that is new to the dashboard may go anywhere."""
    assert possible("open") == ["investigating", "confirmed_fraud", "false_positive"]
    assert possible("false_positive") == ["investigating", "open"]
    assert len(possible("escalated")) == 4


def test_a_bulk_decision_is_summed_up() -> None:
    """What was done in one line, what was not alert by alert, up to a handful."""
    now = Alert.model_validate(alert(7, status="investigating", assignee="bob"))
    results = [
        result(1, "changed"),
        result(2, "unchanged"),
        result(7, "stale", detail="Too late.", current=now.model_dump()),
        *(result(number, "missing", detail="No such alert.") for number in range(10, 16)),
    ]

    assert success_words(results) == "1 alert changed, 1 alert so already"
    assert failure_words(results)[0] == (
        "Alert 7: Too late. It is now: Investigating, assigned to bob."
    )
    assert failure_words(results)[-1] == "and 2 more"
    assert (success_words([]), failure_words([])) == ("", [])


def test_a_decision_sends_what_it_changes() -> None:
    """To give an alert back is something else than to leave its assignee alone."""
    assert Decision(status="open", note=" x ").body() == {"status": "open", "note": "x"}
    assert Decision(assignee="").body() == {"assignee": None}
    assert Decision(note="  ").body() == {}
