"""What analysts may do with an alert, and when a change is the one that was made before."""

from typing import Final, Literal

import msgspec

Status = Literal["open", "investigating", "confirmed_fraud", "false_positive"]

Outcome = Literal["changed", "unchanged", "stale", "refused", "missing"]

_NEXT: Final[dict[Status, frozenset[Status]]] = {
    "open": frozenset({"investigating", "confirmed_fraud", "false_positive"}),
    "investigating": frozenset({"open", "confirmed_fraud", "false_positive"}),
    # A decision is not turned into its opposite without looking again.
    "confirmed_fraud": frozenset({"open", "investigating"}),
    "false_positive": frozenset({"open", "investigating"}),
}


class TriageState(msgspec.Struct, frozen=True, kw_only=True):
    """What triage changes of an alert."""

    status: Status
    assignee: str | None
    version: int


class TriageRequest(msgspec.Struct, frozen=True, kw_only=True):
    """What an analyst wants.

    Attributes:
        status: to go to; None stays.
        assigns: whether the assignee is to be `assignee`, which may be nobody.
        note: to add.
    """

    status: Status | None = None
    assigns: bool = False
    assignee: str | None = None
    note: str | None = None


class TriageEntry(msgspec.Struct, frozen=True, kw_only=True):
    """One change that was made, as the history has it."""

    version: int
    actor: str
    status_before: Status
    status_after: Status
    assignee_before: str | None
    assignee_after: str | None
    note: str | None

    def was(self, request: TriageRequest, actor: str) -> bool:
        """Whether this change is what the request asks for, from the same person."""
        wanted_status = request.status or self.status_before
        wanted_assignee = request.assignee if request.assigns else self.assignee_before
        return (
            self.actor == actor
            and self.status_after == wanted_status
            and self.assignee_after == wanted_assignee
            and self.note == request.note
        )


def next_statuses(status: Status) -> list[Status]:
    """Where an alert may go from a status, in alphabetical order."""
    return sorted(_NEXT[status])


def judge(
    request: TriageRequest,
    actor: str,
    *,
    seen_version: int,
    state: TriageState,
    latest: TriageEntry | None,
) -> Outcome:
    """What is to become of a request.

    A request that comes again because its answer was lost finds itself as the latest change, and
    changes nothing.

    Args:
        request: what is wanted.
        actor: who wants it.
        seen_version: of the alert, when the actor decided.
        state: the alert as it is.
        latest: the change that made it so.
    """
    if seen_version != state.version:
        is_repeated = (
            latest is not None
            and latest.version == state.version == seen_version + 1
            and latest.was(request, actor)
        )
        return "unchanged" if is_repeated else "stale"
    status = request.status or state.status
    assignee = request.assignee if request.assigns else state.assignee
    if status != state.status and status not in _NEXT[state.status]:
        return "refused"
    is_same = (status, assignee) == (state.status, state.assignee) and request.note is None
    return "unchanged" if is_same else "changed"
