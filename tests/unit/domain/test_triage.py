"""What becomes of a request for triage: pure decisions."""

from typing import get_args

from hypothesis import given
from hypothesis import strategies as st

from finguard.domain.triage import (
    Status,
    TriageEntry,
    TriageRequest,
    TriageState,
    judge,
    next_statuses,
)

STATUSES: tuple[Status, ...] = get_args(Status)

people = st.sampled_from(["alice", "bob"])
statuses = st.sampled_from(STATUSES)
requests = st.builds(
    TriageRequest,
    status=st.none() | statuses,
    assigns=st.booleans(),
    assignee=st.none() | people,
    note=st.none() | st.sampled_from(["Looked.", "Called."]),
)
states = st.builds(
    TriageState, status=statuses, assignee=st.none() | people, version=st.integers(1, 5)
)


def applied(request: TriageRequest, actor: str, state: TriageState) -> TriageEntry:
    """The change that a request makes."""
    return TriageEntry(
        version=state.version + 1,
        actor=actor,
        status_before=state.status,
        status_after=request.status or state.status,
        assignee_before=state.assignee,
        assignee_after=request.assignee if request.assigns else state.assignee,
        note=request.note,
    )


def after(entry: TriageEntry) -> TriageState:
    """The state that a change leads to."""
    return TriageState(
        status=entry.status_after, assignee=entry.assignee_after, version=entry.version
    )


@given(requests, people, states)
def test_repetition_is_recognised(request: TriageRequest, actor: str, state: TriageState) -> None:
    """Whatever is changed, the same request once more changes nothing, and succeeds."""
    first = judge(request, actor, seen_version=state.version, state=state, latest=None)
    if first != "changed":
        return
    entry = applied(request, actor, state)
    again = judge(request, actor, seen_version=state.version, state=after(entry), latest=entry)
    assert again == "unchanged"


@given(requests, requests, states)
def test_nobody_is_overwritten(
    mine: TriageRequest, theirs: TriageRequest, state: TriageState
) -> None:
    """After somebody else's change, a request that has not seen it is stale, whatever it wants."""
    if judge(theirs, "bob", seen_version=state.version, state=state, latest=None) != "changed":
        return
    entry = applied(theirs, "bob", state)
    outcome = judge(mine, "alice", seen_version=state.version, state=after(entry), latest=entry)
    assert outcome == "stale"


@given(requests, people, states, st.integers(1, 9))
def test_older_repetitions_are_stale(
    request: TriageRequest, actor: str, state: TriageState, later: int
) -> None:
    """Once another change has followed, a repetition is told of it and not waved through."""
    entry = applied(request, actor, state)
    newer = TriageState(status=state.status, assignee=state.assignee, version=entry.version + later)
    outcome = judge(request, actor, seen_version=state.version, state=newer, latest=entry)
    assert outcome == "stale"


def test_every_status_can_be_left_and_reached() -> None:
    """No status is a trap, none leads to itself, and decisions do not turn into each other."""
    for status in STATUSES:
        assert status not in next_statuses(status)
        assert any(status in next_statuses(other) for other in STATUSES)
        assert next_statuses(status)
    assert "false_positive" not in next_statuses("confirmed_fraud")
    assert "confirmed_fraud" not in next_statuses("false_positive")
