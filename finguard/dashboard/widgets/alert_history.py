"""Who changed what of an alert, and when."""

from collections.abc import Sequence
from datetime import UTC, datetime

import streamlit as st

from finguard.dashboard.client.triage import Change
from finguard.dashboard.decisions import change_words
from finguard.dashboard.session import clock
from finguard.dashboard.wording import Clock, escape


def show(history: Sequence[Change] | None) -> None:
    """Draw all changes, the newest first; None is not known now."""
    with st.container(key="history", gap="small"):
        st.markdown("**History**")
        if history is None:
            st.caption("The history cannot be read right now; trying again by itself.")
            return
        if not history:
            st.caption("Nobody has touched this alert yet.")
        for change in reversed(history):
            st.markdown(entry(change, clock(), datetime.now(UTC)))


def entry(change: Change, viewer: Clock, now: datetime) -> str:
    """A change in markdown, with its note below it."""
    words = change_words(change.model_copy(update={"note": None}))
    if change.note and words == "no change":
        words = "a note"
    head = (
        f"**{escape(change.actor)}** :small[:gray[{escape(viewer.time(change.at, now))}]]  \n"
        f"{escape(words)}"
    )
    lines = [f"> {escape(line)}" for line in (change.note or "").splitlines() if line.strip()]
    return "\n\n".join([head, "  \n".join(lines)]) if lines else head
