"""What a page says when it has nothing, or nothing fresh, to show."""

from datetime import UTC, datetime

import streamlit as st

from finguard.dashboard.period import ALL_TIME, Period
from finguard.dashboard.session import Session, clock
from finguard.dashboard.wording import duration, escape


def outage(session: Session) -> None:
    """Say, while it is so, that the API is away and that the page recovers by itself."""
    known = session.feed.outage
    if known is None:
        return
    since = clock().time(known.since, datetime.now(UTC))
    st.error(
        f"**No fresh data since {escape(since)}:** {escape(known.reason)}. "
        f"Trying again every {duration(session.refresh_s)}; what you see is the last known state.",
        icon=":material/cloud_off:",
    )


def empty(title: str, advice: str) -> None:
    """Say in place of a page why it is empty, and what to do about it; markdown, so escape it."""
    with st.container(border=True, horizontal_alignment="center", key="empty", gap="small"):
        st.markdown(f"#### {title}", text_alignment="center", anchors=False)
        st.markdown(advice, text_alignment="center")


def nothing_yet(period: Period) -> None:
    """The empty state of what transactions and alerts fill."""
    if period == ALL_TIME:
        empty(
            "No transactions yet",
            "Is the producer running? `python producer.py` sends transactions, "
            "`python detector.py` judges them. This page fills by itself.",
        )
    elif period.end is not None:
        empty(f"Nothing in {period.phrase}", f"Choose another one, or **{ALL_TIME.label}**.")
    else:
        empty(
            f"Nothing in {period.phrase}",
            "No alerts yet: is the producer running? `python producer.py` sends transactions, "
            "`python detector.py` judges them. A replay of recorded transactions keeps their own "
            f"times: choose **{ALL_TIME.label}** to see those.",
        )


def not_allowed(role: str) -> None:
    """Say that what stands here takes another role."""
    st.info(f"This takes the role {escape(role)}. Ask an administrator.", icon=":material/lock:")
