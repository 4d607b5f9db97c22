"""One decision for all alerts that are selected in the list."""

from collections.abc import Sequence
from typing import Final

import streamlit as st

from finguard.dashboard.client.alerts import Alert
from finguard.dashboard.client.http import (
    ApiUnavailable,
    NotFound,
    Refused,
    Throttled,
    Unauthorized,
)
from finguard.dashboard.client.triage import NOBODY, BulkResult, Decision
from finguard.dashboard.decisions import (
    ACTIONS,
    alerts_words,
    failure_words,
    failures,
    success_words,
)
from finguard.dashboard.session import Session
from finguard.dashboard.widgets.triage_panel import NOTE_CHARS
from finguard.dashboard.wording import escape

_NOTE: Final = "bulk-note"
_TURN: Final = "finguard-bulk-turn"
_TROUBLE: Final = "finguard-bulk-trouble"


def show(session: Session, selected: Sequence[Alert]) -> tuple[BulkResult, ...]:
    """Draw the button that opens it; what became of each alert, where something was decided.

    After a decision another popover takes the place of the open one, which so is closed.
    """
    turn = st.session_state.setdefault(_TURN, 0)
    with st.popover(
        f"Triage {len(selected)} selected" if selected else "Triage selected",
        icon=":material/checklist:",
        disabled=not selected,
        key=f"bulk-{turn}",
    ):
        st.markdown(f"**One decision for {alerts_words(len(selected))}**")
        note = st.text_area(
            "Note",
            key=f"{_NOTE}-{turn}",
            max_chars=NOTE_CHARS,
            height=76,
            placeholder="A note for each of them, if you like",
            label_visibility="collapsed",
        )
        decision = _pressed(session, note, turn)
    if decision is None or not selected:
        return ()
    return _decide(session, selected, decision)


def trouble() -> None:
    """Say to which alerts nothing was done, until somebody has read it."""
    lines: list[str] = st.session_state.get(_TROUBLE, [])
    if not lines:
        return
    st.warning("  \n".join(escape(line) for line in lines), icon=":material/group:")
    if st.button(
        "Understood", key=f"bulk-understood-{st.session_state.get(_TURN, 0)}", type="tertiary"
    ):
        st.session_state[_TROUBLE] = []
        st.rerun()


def _pressed(session: Session, note: str, turn: int) -> Decision | None:
    pressed: Decision | None = None
    with st.container(gap="small"):
        for status, action in ACTIONS.items():
            if st.button(
                action.label,
                icon=action.icon,
                key=f"bulk-{status}-{turn}",
                width="stretch",
                type="secondary",
            ):
                pressed = Decision(status=status, note=note)
        if st.button(
            "Assign to me",
            icon=":material/person_add:",
            key=f"bulk-me-{turn}",
            width="stretch",
        ):
            pressed = Decision(assignee=session.user.username if session.user else None, note=note)
        if st.button(
            "Unassign",
            icon=":material/person_remove:",
            key=f"bulk-nobody-{turn}",
            width="stretch",
        ):
            pressed = Decision(assignee=NOBODY, note=note)
    return pressed


def _decide(
    session: Session, selected: Sequence[Alert], decision: Decision
) -> tuple[BulkResult, ...]:
    try:
        results = session.act(lambda api: api.triage.decide_many(selected, decision))
    except Unauthorized:
        session.expire()
    except (ApiUnavailable, NotFound, Refused, Throttled) as error:
        st.session_state[_TROUBLE] = [f"Nothing was done: {error}"]
        return ()
    if words := success_words(results):
        st.toast(escape(f"{words}."), icon=":material/check:")
    failed = failures(results)
    summary = f"Nothing was done to {alerts_words(len(failed))}, still selected."
    st.session_state[_TROUBLE] = [summary, *failure_words(results)] if failed else []
    st.session_state[_TURN] += 1
    return results
