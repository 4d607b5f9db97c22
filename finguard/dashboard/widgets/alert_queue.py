"""The list of alerts: its pages, what is selected in it, and what has arrived since."""

from typing import Final

import streamlit as st

from finguard.dashboard import address
from finguard.dashboard.client.alerts import Alert, AlertFilter
from finguard.dashboard.client.http import Refused
from finguard.dashboard.decisions import failures
from finguard.dashboard.listing import (
    BESIDE_A_DETAIL,
    COLUMNS,
    OPEN,
    Listing,
    alerts_frame,
)
from finguard.dashboard.paging import PAGE_SIZE
from finguard.dashboard.session import Session, clock
from finguard.dashboard.widgets import alert_detail, bulk_triage, states
from finguard.dashboard.wording import escape

_TABLE_HEIGHT_PX: Final = 560
_ROW_PX: Final = 35
_WHEN: Final = "When"


def show(session: Session, listing: Listing, chosen: AlertFilter, opened: int | None) -> bool:
    """Draw the list.

    Args:
        session: the viewer's.
        listing: which page.
        chosen: which alerts, with the time.
        opened: the alert whose detail is shown.

    Returns:
        Whether there is anything to see, or to wait for.
    """
    address.keep(alert_detail.PARAMETER, opened)
    refusal = _load(session, listing, chosen)
    arrived = 0 if refusal else _arrived(session, listing, chosen)
    if arrived and not listing.items:
        # Nobody reads an empty list.
        listing.newest()
        refusal, arrived = _load(session, listing, chosen), 0
    # What comes and goes has one place: the table is drawn anew, from its top, where others move.
    with st.container(key="notices"):
        states.outage(session)
        bulk_triage.trouble()
    if refusal:
        _refused(refusal)
        return True
    if listing.page is None:
        if session.feed.outage is None:
            st.skeleton(height=_TABLE_HEIGHT_PX)
        return True
    _pager(session, listing, arrived, opened)
    if not listing.items:
        return False
    with st.container(key="queue-table"):
        _table(session, listing, opened)
    return True


def selected(listing: Listing) -> list[Alert]:
    """The alerts whose rows are marked."""
    state = st.session_state.get(_key(listing))
    rows = state["selection"]["rows"] if state else listing.marked
    return [alert for row in rows if (alert := listing.alert_in(row))]


def _load(session: Session, listing: Listing, chosen: AlertFilter) -> Refused | None:
    """Fetch the page, unless it is there; the reason where the API does not take the filter."""
    if listing.page is not None:
        return None
    key = ("alerts", listing.name, tuple(listing.cursors), listing.turn)
    page = session.ask(key, lambda api: listing.load(api, chosen))
    if isinstance(page, Refused):
        return page
    if page is not None:
        listing.begin(page)
    return None


def _refused(reason: Refused) -> None:
    st.warning(
        f"**The API does not take this filter:** {escape(str(reason))}. Change it, or choose "
        "**Clear**.",
        icon=":material/filter_alt:",
    )


def _arrived(session: Session, listing: Listing, chosen: AlertFilter) -> int:
    """How many alerts of this filter have come since the list was begun."""
    key = ("arrivals", listing.name)
    newest = session.ask(key, lambda api: api.alerts.page(chosen, PAGE_SIZE))
    return listing.look(newest) if newest else 0


def _pager(session: Session, listing: Listing, arrived: int, opened: int | None) -> None:
    with st.container(
        horizontal=True, horizontal_alignment="distribute", vertical_alignment="center", key="pager"
    ):
        # News take the place of the caption: nothing below may move.
        with st.container(key="news", width="content", vertical_alignment="center"):
            if not arrived:
                st.caption(listing.words, width="content")
            elif st.button(
                news_words(arrived),
                icon=":material/arrow_upward:",
                type="primary",
                key=f"newest-{listing.turn}",
            ):
                listing.newest()
                st.rerun()
            if opened is not None:
                with st.container(key="to-detail"):
                    st.markdown(f"[Alert {opened} is below](#{alert_detail.ANCHOR})")
        with st.container(horizontal=True, width="content", gap="small"):
            if session.may("analyst"):
                _triage_selected(session, listing)
            if st.button(
                "Newer" if listing.sort == "newest" else "Back",
                key=f"newer-{listing.turn}",
                disabled=len(listing.cursors) == 1,
            ):
                listing.newer()
                st.rerun()
            more = bool(listing.page and listing.page.next_cursor)
            if st.button(
                "Older" if listing.sort == "newest" else "Next",
                key=f"older-{listing.turn}",
                disabled=not more,
            ):
                listing.older()
                st.rerun()


def news_words(arrived: int) -> str:
    """So many new alerts, as far as a page of them tells: `3 new alerts – show`."""  # noqa: RUF002 - a dash
    amount = f"{arrived}+" if arrived >= PAGE_SIZE else str(arrived)
    return f"{amount} new alert{'' if arrived == 1 else 's'} – show"  # noqa: RUF001 - a dash


def _triage_selected(session: Session, listing: Listing) -> None:
    results = bulk_triage.show(session, selected(listing))
    if results:
        listing.replace(result.current for result in results if result.current)
        for result in results:
            session.feed.forget(("alert", result.alert_id))
        listing.mark(result.alert_id for result in failures(results))
        st.rerun()


def _table(session: Session, listing: Listing, opened: int | None) -> None:
    """The page as a table: a click anywhere in a row opens its alert, a box marks it.

    What is selected is the browser's to say alone. Were it also set from here, a refresh that was
    on its way meanwhile would bring back what had been selected before.
    """
    key, turn = _key(listing), listing.turn

    def choose() -> None:
        # Until it has the new table, the browser goes on telling what is selected in the old one.
        if session.listing is not listing or listing.turn != turn:
            return
        chosen = st.session_state[key]["selection"]
        alert = listing.click([cell[0] for cell in chosen["cells"]], chosen["rows"])
        if alert and alert.alert_id != opened:
            address.name(alert_detail.PARAMETER, alert.alert_id)
            st.rerun()

    st.dataframe(
        alerts_frame(listing.items, opened),
        key=key,
        height=min(_TABLE_HEIGHT_PX, _ROW_PX * (len(listing.items) + 1) + 2),
        row_height=_ROW_PX,
        hide_index=True,
        on_select=choose,
        selection_mode=["multi-row", "single-cell"] if session.may("analyst") else "single-cell",
        selection_default={"selection": {"rows": list(listing.marked), "columns": [], "cells": []}},
        column_order=COLUMNS if opened is None else BESIDE_A_DETAIL,
        column_config={
            OPEN: st.column_config.TextColumn(" ", width=28, help="The alert that is open"),
            _WHEN: st.column_config.DatetimeColumn(
                format="D MMM HH:mm:ss", timezone=str(clock().zone), width=125
            ),
            "Severity": st.column_config.TextColumn(width=95),
            "Rule": st.column_config.TextColumn(width=130),
            "Story": st.column_config.TextColumn(width="large"),
            "Score": st.column_config.NumberColumn(width="small"),
            "Status": st.column_config.TextColumn(width=120),
        },
        alt=f"Alerts {listing.words}",
    )


def _key(listing: Listing) -> str:
    return f"alerts-table-{listing.turn}"
