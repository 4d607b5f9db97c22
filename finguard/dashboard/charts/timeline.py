"""Bars over time, as pure functions of data frames."""

from datetime import datetime
from typing import Final

import altair as alt
import pandas as pd

from finguard.dashboard.charts.palette import SKY, VERMILLION
from finguard.dashboard.client.statistics import Timeline
from finguard.dashboard.period import WIDTH

_AXIS_WIDTH_PX: Final = 40
"""The same for charts above one another, so that equal times stand at equal places."""

_COUNT_LABEL: Final = "datum.value < 1e4 ? format(datum.value, ',') : format(datum.value, '~s')"
TIME_LABEL: Final = (
    "hours(datum.value) || minutes(datum.value)"
    " ? timeFormat(datum.value, '%H:%M') : timeFormat(datum.value, '%d %b')"
)
"""The time of day, and at midnight the date."""

DATE_LABEL: Final = "timeFormat(datum.value, '%d %b %Y')"


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
        labelExpr=DATE_LABEL if by_day else TIME_LABEL,
    )
    count_axis = alt.Axis(
        labelExpr=_COUNT_LABEL, tickMinStep=1, tickCount=3, minExtent=_AXIS_WIDTH_PX, domain=False
    )
    bars: alt.Chart = (
        alt.Chart(frame, height=height_px)
        .mark_rect(color=colour, x2Offset=-1)
        .encode(
            x=alt.X("bucket:T", title=None, axis=time_axis),
            x2=alt.X2("bucket_end:T"),
            y=alt.Y(f"{column}:Q", title=None, axis=count_axis, scale=alt.Scale(nice=True)),
            y2=alt.Y2Datum(0),
            opacity=alt.OpacityValue(0.45, condition={"test": "datum.finished", "value": 0.95}),
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
