"""The overview page: what is happening now."""

from datetime import UTC, datetime
from typing import Final, NamedTuple

import streamlit as st

from finguard.dashboard import detail, figures, states
from finguard.dashboard.answers import (
    Alert,
    AlertFilter,
    AlertPage,
    Bucket,
    Summary,
    Timeline,
)
from finguard.dashboard.charts import (
    alerts_over_time,
    counts_bars,
    counts_frame,
    timeline_frame,
    transactions_over_time,
)
from finguard.dashboard.evidence import Journey, explain
from finguard.dashboard.frame import PERIOD_KEY, chosen_period
from finguard.dashboard.history import whole_timeline
from finguard.dashboard.palette import SEVERITY_COLOURS, SKY
from finguard.dashboard.period import Period
from finguard.dashboard.session import Session, clock, current, ink
from finguard.dashboard.wording import (
    RULES,
    SEVERITIES,
    SEVERITY_BADGES,
    ago,
    escape,
    money,
    named,
)
from finguard.dashboard.world import CREDIT, arcs_frame, origins_frame, points_frame, world_map

ON_THE_MAP: Final = 40
IN_THE_LIST: Final = 4
ARCS: Final = 12
_ARCS_ASKED_AT_ONCE: Final = 4
_A_WHILE_S: Final = 30.0


class _View(NamedTuple):
    summary: Summary
    previous: Summary | None
    timeline: Timeline | None
    newest: tuple[Alert, ...]


def _live() -> None:
    """Everything on the page; runs again every few seconds without touching the rest."""
    session, period, now = current(), chosen_period(), datetime.now(UTC)
    view = _ask(session, period, now)
    outage = session.feed.outage
    if outage:
        states.outage_banner(session, clock().time(outage.since, now))
    if view is None:
        if outage is None:
            st.skeleton(height=420)
        return
    if not view.summary.transactions and not view.summary.alerts:
        states.nothing_yet(period)
        return
    figures.show(view.summary, view.previous, period)
    left, right = st.columns([2, 1], gap="small")
    with left:
        _over_time(view.timeline, now)
    with right:
        _newest(view.newest, period, now)
    left, right = st.columns([2, 1], gap="small")
    with left:
        _map(session, view.newest)
    with right:
        _by_kind(view.summary)


def _ask(session: Session, period: Period, now: datetime) -> _View | None:
    start, before = period.start(now), period.previous(now)
    label = period.label
    summary = session.ask(("summary", label), lambda api: api.summary(start))
    if summary is None:
        return None
    previous = before and session.ask(
        ("previous", label), lambda api: api.summary(*before), _A_WHILE_S
    )
    newest = session.ask(
        ("newest", label), lambda api: api.alerts(AlertFilter(start=start), ON_THE_MAP)
    )
    timeline = _timeline(session, period, summary, now)
    return _View(summary, previous, timeline, (newest or AlertPage(items=())).items)


def _timeline(session: Session, period: Period, summary: Summary, now: datetime) -> Timeline | None:
    if period.bucket is not None:
        bucket, start = period.bucket, period.start(now)
        return session.ask(("timeline", period.label), lambda api: api.timeline(bucket, start))

    def ask(bucket: Bucket, start: datetime, end: datetime) -> Timeline | None:
        return session.ask(
            ("timeline", bucket, start, end),
            lambda api: api.timeline(bucket, start, end),
            _A_WHILE_S if bucket == "day" else None,
        )

    return whole_timeline(ask, summary, now)


def _over_time(timeline: Timeline | None, now: datetime) -> None:
    with st.container(border=True, height="stretch", key="over-time"):
        if timeline is None:
            return
        frame = timeline_frame(timeline, now)
        bucket = "day (UTC)" if timeline.bucket == "day" else timeline.bucket
        st.markdown(f"**Alerts** per {bucket} :gray[:small[· pale: not over yet]]")
        st.altair_chart(alerts_over_time(frame))
        st.markdown(f"**Transactions** per {bucket}")
        st.altair_chart(transactions_over_time(frame))


def _by_kind(summary: Summary) -> None:
    with st.container(border=True, height="stretch", key="by-kind"):
        st.markdown("**Alerts** by rule")
        by_rule = counts_frame(summary.by_rule, RULES)
        st.altair_chart(counts_bars(by_rule, SKY, ink()))
        st.markdown("**Alerts** by severity")
        by_severity = counts_frame(summary.by_severity, SEVERITIES)
        st.altair_chart(counts_bars(by_severity, SEVERITY_COLOURS, ink()))


def _map(session: Session, newest: tuple[Alert, ...]) -> None:
    with st.container(border=True, height="stretch", key="map"):
        st.markdown("**Where** the latest alerts are")
        journeys = _journeys(session, newest)
        st.altair_chart(
            world_map(
                points_frame(newest), arcs_frame(journeys), origins_frame(journeys), height_px=310
            ),
        )
        st.caption(
            "▲ high  ◆ medium  ● low severity · lines lead from the compared place (ring) to the "
            f"alert · {CREDIT}"
        )


def _journeys(session: Session, newest: tuple[Alert, ...]) -> list[tuple[Alert, Journey]]:
    """The journeys of the latest travel alerts; evidence never changes, so it is asked for once."""
    travels = [alert for alert in newest if alert.rule == "impossible_travel"][:ARCS]
    unknown = [alert for alert in travels if not session.feed.has(("alert", alert.alert_id))]
    too_many = {alert.alert_id for alert in unknown[_ARCS_ASKED_AT_ONCE:]}
    found = []
    for alert in travels:
        if alert.alert_id in too_many:
            continue
        known = detail.of(session, alert.alert_id)
        if known is not None:
            found += [(alert, journey) for journey in explain(known.rule, known.evidence).journeys]
    return found


def _newest(newest: tuple[Alert, ...], period: Period, now: datetime) -> None:
    with st.container(border=True, height="stretch", key="newest", gap="small"):
        st.markdown("**Newest** alerts")
        if not newest:
            st.caption(f"None in {period.phrase}. That is good news.")
        for alert in newest[:IN_THE_LIST]:
            _row(alert, now)


def _row(alert: Alert, now: datetime) -> None:
    colour = SEVERITY_BADGES[alert.severity]
    with st.container(gap=None, key=f"alert-{alert.alert_id}"):
        with st.container(
            horizontal=True, horizontal_alignment="distribute", vertical_alignment="center"
        ):
            st.markdown(
                f":{colour}-badge[{SEVERITIES[alert.severity]}] "
                f"**{escape(named(RULES, alert.rule))}**",
                width="content",
            )
            detail.link("Why?", alert.alert_id, {PERIOD_KEY: chosen_period().label})
        amount = money(alert.amount, alert.currency)
        st.markdown(escape(alert.story))
        when = ago(alert.occurred_at, now)
        st.caption(f"{when} · {escape(alert.user_id)} · {escape(amount)}")


st.fragment(_live, run_every=current().refresh_s)()
