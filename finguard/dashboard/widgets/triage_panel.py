"""Where an analyst decides on an alert, and learns when a colleague was faster."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

import streamlit as st

from finguard.dashboard.client.alerts import Alert
from finguard.dashboard.client.http import (
    ApiUnavailable,
    Conflict,
    NotFound,
    Refused,
    Throttled,
    Unauthorized,
)
from finguard.dashboard.client.triage import NOBODY, Change, Decision
from finguard.dashboard.decisions import ACTIONS, change_words, possible
from finguard.dashboard.session import Session, clock
from finguard.dashboard.wording import escape

NOTE_CHARS: Final = 2_000


@dataclass
class Desk:
    """What a viewer has seen and done of one alert.

    Attributes:
        seen: the alert's version that they know of.
        refusal: why their latest decision was not carried out; empty where it was.
        draft: a note that is not sent yet.
        note: raised when a note is sent, so that the next one begins empty.
    """

    seen: int
    refusal: str = ""
    draft: str = ""
    note: int = 0


def show(session: Session, alert: Alert, history: Sequence[Change]) -> None:
    """Draw it for an alert as it is now."""
    desk = _desk(alert)
    with st.container(border=True, key="triage", gap="small"):
        st.markdown(_standing(alert, session))
        if not session.may("analyst"):
            st.caption("You see everything. To triage takes the role analyst.")
            return
        _news(session, desk, alert, history)
        decision = _buttons(session, desk, alert)
    if decision is not None:
        _decide(session, desk, alert, decision)


def _as_seen(alert: Alert) -> str:
    """What a button bears that changes an alert: its number and the version that is shown.

    What is pressed on an alert that is just leaving the page decides nothing on the one that comes.
    And a press that Streamlit delivers twice, of which a colleague was faster than the first,
    decides nothing on what the colleague made of the alert.
    """
    return f"{alert.alert_id}-{alert.version}"


def _desk(alert: Alert) -> Desk:
    key = f"desk-{alert.alert_id}"
    known = st.session_state.get(key)
    if not isinstance(known, Desk):
        known = st.session_state[key] = Desk(seen=alert.version)
    return known


def _standing(alert: Alert, session: Session) -> str:
    me = session.user.username if session.user else ""
    if alert.assignee is None:
        return ":small[:gray[Nobody takes care of this alert yet.]]"
    whom = "you" if alert.assignee == me else f"**{escape(alert.assignee)}**"
    return f":small[Assigned to {whom}.]"


def _news(session: Session, desk: Desk, alert: Alert, history: Sequence[Change]) -> None:
    """What others have changed since the viewer looked, and why a decision came to nothing."""
    me = session.user.username if session.user else ""
    others = [each for each in history if each.version > desk.seen and each.actor != me]
    if not others and not desk.refusal:
        desk.seen = alert.version
        return
    now, viewer = datetime.now(UTC), clock()
    lines = [
        f"{escape(each.actor)}, {escape(viewer.time(each.at, now))}: {escape(change_words(each))}."
        for each in others
    ]
    title = "**Changed meanwhile.**" if not desk.refusal else "**Nothing was done.**"
    if desk.refusal and others:
        title = "**A colleague was faster; nothing was done.** A note that you began is still here."
    elif desk.refusal:
        lines = [escape(desk.refusal)]
    st.warning("  \n".join([title, *lines]), icon=":material/group:")
    if st.button("Understood", key=f"understood-{_as_seen(alert)}", type="tertiary"):
        desk.seen, desk.refusal = alert.version, ""
        st.rerun()


def _buttons(session: Session, desk: Desk, alert: Alert) -> Decision | None:
    """What was pressed, with the note."""
    pressed: Decision | None = None
    with st.container(horizontal=True, gap="small"):
        for status in possible(alert.status):
            action = ACTIONS[status]
            if st.button(
                action.label,
                icon=action.icon,
                shortcut=action.shortcut,
                key=f"to-{status}-{_as_seen(alert)}",
            ):
                pressed = Decision(status=status)
    key = f"note-{alert.alert_id}-{desk.note}"

    def keep() -> None:
        desk.draft = st.session_state[key]

    # What is typed outlives the field, which is gone while another alert is open.
    note = st.text_area(
        "Note",
        desk.draft,
        key=key,
        on_change=keep,
        max_chars=NOTE_CHARS,
        height=76,
        placeholder="A note, if you like; the next button takes it along",
        label_visibility="collapsed",
    )
    with st.container(horizontal=True, gap="small", vertical_alignment="center"):
        if st.button("Add note", icon=":material/add_comment:", key=f"add-note-{_as_seen(alert)}"):
            pressed = Decision()
        pressed = _assignment(session, alert) or pressed
    if pressed is None:
        return None
    decision = Decision(pressed.status, pressed.assignee, note)
    if not decision.body():
        st.caption("Write a note first.")
        return None
    return decision


def _assignment(session: Session, alert: Alert) -> Decision | None:
    me = session.user.username if session.user else ""
    if alert.assignee != me and st.button(
        "Assign to me",
        icon=":material/person_add:",
        shortcut="A",
        key=f"assign-me-{_as_seen(alert)}",
    ):
        return Decision(assignee=me)
    if alert.assignee is not None and st.button(
        "Unassign", icon=":material/person_remove:", key=f"unassign-{_as_seen(alert)}"
    ):
        return Decision(assignee=NOBODY)
    with st.popover("Assign to …", key=f"assign-{alert.alert_id}"):
        name = st.text_input("User name", key=f"assignee-{alert.alert_id}", max_chars=64).strip()
        if st.button("Assign", key=f"assign-other-{_as_seen(alert)}") and name:
            return Decision(assignee=name)
    return None


def _decide(session: Session, desk: Desk, alert: Alert, decision: Decision) -> None:
    """Ask the API to carry a decision out, if the alert still is as it was shown."""
    try:
        now = session.act(lambda api: api.triage.decide(alert.alert_id, alert.version, decision))
    except Unauthorized:
        session.expire()
    except Conflict as error:
        desk.refusal = str(error)
        session.feed.forget(("alert", alert.alert_id))
    except (ApiUnavailable, NotFound, Refused, Throttled) as error:
        desk.refusal = str(error)
    else:
        desk.seen, desk.refusal = now.version, ""
        if decision.note:
            desk.draft, desk.note = "", desk.note + 1
        session.feed.forget(("alert", alert.alert_id))
        if session.listing is not None:
            session.listing.replace([now])
    st.rerun()
