"""What a page says when it has nothing, or nothing fresh, to show."""

import streamlit as st

from finguard.dashboard.period import ALL_TIME, Period
from finguard.dashboard.session import Session
from finguard.dashboard.wording import duration, escape


def outage_banner(session: Session, since_words: str) -> None:
    """Say that the API is away and that the page recovers by itself."""
    outage = session.feed.outage
    if outage is None:
        return
    st.error(
        f"**No fresh data since {escape(since_words)}:** {escape(outage.reason)}. "
        f"Trying again every {duration(session.refresh_s)}; what you see is the last known state.",
        icon=":material/cloud_off:",
    )


def nothing_yet(period: Period) -> None:
    """Say why the page may be empty, and what to do about it."""
    with st.container(border=True, horizontal_alignment="center", key="empty", gap="small"):
        if period is ALL_TIME:
            st.markdown("#### No transactions yet", text_alignment="center")
            st.markdown(
                "Is the producer running? `python producer.py` sends transactions, "
                "`python detector.py` judges them. This page fills by itself.",
                text_alignment="center",
            )
            return
        st.markdown(f"#### Nothing in {period.phrase}", text_alignment="center")
        st.markdown(
            "No alerts yet: is the producer running? `python producer.py` sends transactions, "
            "`python detector.py` judges them. A replay of recorded transactions keeps their own "
            f"times: choose **{ALL_TIME.label}** to see those.",
            text_alignment="center",
        )
