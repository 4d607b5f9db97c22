"""The rules page: what each rule looks for, within which limits, how often, and how rightly."""

from datetime import UTC, datetime
from typing import Final

import streamlit as st

from finguard.dashboard.client.alerts import AlertDetail, AlertFilter
from finguard.dashboard.client.statistics import Summary
from finguard.dashboard.evidence import explain
from finguard.dashboard.session import Session, clock, current
from finguard.dashboard.widgets import alert_detail, states
from finguard.dashboard.widgets.range_picker import chosen_period, parameters
from finguard.dashboard.widgets.tables import written
from finguard.dashboard.wording import MEANINGS, NOTHING, RULES, count, escape, named, percent

_MAX_AGE_S: Final = 10.0
_LATEST_MAX_AGE_S: Final = 60.0


def _live() -> None:
    """Everything on the page; runs again now and then."""
    session, period, now = current(), chosen_period(), datetime.now(UTC)
    start, end = period.start(now), period.end
    summary = session.ask(
        ("summary", period), lambda api: api.statistics.summary(start, end), _MAX_AGE_S
    )
    states.outage(session)
    if summary is None:
        return
    codes = [*RULES, *(code for code in summary.by_rule if code not in RULES)]
    for code in codes:
        with st.container(border=True, gap="small", key=f"rule-{code}"):
            _rule(session, code, summary)


def _rule(session: Session, code: str, summary: Summary) -> None:
    st.markdown(f"#### {escape(named(RULES, code))}", anchors=False)
    if code in MEANINGS:
        st.markdown(MEANINGS[code])
    left, right = st.columns([3, 5], gap="medium")
    with left:
        _counts(code, summary)
    with right:
        _limits(session, code)


def _counts(code: str, summary: Summary) -> None:
    phrase = chosen_period().phrase
    alerts = summary.by_rule.get(code, 0)
    precision = summary.precision_by_rule.get(code)
    with st.container(horizontal=True, gap="small"):
        share = percent(alerts / summary.alerts) if summary.alerts else NOTHING
        st.metric(
            "Alerts",
            count(alerts),
            help=f"Of {phrase}: {share} of all alerts.",
            border=True,
        )
        st.metric(
            "Precision",
            percent(precision),
            help="Confirmed fraud among the alerts of this rule that an analyst has decided about"
            + (f", of {phrase}." if precision is not None else f". None of {phrase} has been yet."),
            border=True,
        )


def _limits(session: Session, code: str) -> None:
    """The limits by which the rule's latest alert was judged: the detectors' own, not settings'."""
    latest = _latest(session, code)
    if latest is None:
        st.caption("Its limits stand here as soon as it has raised an alert.")
        return
    lines = [
        (line.what, line.limit)
        for line in explain(latest.rule, latest.evidence).lines
        if line.limit != NOTHING
    ]
    written("Limits", lines)
    with st.container(horizontal=True, vertical_alignment="center"):
        st.caption(
            f"As of its latest alert, {escape(clock().full(latest.detected_at))}, version "
            f"{latest.rule_version}.",
            width="content",
        )
        alert_detail.link("See it", latest.alert_id, parameters())


def _latest(session: Session, code: str) -> AlertDetail | None:
    page = session.ask(
        ("latest", code),
        lambda api: api.alerts.page(AlertFilter(rules=(code,)), 1),
        _LATEST_MAX_AGE_S,
    )
    return alert_detail.of(session, page.items[0].alert_id) if page and page.items else None


st.fragment(_live, run_every=_MAX_AGE_S)()
