"""The system page's charts of the detectors: lag by partition, throughput, latency."""

from datetime import UTC, datetime

import streamlit as st

from finguard.dashboard.charts.detectors import (
    lag_bars,
    lag_frame,
    latency_bars,
    latency_frame,
    throughput_frame,
    throughput_line,
)
from finguard.dashboard.client.system import Detectors
from finguard.dashboard.seen import Histogram
from finguard.dashboard.session import Session, clock, ink
from finguard.dashboard.widgets.drawing import draw, draw_once
from finguard.dashboard.wording import NOTHING, count, escape, pace, short_duration


def show(session: Session, detectors: Detectors) -> None:
    """Draw them, and say in words where there is nothing to draw."""
    left, right = st.columns(2, gap="small")
    with left:
        _lag(detectors)
    with right:
        _throughput(session, detectors)
    _latency(session.seen.latency())


def _lag(detectors: Detectors) -> None:
    total = "unknown" if detectors.lag is None else count(detectors.lag)
    with st.container(border=True, height="stretch", key="lag-by-partition"):
        st.markdown(f"**Lag** by partition :gray[:small[· records that wait, {total} in all]]")
        frame = lag_frame(detectors.items)
        if frame.empty:
            st.caption("No detector that runs has been given a partition yet.")
        else:
            draw("Bars: the lag of each partition", lag_bars, frame, ink())


def _throughput(session: Session, detectors: Detectors) -> None:
    now = pace(detectors.transactions_per_second)
    with st.container(border=True, height="stretch", key="throughput"):
        st.markdown(f"**Throughput** :gray[:small[· transactions judged, now {now}]]")
        looks = session.seen.throughput()
        if len(looks) < 2:  # noqa: PLR2004 - one point is no line
            st.caption("Its course is drawn from what you see from now on, for 15 minutes.")
        else:
            frame = throughput_frame(looks)
            draw_once("Line: transactions judged a second, over time", throughput_line, frame)


def _latency(latency: Histogram | None) -> None:
    with st.container(border=True, key="latency"):
        st.markdown("**Latency** :gray[:small[· from Kafka to the stored alert]]")
        if latency is None or not latency.counts[-1]:
            st.caption("No running detector has stored an alert since it started.")
            return
        draw("Bars: how many alerts took how long", latency_bars, latency_frame(latency))
        st.caption(
            f"Half took up to **{latest(latency, 0.5)}**, 99 of 100 up to "
            f"**{latest(latency, 0.99)}** · {escape(told_of(latency))}"
        )


def latest(latency: Histogram, share: float) -> str:
    """How late the latest of so large a share were; beyond the last bound nobody knows."""
    seconds, last_s = latency.at(share), latency.bounds_s[-1]
    if seconds is None:
        return NOTHING
    return f"≥ {short_duration(last_s)}" if seconds >= last_s else short_duration(seconds)


def told_of(latency: Histogram) -> str:
    """Which alerts a histogram counts, in words."""
    alerts = f"{count(latency.counts[-1])} alert{'' if latency.counts[-1] == 1 else 's'}"
    if latency.since is None:
        return f"{alerts} since the detectors started"
    return f"{alerts} since {clock().time(latency.since, datetime.now(UTC))}"
