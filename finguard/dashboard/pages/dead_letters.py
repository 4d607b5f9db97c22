"""The dead letters page: messages that were no transactions, and what is done with them."""

from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial
from typing import Final

import streamlit as st
from streamlit.elements.arrow import DataframeStateInput

from finguard.dashboard import address, letter_actions
from finguard.dashboard.charts.bars import counts_bars, counts_frame
from finguard.dashboard.charts.palette import SKY
from finguard.dashboard.charts.reasons import reasons_frame, reasons_over_time, tracks_frame
from finguard.dashboard.client.letters import LetterCounts, LetterDetail, LetterFilter
from finguard.dashboard.client.statistics import Bucket
from finguard.dashboard.filters import during
from finguard.dashboard.letter_history import whole_counts
from finguard.dashboard.letter_listing import LetterListing, letters_frame
from finguard.dashboard.letter_wording import REASONS, STAGES, STATUSES
from finguard.dashboard.paging import PAGE_SIZE
from finguard.dashboard.period import ALL_TIME, Period
from finguard.dashboard.session import Session, clock, current, ink
from finguard.dashboard.widgets import letter_desk, letter_detail, states
from finguard.dashboard.widgets.drawing import draw
from finguard.dashboard.widgets.range_picker import chosen_period
from finguard.dashboard.wording import count

_ANY: Final = "Any"
_TABLE_HEIGHT_PX: Final = 560
_CHARTS_MAX_AGE_S: Final = 10.0
# Without their signs: the names stand in the URL.
_STATUSES: Final = {code: code.capitalize() for code in STATUSES}
_FIRST_COLUMN: Final = "Taken"


def _page() -> None:
    session, period = current(), chosen_period()
    st.fragment(_charts, run_every=session.refresh_s)(session, period)
    chosen = _filters()
    listing = _listing(session, chosen, period)
    if listing.page is None:
        dated = during(chosen, period)
        key = ("letters", listing.name, tuple(listing.cursors), listing.turn)
        listing.page = session.ask(key, lambda api: listing.load(api, dated))
    above, selected = st.container(), address.number(letter_detail.PARAMETER)
    drawn = _list_and_detail(session, listing, chosen, period, selected)
    with above:
        watch = st.fragment(_watch, run_every=session.refresh_s)
        watch(session, listing, partial(during, chosen, period), selected, drawn)


def _charts(session: Session, period: Period) -> None:
    """Reasons over time, and what has become of them."""
    counts = _counts(session, period, datetime.now(UTC))
    if counts is None or not counts.dead_letters:
        return
    left, right = st.columns([2, 1], gap="small")
    with left, st.container(border=True, height="stretch", key="reasons"):
        bucket = "day (UTC)" if counts.bucket == "day" else counts.bucket
        total = f"{count(counts.dead_letters)} in {period.phrase}, the stronger the more"
        st.markdown(f"**Reasons** per {bucket} :gray[:small[· {total}]]")
        frame = reasons_frame(counts, REASONS)
        words = f"Strips of time, one a reason: dead letters per {bucket}"
        draw(words, reasons_over_time, frame, tracks_frame(frame, counts), ink())
    with right, st.container(border=True, height="stretch", key="outcomes"):
        st.markdown("**Dead letters** by status")
        by_status = counts_frame(counts.by_status, STATUSES)
        words = "Bars: dead letters by status"
        draw(words, counts_bars, by_status, SKY, ink(), "Dead letters")


def _counts(session: Session, period: Period, now: datetime) -> LetterCounts | None:
    if period.bucket is not None:
        bucket, start, end = period.bucket, period.start(now), period.end
        return session.ask(
            ("letter-counts", period),
            lambda api: api.letters.counts(bucket, start, end),
            _CHARTS_MAX_AGE_S,
        )

    def ask(bucket: Bucket, start: datetime, end: datetime) -> LetterCounts | None:
        return session.ask(
            ("letter-counts", bucket, start, end),
            lambda api: api.letters.counts(bucket, start, end),
            _CHARTS_MAX_AGE_S,
        )

    return whole_counts(ask, now)


def _filters() -> LetterFilter:
    """The filter row; each choice stands in the URL."""
    with st.container(horizontal=True, vertical_alignment="bottom", key="letter-filters"):
        return LetterFilter(
            reason=_choice("Reason", "reason", REASONS, 180),
            stage=_choice("Failed while", "stage", STAGES, 250),
            status=_choice("Status", "letter-status", _STATUSES, 150),
        )


def _choice(label: str, key: str, names: dict[str, str], width: int) -> str | None:
    chosen = st.selectbox(
        label,
        [_ANY, *names],
        format_func=lambda code: names.get(code, code),
        key=key,
        width=width,
        bind="query-params",
    )
    return None if chosen == _ANY else chosen


def _listing(session: Session, chosen: LetterFilter, period: Period) -> LetterListing:
    """The listing of this filter: the one that is shown, or a new one."""
    name = (str(period), *(f"{key}={value}" for key, value in chosen.parameters().items()))
    shown = session.letters
    if shown is None or shown.name != name:
        shown = LetterListing(name, turn=shown.turn + 1 if shown else 0)
        session.letters = shown
        letter_actions.forget_notice()
    return shown


def _list_and_detail(
    session: Session,
    listing: LetterListing,
    chosen: LetterFilter,
    period: Period,
    selected: int | None,
) -> LetterDetail | None:
    if listing.page is not None and not listing.items:
        _nothing(chosen, period)
    # Columns also where there is but one: what stays in its place keeps where it is scrolled to.
    both = selected is not None and bool(listing.items)
    columns = st.columns([11, 9] if both else 1, gap="medium")
    with columns[0]:
        _list(session, listing, selected)
    if selected is None:
        return None
    with columns[-1]:
        return letter_detail.show(session, selected)


def _watch(
    session: Session,
    listing: LetterListing,
    dated: Callable[[], LetterFilter],
    selected: int | None,
    drawn: LetterDetail | None,
) -> None:
    """See what has changed: letters show it in their places, and new ones are told of."""
    address.keep(letter_detail.PARAMETER, selected)
    fresh = session.ask(listing.now_key, lambda api: listing.load(api, dated()))
    changed = drawn is not None and letter_detail.has_changed(session, drawn)
    states.outage(session)
    if session.feed.outage:
        return
    if listing.page is None or (fresh and listing.update(fresh.items)) or changed:
        st.rerun()
    with st.container(
        horizontal=True,
        horizontal_alignment="distribute",
        vertical_alignment="center",
        key="letter-pager",
    ):
        hint = ". Select a cell to open its letter." if listing.items else "."
        st.caption(listing.words + hint, width="content")
        with st.container(horizontal=True, width="content"):
            if fresh:
                _news(listing, listing.arrived(fresh), listing.left(fresh))
            _turn(listing)


def _news(listing: LetterListing, arrived: int, left: int) -> None:
    """A button for what changed while the table stood still."""
    if (not arrived and not left) or len(listing.cursors) > 1:
        return
    label = "Refresh the list"
    if arrived:
        amount = f"{arrived}+" if arrived >= PAGE_SIZE else str(arrived)
        label = f"Show {amount} new letter{'' if arrived == 1 else 's'}"
    if st.button(
        label,
        icon=":material/arrow_upward:",
        type="primary",
        key=f"letters-newest-{listing.turn}",
    ):
        listing.newest()
        st.rerun()


def _turn(listing: LetterListing) -> None:
    if st.button("Newer", key=f"letters-newer-{listing.turn}", disabled=len(listing.cursors) == 1):
        listing.newer()
        st.rerun()
    more = bool(listing.page and listing.page.next_cursor)
    if st.button("Older", key=f"letters-older-{listing.turn}", disabled=not more):
        listing.older()
        st.rerun()


def _list(session: Session, listing: LetterListing, selected: int | None) -> None:
    """What can be done with several, and the page as a table; a click in a row opens a letter."""
    if not listing.items:
        return
    key = f"letters-table-{listing.turn}"
    known = st.session_state.get(key)
    rows = list(known["selection"]["rows"]) if known else []
    if session.may("analyst"):
        letter_actions.show_notice(None)
        _several(session, listing.letters_in(rows))
    _table(session, listing, key, rows, listing.row_of(selected))


def _several(session: Session, ids: list[int]) -> None:
    """Replay or discard the marked rows."""
    with st.container(
        horizontal=True, gap="small", vertical_alignment="center", key="letters-several"
    ):
        if st.button(
            "Replay",
            icon=":material/replay:",
            key=f"letters-replay-{letter_actions.tries()}",
            disabled=not ids,
        ):
            letter_actions.replay(session, ids, None)
        amount = "this letter" if len(ids) == 1 else f"{len(ids)} letters"
        note = letter_desk.discard_form("several", f"Discard {amount}", disabled=not ids)
        if note:
            letter_actions.discard(session, ids, note, None)
        words = f"{len(ids)} marked" if ids else "No rows marked"
        st.caption(words, width="content")


def _table(
    session: Session, listing: LetterListing, key: str, rows: list[int], opened: int | None
) -> None:
    cells = [] if opened is None else [(opened, _FIRST_COLUMN)]
    known = st.session_state.get(key)
    if known is not None:
        there = known["selection"]["cells"]
        if [cell[0] for cell in there] == [cell[0] for cell in cells]:
            cells = [(row, column) for row, column in there]
        else:
            st.session_state[key] = _selection(rows, cells)

    turn = listing.turn

    def choose() -> None:
        # Until it has the new table, the browser goes on telling what is selected in the old one.
        if session.letters is not listing or listing.turn != turn:
            return
        clicked = st.session_state[key]["selection"]["cells"]
        letter_id = listing.letter_in(clicked[0][0]) if clicked else None
        if letter_id is not None and letter_id != address.number(letter_detail.PARAMETER):
            letter_detail.choose(letter_id)

    st.dataframe(
        letters_frame(listing.items),
        key=key,
        height=min(_TABLE_HEIGHT_PX, 37 + 35 * len(listing.items)),
        hide_index=True,
        on_select=choose,
        selection_mode=["multi-row", "single-cell"] if session.may("analyst") else "single-cell",
        selection_default=_selection(rows, cells),
        column_config={
            "Taken": st.column_config.DatetimeColumn(
                format="D MMM HH:mm:ss", timezone=str(clock().zone), width=125
            ),
            "Status": st.column_config.TextColumn(width=100),
            "Reason": st.column_config.TextColumn(width=125),
            "Why": st.column_config.TextColumn(width="large"),
            "Attempt": st.column_config.NumberColumn(width=70),
            "Letter": st.column_config.NumberColumn(width=70),
        },
        alt="Dead letters, newest first",
    )


def _selection(rows: list[int], cells: list[tuple[int, str]]) -> DataframeStateInput:
    return {"selection": {"rows": rows, "columns": [], "cells": cells}}


def _nothing(chosen: LetterFilter, period: Period) -> None:
    if chosen.parameters():
        st.info(
            "No dead letter matches these filters. Choose **Any** where you can, or a longer time.",
            icon=":material/filter_alt:",
        )
    elif period == ALL_TIME:
        states.empty(
            "No dead letters",
            "Every message so far was a transaction. To see what happens to one that is none, run "
            "`python producer.py --poison-rate 0.05`.",
        )
    else:
        states.empty(
            f"No dead letters in {period.phrase}",
            f"Every message then was a transaction. For older ones choose **{ALL_TIME.label}**.",
        )


_page()
