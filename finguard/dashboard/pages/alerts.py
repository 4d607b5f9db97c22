"""The alerts page: the analysts' queue, and beside it why an alert was raised."""

import streamlit as st

from finguard.dashboard import address
from finguard.dashboard.client.alerts import AlertFilter, Sort
from finguard.dashboard.filters import during
from finguard.dashboard.listing import Listing
from finguard.dashboard.period import Period
from finguard.dashboard.session import Session, current
from finguard.dashboard.widgets import alert_detail, alert_filters, alert_queue, states
from finguard.dashboard.widgets.range_picker import chosen_period


def _page() -> None:
    session, period = current(), chosen_period()
    chosen, sort = alert_filters.show(session, period)
    listing = _listing(session, chosen, sort, period)
    opened = address.number(alert_detail.PARAMETER)
    # The list keeps its place on the page, and so what is scrolled and selected in it.
    left, right = st.columns([11, 9] if opened else [999, 1], gap="medium" if opened else None)
    with left:
        st.fragment(_queue, run_every=session.refresh_s)(session, listing, chosen, period, opened)
    if opened is not None:
        with right:
            st.fragment(alert_detail.show, run_every=session.refresh_s)(session, opened)


def _queue(
    session: Session, listing: Listing, chosen: AlertFilter, period: Period, opened: int | None
) -> None:
    if alert_queue.show(session, listing, during(chosen, period), opened):
        return
    if chosen.parameters():
        states.empty(
            "No alert matches",
            "Take a filter away, choose **Clear**, or look at a longer time. This list fills by "
            "itself.",
        )
    else:
        states.nothing_yet(period)


def _listing(session: Session, chosen: AlertFilter, sort: Sort, period: Period) -> Listing:
    """The listing of this filter and order: the one that is shown, or a new one."""
    name = (str(period), sort, *(f"{key}={value}" for key, value in chosen.parameters().items()))
    shown = session.listing
    if shown is None or shown.name != name:
        shown = Listing(name, sort=sort, turn=shown.turn + 1 if shown else 0)
        session.listing = shown
    return shown


_page()
