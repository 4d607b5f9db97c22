"""One decision for all alerts that are selected in the list."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Final, NamedTuple

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
_ASKED: Final = "finguard-bulk-asked"
_TROUBLE: Final = "finguard-bulk-trouble"


class _Asked(NamedTuple):
    """What was pressed: a decision, on alerts as the viewer saw them."""

    alerts: tuple[Alert, ...]
    decision: Decision


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
        st.text_area(
            "Note",
            key=f"{_NOTE}-{turn}",
            max_chars=NOTE_CHARS,
            height=76,
            placeholder="A note for each of them, if you like",
            label_visibility="collapsed",
        )
        _buttons(session, tuple(selected), turn)
    asked = st.session_state.pop(_ASKED, None)
    if not isinstance(asked, _Asked) or not asked.alerts:
        return ()
    return _decide(session, asked.alerts, asked.decision)


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


def _buttons(session: Session, selected: tuple[Alert, ...], turn: int) -> None:
    """What can be decided.

    A press is meant for the alerts as they were drawn, so they are handed to it here. By the time
    that it arrives, a refresh may have brought what colleagues have made of them.
    """

    def ask(decision: Decision) -> None:
        # Streamlit may call this twice for one press.
        if turn == st.session_state[_TURN]:
            note = st.session_state[f"{_NOTE}-{turn}"]
            st.session_state[_ASKED] = _Asked(selected, replace(decision, note=note))

    me = session.user.username if session.user else None
    choices: list[tuple[str, str, str, Decision]] = [
        (action.label, action.icon, status, Decision(status=status))
        for status, action in ACTIONS.items()
    ]
    choices += [
        ("Assign to me", ":material/person_add:", "me", Decision(assignee=me)),
        ("Unassign", ":material/person_remove:", "nobody", Decision(assignee=NOBODY)),
    ]
    with st.container(gap="small"):
        for label, icon, name, decision in choices:
            st.button(
                label,
                icon=icon,
                key=f"bulk-{name}-{turn}",
                width="stretch",
                on_click=ask,
                args=(decision,),
            )


def _decide(
    session: Session, selected: Sequence[Alert], decision: Decision
) -> tuple[BulkResult, ...]:
    try:
        results = session.act(lambda api: api.triage.decide_many(selected, decision))
    except Unauthorized:
        session.expire()
    except (ApiUnavailable, NotFound, Refused, Throttled) as error:
        st.session_state[_TROUBLE] = [f"Nothing was done: {error}"]
        st.rerun()
    if words := success_words(results):
        st.toast(escape(f"{words}."), icon=":material/check:")
    failed = failures(results)
    summary = f"Nothing was done to {alerts_words(len(failed))}, still selected."
    st.session_state[_TROUBLE] = [summary, *failure_words(results)] if failed else []
    st.session_state[_TURN] += 1
    return results
