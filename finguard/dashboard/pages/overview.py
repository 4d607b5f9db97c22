"""The overview page: what is happening now."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Final, NamedTuple

import streamlit as st

from finguard.dashboard.charts.bars import counts_bars, counts_frame
from finguard.dashboard.charts.palette import SEVERITY_COLOURS, SKY
from finguard.dashboard.charts.timeline import (
    alerts_over_time,
    timeline_frame,
    transactions_over_time,
)
from finguard.dashboard.charts.world import (
    CREDIT,
    arcs_frame,
    origins_frame,
    points_frame,
    world_map,
)
from finguard.dashboard.client.alerts import Alert, AlertFilter
from finguard.dashboard.client.statistics import Bucket, MapPoint, Summary, Timeline
from finguard.dashboard.history import whole_timeline
from finguard.dashboard.period import Period
from finguard.dashboard.session import Session, current, ink
from finguard.dashboard.widgets import alert_rows, figures, header, states
from finguard.dashboard.widgets.drawing import draw
from finguard.dashboard.widgets.range_picker import chosen_period, parameters
from finguard.dashboard.wording import RULES, SEVERITIES, count

ON_THE_MAP: Final = 40
IN_THE_LIST: Final = 4

# A refresh may cost three requests: the figures, the newest alerts, and in turn one of the others,
# which therefore are asked for less often.
_CHARTS_MAX_AGE_S: Final = 10.0
_PREVIOUS_MAX_AGE_S: Final = 30.0


class _View(NamedTuple):
    figures: figures.View
    newest: Sequence[Alert]
    timeline: Timeline | None
    points: Sequence[MapPoint]


def _live() -> None:
    """Everything on the page; runs again every few seconds without touching the rest."""
    session, period, now = current(), chosen_period(), datetime.now(UTC)
    view = _ask(session, period, now)
    states.outage(session)
    if view is None:
        if session.feed.outage is None:
            st.skeleton(height=420)
        return
    summary = view.figures.summary
    if not summary.transactions and not summary.alerts:
        states.nothing_yet(period)
        return
    figures.show(view.figures, period)
    left, right = st.columns([2, 1], gap="small")
    with left:
        _over_time(view.timeline, summary, now)
    with right:
        _newest(view.newest, period, now)
    left, right = st.columns([2, 1], gap="small")
    with left:
        _map(view.points)
    with right:
        _by_kind(summary)


def _ask(session: Session, period: Period, now: datetime) -> _View | None:
    start, end, before = period.start(now), period.end, period.previous(now)
    summary = session.ask(("summary", period), lambda api: api.statistics.summary(start, end))
    if summary is None:
        return None
    chosen = AlertFilter(start=start, end=end)
    newest = session.ask(("newest", period), lambda api: api.alerts.page(chosen, IN_THE_LIST))
    detectors = header.detectors(session)
    timeline = _timeline(session, period, summary, now)
    drawn = session.ask(
        ("map", period),
        lambda api: api.statistics.map(start, end, ON_THE_MAP),
        _CHARTS_MAX_AGE_S,
    )
    previous = before and session.ask(
        ("previous", period), lambda api: api.statistics.summary(*before), _PREVIOUS_MAX_AGE_S
    )
    return _View(
        figures.View(summary, previous, detectors, session.seen.latency()),
        newest.items if newest else (),
        timeline,
        drawn.points if drawn else (),
    )


def _timeline(session: Session, period: Period, summary: Summary, now: datetime) -> Timeline | None:
    if period.bucket is not None:
        bucket, start, end = period.bucket, period.start(now), period.end
        return session.ask(
            ("timeline", period),
            lambda api: api.statistics.timeline(bucket, start, end),
            _CHARTS_MAX_AGE_S,
        )

    def ask(bucket: Bucket, start: datetime, end: datetime) -> Timeline | None:
        return session.ask(
            ("timeline", bucket, start, end),
            lambda api: api.statistics.timeline(bucket, start, end),
            _CHARTS_MAX_AGE_S,
        )

    return whole_timeline(ask, summary.earliest_at, now)


def _over_time(timeline: Timeline | None, summary: Summary, now: datetime) -> None:
    with st.container(border=True, height="stretch", key="over-time"):
        if timeline is None:
            return
        frame = timeline_frame(timeline, now)
        bucket = "day (UTC)" if timeline.bucket == "day" else timeline.bucket
        st.markdown(f"**Alerts** per {bucket} :gray[:small[· pale: not over yet]]")
        draw(f"Bars: alerts per {bucket}", alerts_over_time, frame)
        total = f"{count(summary.transactions)} in all"
        st.markdown(f"**Transactions** per {bucket} :gray[:small[· {total}]]")
        draw(f"Bars: transactions per {bucket}", transactions_over_time, frame)


def _by_kind(summary: Summary) -> None:
    with st.container(border=True, height="stretch", key="by-kind"):
        st.markdown("**Alerts** by rule")
        by_rule = counts_frame(summary.by_rule, RULES)
        draw("Bars: alerts by rule", counts_bars, by_rule, SKY, ink(), "Alerts")
        st.markdown("**Alerts** by severity")
        by_severity = counts_frame(summary.by_severity, SEVERITIES)
        colours = SEVERITY_COLOURS
        draw("Bars: alerts by severity", counts_bars, by_severity, colours, ink(), "Alerts")


def _map(points: Sequence[MapPoint]) -> None:
    with st.container(border=True, height="stretch", key="map"):
        st.markdown("**Where** the latest alerts are")
        travels = [(point, arc) for point in points for arc in point.arcs]
        draw(
            "Map of the world: where the latest alerts are, and how far they are apart",
            world_map,
            points_frame(points),
            arcs_frame(travels),
            origins_frame(travels),
            310,
        )
        st.caption(
            "▲ high  ◆ medium  ● low severity · lines lead from the compared place (ring) to the "
            f"alert · {CREDIT}"
        )


def _newest(newest: Sequence[Alert], period: Period, now: datetime) -> None:
    with st.container(border=True, height="stretch", key="newest", gap="small"):
        st.markdown("**Newest** alerts")
        if not newest:
            st.caption(f"None in {period.phrase}. That is good news.")
        for alert in newest[:IN_THE_LIST]:
            alert_rows.row(alert, now, alert.user_id, parameters())


st.fragment(_live, run_every=current().refresh_s)()
