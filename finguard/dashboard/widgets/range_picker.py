"""The time range that all pages share: presets, or from and to; it stands in the URL."""

from datetime import UTC, datetime, timedelta
from typing import Final

import streamlit as st

from finguard.dashboard.period import CUSTOM, LONGEST, PERIODS, Period, between, period_called
from finguard.dashboard.session import clock
from finguard.dashboard.wording import escape

KEY: Final = "range"
"""The picker's place in the session's state, and its name in the URL."""

FROM, TO = "from", "to"
"""The ends of a range of one's own in the URL, in UTC, so that a link means the same everywhere."""

_ENDS: Final = "finguard-ends"
_FORMAT: Final = "%Y-%m-%dT%H:%MZ"
_FIRST: Final = timedelta(hours=1)
"""What a range of one's own is before anybody has changed it."""


def chosen_period() -> Period:
    """What the picker says; where its ends make no range, the first preset."""
    label = st.session_state.get(KEY)
    if label != CUSTOM:
        return period_called(label)
    return between(*_ends()) or PERIODS[0]


def parameters() -> dict[str, str]:
    """The choice as parameters of a URL, for links from one page to another."""
    period = chosen_period()
    if period.end is None:
        return {KEY: period.label}
    start = period.start(period.end)
    return {KEY: CUSTOM, FROM: f"{start:{_FORMAT}}", TO: f"{period.end:{_FORMAT}}"}


def show() -> None:
    """Draw the picker."""
    st.segmented_control(
        "Time range",
        [*(period.label for period in PERIODS), CUSTOM],
        default=PERIODS[0].label,
        required=True,
        key=KEY,
        bind="query-params",
        label_visibility="collapsed",
    )
    if st.session_state[KEY] == CUSTOM:
        _read_address()
        _write_address()
    else:
        for name in (FROM, TO):
            st.query_params.pop(name, None)


def show_ends() -> None:
    """Draw the fields of a range of one's own, where that is what is chosen."""
    if st.session_state.get(KEY) != CUSTOM:
        return
    zone = clock().zone
    start, end = (time.astimezone(zone).replace(tzinfo=None) for time in _ends())
    with st.container(
        horizontal=True, horizontal_alignment="right", vertical_alignment="bottom", key="ends"
    ):
        st.caption(f"Times in {escape(clock().name)}.", width="content")
        for name, label, value in ((FROM, "From", start), (TO, "To", end)):
            st.datetime_input(
                label,
                value,
                min_value=datetime(1971, 1, 1),  # noqa: DTZ001 - the field's times have no zone
                key=f"finguard-{name}",
                step=timedelta(minutes=1),
                format="YYYY-MM-DD",
                width=190,
                on_change=_choose,
            )
    if between(*_ends()) is None:
        st.warning(
            f"A range ends after it begins, and has {LONGEST.days:,} days at most. Until then you "
            f"see the last {PERIODS[0].words}.",
            icon=":material/date_range:",
        )


def _choose() -> None:
    """Take what the fields say, in the viewer's own zone."""
    ends = [
        st.session_state[f"finguard-{name}"].replace(tzinfo=clock().zone) for name in (FROM, TO)
    ]
    st.session_state[_ENDS] = tuple(ends)
    _write_address()


def _ends() -> tuple[datetime, datetime]:
    known = st.session_state.get(_ENDS)
    if known is None:
        now = datetime.now(UTC).replace(second=0, microsecond=0)
        known = st.session_state[_ENDS] = (now - _FIRST, now)
    start, end = known
    return start, end


def _read_address() -> None:
    """Take the ends that an address names, such as one that somebody was sent."""
    named = [_instant(st.query_params.get(name, "")) for name in (FROM, TO)]
    if None not in named and named != [*_ends()]:
        st.session_state[_ENDS] = tuple(named)


def _write_address() -> None:
    for name, time in zip((FROM, TO), _ends(), strict=True):
        text = f"{time.astimezone(UTC):{_FORMAT}}"
        if st.query_params.get(name) != text:
            st.query_params[name] = text


def _instant(text: str) -> datetime | None:
    try:
        return datetime.strptime(text, _FORMAT).replace(tzinfo=UTC)
    except ValueError:
        return None
