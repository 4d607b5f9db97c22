"""Charts as pure functions of data frames."""

from collections.abc import Mapping
from datetime import datetime
from typing import Final

import altair as alt
import pandas as pd

from finguard.dashboard.answers import Timeline
from finguard.dashboard.palette import SKY, VERMILLION
from finguard.dashboard.period import WIDTH

_AXIS_WIDTH_PX: Final = 40
"""The same for charts above one another, so that equal times stand at equal places."""

_ROW_PX: Final = 34

_COUNT_LABEL: Final = "datum.value < 1e4 ? format(datum.value, ',') : format(datum.value, '~s')"
_TIME_LABEL: Final = (
    "hours(datum.value) || minutes(datum.value)"
    " ? timeFormat(datum.value, '%H:%M') : timeFormat(datum.value, '%d %b')"
)
_DATE_LABEL: Final = "timeFormat(datum.value, '%d %b %Y')"
_ROOM: Final = 1.2
"""How much longer than the longest bar the space for it is, so that its figure fits beside it."""


def timeline_frame(timeline: Timeline, now: datetime) -> pd.DataFrame:
    """A row per bucket: its begin and end, its figures, and whether it is over by now."""
    buckets = pd.to_datetime([row.bucket for row in timeline.rows], utc=True)
    ends = buckets + WIDTH[timeline.bucket]
    return pd.DataFrame(
        {
            "bucket": buckets,
            "bucket_end": ends,
            "utc": buckets.strftime("%d %b %Y %H:%M"),
            "transactions": [row.transactions for row in timeline.rows],
            "alerts": [row.alerts for row in timeline.rows],
            "finished": ends <= pd.Timestamp(now),
        }
    )


def over_time(
    frame: pd.DataFrame, column: str, title: str, colour: str, height_px: int
) -> alt.Chart:
    """Bars of a count per bucket; a paler one is unfinished.

    Limits and labels follow from the data inside the chart, not from its specification: charts of
    equal specification are redrawn without a flicker.
    """
    by_day = bool((frame["bucket_end"] - frame["bucket"] >= WIDTH["day"]).any())
    time_axis = alt.Axis(
        grid=False,
        labelOverlap=True,
        labelFlush=False,
        tickCount=8,
        labelExpr=_DATE_LABEL if by_day else _TIME_LABEL,
    )
    count_axis = alt.Axis(
        labelExpr=_COUNT_LABEL, tickMinStep=1, tickCount=3, minExtent=_AXIS_WIDTH_PX, domain=False
    )
    bars: alt.Chart = (
        alt.Chart(frame, height=height_px)
        .mark_rect(color=colour, x2Offset=-1)
        .encode(
            x=alt.X("bucket:T", title=None, axis=time_axis),
            x2="bucket_end:T",
            y=alt.Y(f"{column}:Q", title=None, axis=count_axis, scale=alt.Scale(nice=True)),
            y2=alt.Y2Datum(0),
            opacity=alt.condition("datum.finished", alt.value(0.95), alt.value(0.45)),
            tooltip=[
                alt.Tooltip("bucket:T", title="From", format="%d %b %Y %H:%M"),
                alt.Tooltip("utc:N", title="In UTC"),
                alt.Tooltip(f"{column}:Q", title=title, format=","),
            ],
        )
    )
    return bars


def alerts_over_time(frame: pd.DataFrame) -> alt.Chart:
    """Alerts per bucket of a `timeline_frame`."""
    return over_time(frame, "alerts", "Alerts", VERMILLION, 185)


def transactions_over_time(frame: pd.DataFrame) -> alt.Chart:
    """Transactions per bucket of a `timeline_frame`."""
    return over_time(frame, "transactions", "Transactions", SKY, 150)


def counts_frame(counts: Mapping[str, int], names: Mapping[str, str]) -> pd.DataFrame:
    """A row per code with its `name`, `count` and `share`; those in `names` first, in its order."""
    codes = [*names, *(code for code in counts if code not in names)]
    total = sum(counts.values())
    rows = [
        {
            "code": code,
            "name": names.get(code, code.replace("_", " ").capitalize()),
            "count": counts.get(code, 0),
            "share": counts.get(code, 0) / total if total else 0.0,
            "room": _ROOM * max(counts.values(), default=0),
        }
        for code in codes
    ]
    return pd.DataFrame(rows, columns=["code", "name", "count", "share", "room"])


def counts_bars(frame: pd.DataFrame, colours: Mapping[str, str] | str, ink: str) -> alt.LayerChart:
    """Horizontal bars of a `counts_frame`, each with its figure at its end.

    Args:
        frame: what to draw, from top to bottom.
        colours: one for all, or by code.
        ink: for the figures.
    """
    colour = (
        alt.value(colours)
        if isinstance(colours, str)
        else alt.Color(
            "code:N",
            legend=None,
            scale=alt.Scale(domain=list(colours), range=list(colours.values())),
        )
    )
    base = alt.Chart(frame, height=_ROW_PX * len(frame)).encode(
        y=alt.Y(
            "name:N",
            title=None,
            sort=None,
            axis=alt.Axis(
                domain=False,
                ticks=False,
                labelFlush=False,
                labelBaseline="middle",
                labelLimit=130,
                labelPadding=8,
                minExtent=104,
            ),
        ),
        x=alt.X("count:Q", title=None, axis=None),
    )
    told = base.encode(
        tooltip=[
            alt.Tooltip("name:N", title="Which"),
            alt.Tooltip("count:Q", title="Alerts", format=","),
            alt.Tooltip("share:Q", title="Share", format=".1%"),
        ],
    )
    bars = told.mark_bar(cornerRadiusEnd=2, height=16).encode(color=colour)
    figures = told.mark_text(align="left", dx=6, color=ink, fontSize=12).encode(
        text=alt.Text("count:Q", format=",")
    )
    room = base.mark_point(opacity=0).encode(x=alt.X("room:Q", title=None, axis=None))
    return alt.LayerChart(layer=[room, bars, figures])
