"""The alerts page: find an alert, and see why it was raised."""

from datetime import UTC, datetime
from typing import Final

import streamlit as st
from streamlit.elements.arrow import DataframeStateInput

from finguard.dashboard.client.alerts import AlertFilter, AlertPage
from finguard.dashboard.listing import PAGE_SIZE, Listing, alerts_frame
from finguard.dashboard.period import Period
from finguard.dashboard.session import Session, clock, current
from finguard.dashboard.widgets import alert_detail, states
from finguard.dashboard.widgets.range_picker import chosen_period
from finguard.dashboard.wording import RULES, SEVERITIES, STATUSES

_ANY: Final = "Any"
_TABLE_HEIGHT_PX: Final = 560
# Without their shapes: the names stand in the URL.
_SEVERITIES: Final = {code: code.capitalize() for code in SEVERITIES}


def _page() -> None:
    session, period = current(), chosen_period()
    chosen = _filters()
    listing = _listing(session, chosen, period)
    if listing.page is None:
        _load(session, listing, chosen, period)
    st.fragment(_arrivals, run_every=session.refresh_s)(session, listing, chosen, period)
    if listing.page is None:
        return
    if not listing.page.items:
        _nothing(chosen, period)
    selected = alert_detail.chosen_alert()
    if selected is None:
        _table(listing, selected)
        return
    left, right = st.columns([11, 9], gap="medium")
    with left:
        _table(listing, selected)
    with right:
        alert_detail.show(session, selected)


def _filters() -> AlertFilter:
    """The filter row; each choice stands in the URL."""
    with st.container(horizontal=True, vertical_alignment="bottom", key="filters"):
        rule = _choice("Rule", "rule", RULES)
        severity = _choice("Severity", "severity", _SEVERITIES)
        status = _choice("Status", "status", STATUSES)
        user = st.text_input(
            "User", key="user", max_chars=64, placeholder="any", width=150, bind="query-params"
        )
        score = st.number_input(
            "Score from", 0, 100, 0, 10, key="score", width=130, bind="query-params"
        )
    return AlertFilter(
        rule=rule, severity=severity, status=status, user_id=user.strip(), min_score=score
    )


def _choice(label: str, key: str, names: dict[str, str]) -> str | None:
    chosen = st.selectbox(
        label,
        [_ANY, *names],
        format_func=lambda code: names.get(code, code),
        key=key,
        width=165,
        bind="query-params",
    )
    return None if chosen == _ANY else chosen


def _listing(session: Session, chosen: AlertFilter, period: Period) -> Listing:
    """The listing of this filter: the one that is shown, or a new one."""
    name = (str(period), *(f"{key}={value}" for key, value in chosen.parameters().items()))
    shown = session.listing
    if shown is None or shown.name != name:
        shown = Listing(name, turn=shown.turn + 1 if shown else 0)
        session.listing = shown
    return shown


def _load(session: Session, listing: Listing, chosen: AlertFilter, period: Period) -> None:
    dated = _dated(chosen, period)
    key = ("alerts", listing.name, tuple(listing.cursors), listing.turn)
    listing.page = session.ask(key, lambda api: listing.load(api, dated))


def _dated(chosen: AlertFilter, period: Period) -> AlertFilter:
    times = {"start": period.start(datetime.now(UTC)), "end": period.end}
    return chosen.model_copy(update=times)


def _arrivals(session: Session, listing: Listing, chosen: AlertFilter, period: Period) -> None:
    """Tell of new alerts without moving the table under somebody's eyes."""
    dated = _dated(chosen, period)
    fresh = session.ask(("arrivals", listing.name), lambda api: api.alerts.page(dated, PAGE_SIZE))
    states.outage(session)
    if session.feed.outage:
        return
    if listing.page is None:
        st.rerun()
    with st.container(
        horizontal=True, horizontal_alignment="distribute", vertical_alignment="center", key="pager"
    ):
        _pager(listing, fresh)


def _pager(listing: Listing, fresh: AlertPage | None) -> None:
    shown = len(listing.page.items) if listing.page else 0
    first = listing.first_number
    words = f"Alerts {first:,} to {first + shown - 1:,}, newest first" if shown else "No alerts"
    st.caption(f"{words}. Select a row to see why it was raised.", width="content")
    unseen = listing.unseen(fresh) if fresh else 0
    with st.container(horizontal=True, width="content"):
        if unseen:
            amount = f"{unseen}+" if unseen >= PAGE_SIZE else str(unseen)
            label = f"Show {amount} new alert{'' if unseen == 1 else 's'}"
            if st.button(label, icon=":material/arrow_upward:", type="primary", key="newest"):
                listing.newest()
                st.rerun()
        if st.button("Newer", key="newer", disabled=len(listing.cursors) == 1):
            listing.newer()
            st.rerun()
        more = bool(listing.page and listing.page.next_cursor)
        if st.button("Older", key="older", disabled=not more):
            listing.older()
            st.rerun()


def _table(listing: Listing, selected: int | None) -> None:
    """The page as a table; a click anywhere in a row chooses its alert."""
    if listing.page is None or not listing.page.items:
        return
    key = f"alerts-table-{listing.turn}"
    row = listing.row_of(selected)
    rows = [] if row is None else [row]
    known = st.session_state.get(key)
    if known is not None and (known["selection"]["rows"] != rows or known["selection"]["cells"]):
        st.session_state[key] = _selection(rows)

    def choose() -> None:
        selection = st.session_state[key]["selection"]
        clicked = [cell[0] for cell in selection["cells"]] or selection["rows"]
        alert_detail.choose(listing.alert_in(clicked[0]) if clicked else None)

    st.dataframe(
        alerts_frame(listing.page.items),
        key=key,
        height=min(_TABLE_HEIGHT_PX, 37 + 35 * len(listing.page.items)),
        hide_index=True,
        on_select=choose,
        selection_mode=["single-row", "single-cell"],
        selection_default=_selection(rows),
        column_config={
            "When": st.column_config.DatetimeColumn(
                format="D MMM HH:mm:ss", timezone=str(clock().zone), width=125
            ),
            "Severity": st.column_config.TextColumn(width=95),
            "Rule": st.column_config.TextColumn(width=125),
            "Story": st.column_config.TextColumn(width="large"),
            "Score": st.column_config.NumberColumn(width="small"),
        },
        alt="Alerts, newest first",
    )


def _selection(rows: list[int]) -> DataframeStateInput:
    return {"selection": {"rows": rows, "columns": [], "cells": []}}


def _nothing(chosen: AlertFilter, period: Period) -> None:
    if chosen.parameters():
        st.info(
            "No alert matches these filters. Choose **Any** where you can, or a longer time.",
            icon=":material/filter_alt:",
        )
    else:
        states.nothing_yet(period)


_page()
