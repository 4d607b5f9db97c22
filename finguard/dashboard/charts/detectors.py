"""How far, how fast and how late detectors are, as pure functions of data frames."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final

import altair as alt
import pandas as pd

from finguard.dashboard.charts.palette import GREEN, ORANGE, SKY
from finguard.dashboard.client.system import Detector
from finguard.dashboard.seen import Histogram

_ROOM: Final = 1.15
"""How much higher than the highest bar the space for it is, so that its figure fits above it."""

_LITTLE: Final = 10
"""The least height of the scale of lags: one record that waits is no tower."""

_HEIGHT_PX: Final = 190
_COUNT_LABEL: Final = "datum.value < 1e4 ? format(datum.value, ',') : format(datum.value, '~s')"


def lag_frame(detectors: Sequence[Detector]) -> pd.DataFrame:
    """A row per partition that a living detector owns, in the order of their numbers."""
    rows = [
        (each.partition, each.lag, each.position, detector.host)
        for detector in detectors
        if detector.status == "alive"
        for each in detector.partitions or ()
    ]
    frame = pd.DataFrame(sorted(rows), columns=["partition", "lag", "position", "host"])
    frame["written"] = [
        "?" if pd.isna(lag) else f"{int(lag):,}" if lag < _HIGH else f"{lag / 1000:,.0f}k"
        for lag in frame["lag"]
    ]
    highest = frame["lag"].fillna(0).max() if len(frame) else 0
    frame["room"] = max(_LITTLE, _ROOM * float(highest))
    return frame


_HIGH: Final = 10_000
"""From here on a lag is written in thousands."""


def lag_bars(frame: pd.DataFrame, ink: str) -> alt.LayerChart:
    """A bar per partition of a `lag_frame`, with its figure above it, in the colour of text."""
    base = alt.Chart(frame, height=_HEIGHT_PX).encode(
        x=alt.X("partition:O", title="Partition", axis=alt.Axis(labelAngle=0, ticks=False)),
        y=alt.Y("lag:Q", title=None, axis=alt.Axis(labelExpr=_COUNT_LABEL, tickCount=3)),
        tooltip=[
            alt.Tooltip("partition:O", title="Partition"),
            alt.Tooltip("lag:Q", title="Records that wait", format=","),
            alt.Tooltip("position:Q", title="Next offset", format=","),
            alt.Tooltip("host:N", title="Detector"),
        ],
    )
    bars = base.mark_bar(color=ORANGE, cornerRadiusEnd=2)
    figures = base.mark_text(dy=-8, color=ink, fontSize=11).encode(
        text=alt.Text("written:N"), y=alt.Y("floor:Q")
    )
    figures = figures.transform_calculate(floor="isValid(datum.lag) ? datum.lag : 0")
    room = base.mark_point(opacity=0).encode(y=alt.Y("room:Q"))
    return alt.LayerChart(layer=[room, bars, figures])


def throughput_frame(throughput: Sequence[tuple[datetime, float]]) -> pd.DataFrame:
    """A row per look: when, and how many transactions a second."""
    frame = pd.DataFrame(throughput, columns=["at", "per_second"])
    frame["at"] = pd.to_datetime(frame["at"], utc=True)
    frame["utc"] = frame["at"].dt.strftime("%H:%M:%S")
    return frame


def throughput_line(frame: pd.DataFrame) -> alt.Chart:
    """The course of a `throughput_frame`, from zero up."""
    chart: alt.Chart = (
        alt.Chart(frame, height=_HEIGHT_PX)
        .mark_area(color=SKY, opacity=0.35, line={"color": SKY}, point={"color": SKY, "size": 14})
        .encode(
            x=alt.X(
                "at:T",
                title=None,
                axis=alt.Axis(grid=False, format="%H:%M:%S", tickCount=4, labelOverlap=True),
            ),
            y=alt.Y(
                "per_second:Q",
                title=None,
                axis=alt.Axis(labelExpr=_COUNT_LABEL, tickCount=3),
                scale=alt.Scale(zero=True, nice=True),
            ),
            tooltip=[
                alt.Tooltip("at:T", title="At", format="%H:%M:%S"),
                alt.Tooltip("utc:N", title="In UTC"),
                alt.Tooltip("per_second:Q", title="Transactions/s", format=",.1f"),
            ],
        )
    )
    return chart


def latency_frame(latency: Histogram) -> pd.DataFrame:
    """A row per bucket: its name, the alerts in it alone, and their share of all."""
    names = [*map(_bound, latency.bounds_s), f"> {_time(latency.bounds_s[-1])}"]
    below = (0, *latency.counts[:-1])
    counts = [count - lower for count, lower in zip(latency.counts, below, strict=True)]
    total = latency.counts[-1]
    return pd.DataFrame(
        {
            "bucket": names,
            "alerts": counts,
            "share": [count / total if total else 0.0 for count in counts],
            "so_far": [count / total if total else 0.0 for count in latency.counts],
        }
    )


def latency_bars(frame: pd.DataFrame) -> alt.Chart:
    """A bar per bucket of a `latency_frame`; the buckets are not equally wide, and say so."""
    chart: alt.Chart = (
        alt.Chart(frame, height=_HEIGHT_PX)
        .mark_bar(color=GREEN, cornerRadiusEnd=2)
        .encode(
            x=alt.X(
                "bucket:N",
                title=None,
                sort=None,
                axis=alt.Axis(labelAngle=-60, labelOverlap=False, ticks=False),
            ),
            y=alt.Y(
                "alerts:Q",
                title=None,
                axis=alt.Axis(labelExpr=_COUNT_LABEL, tickMinStep=1, tickCount=3),
            ),
            tooltip=[
                alt.Tooltip("bucket:N", title="Took"),
                alt.Tooltip("alerts:Q", title="Alerts", format=","),
                alt.Tooltip("share:Q", title="Share", format=".1%"),
                alt.Tooltip("so_far:Q", title="No longer than this", format=".1%"),
            ],
        )
    )
    return chart


def _bound(seconds: float) -> str:
    return f"≤ {_time(seconds)}"


def _time(seconds: float) -> str:
    return f"{seconds * 1000:g} ms" if seconds < 1 else f"{seconds:g} s"
