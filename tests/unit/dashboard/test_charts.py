"""Charts: what the frames hold and what the figures are made of."""

from datetime import UTC, datetime, timedelta

import altair as alt
import pytest

from finguard.dashboard.charts.bars import counts_bars, counts_frame
from finguard.dashboard.charts.palette import SEVERITY_COLOURS
from finguard.dashboard.charts.timeline import (
    alerts_over_time,
    timeline_frame,
    transactions_over_time,
)
from finguard.dashboard.client.statistics import Bucket, Timeline, TimelineRow
from finguard.dashboard.period import WIDTH
from finguard.dashboard.wording import SEVERITIES

NOON = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)


def timeline(bucket: Bucket = "minute", rows: int = 3) -> Timeline:
    """Buckets from noon on with 100 transactions each and 0, 1, 2 … alerts."""
    return Timeline(
        bucket=bucket,
        rows=tuple(
            TimelineRow(bucket=NOON + row * WIDTH[bucket], transactions=100, alerts=row)
            for row in range(rows)
        ),
    )


def test_a_bar_spans_its_bucket_and_knows_whether_it_is_over() -> None:
    """The bucket that contains the present is marked as unfinished."""
    frame = timeline_frame(timeline(), NOON + timedelta(minutes=2, seconds=10))

    assert frame["alerts"].tolist() == [0, 1, 2]
    assert (frame["bucket_end"] - frame["bucket"]).unique().tolist() == [timedelta(minutes=1)]
    assert frame["finished"].tolist() == [True, True, False]


def test_an_empty_timeline_is_an_empty_chart() -> None:
    """Nothing at all can be drawn, too."""
    frame = timeline_frame(Timeline(bucket="day", rows=()), NOON)

    assert frame.empty
    assert alerts_over_time(frame).to_dict()["mark"]["type"] == "rect"


@pytest.mark.parametrize(
    ("chart", "column"),
    [(alerts_over_time, "alerts"), (transactions_over_time, "transactions")],
)
def test_a_bar_begins_at_zero_and_tells_its_figure(chart: type[alt.Chart], column: str) -> None:
    """Bars that do not begin at zero lie; the tooltip names the figure and the time in UTC."""
    encoding = chart(timeline_frame(timeline(), NOON)).to_dict()["encoding"]

    assert encoding["y"]["field"] == column
    assert encoding["y2"] == {"datum": 0}
    assert {"utc", column} <= {told["field"] for told in encoding["tooltip"]}


def test_new_figures_leave_the_specification_as_it_was() -> None:
    """A chart is redrawn without a flicker as long as only its data changes."""

    def specification(rows: int) -> object:
        chart = alerts_over_time(timeline_frame(timeline(rows=rows), NOON)).to_dict()
        return {key: part for key, part in chart.items() if key not in {"data", "datasets"}}

    assert specification(3) == specification(9)


@pytest.mark.parametrize(("bucket", "shows_hours"), [("minute", True), ("day", False)])
def test_days_are_labelled_with_dates(bucket: Bucket, shows_hours: bool) -> None:  # noqa: FBT001
    """Hours and minutes would say nothing where a bar is a day."""
    chart = alerts_over_time(timeline_frame(timeline(bucket), NOON)).to_dict()

    assert ("%H:%M" in chart["encoding"]["x"]["axis"]["labelExpr"]) is shows_hours


def test_counts_keep_the_order_of_their_names_and_show_zeros() -> None:
    """Bars do not change places while figures change, and a code without a name is not lost."""
    frame = counts_frame({"medium": 3, "odd_one": 1}, SEVERITIES)

    assert frame["name"].tolist() == ["▲ High", "◆ Medium", "● Low", "Odd one"]
    assert frame["count"].tolist() == [0, 3, 0, 1]
    assert frame["share"].tolist() == [0.0, 0.75, 0.0, 0.25]


def test_counts_are_drawn_as_bars_with_figures() -> None:
    """Each bar has its figure beside it in the colour of text."""
    chart = counts_bars(counts_frame({"high": 2}, SEVERITIES), SEVERITY_COLOURS, "#123456")

    marks = [layer["mark"] for layer in chart.to_dict()["layer"]]

    assert [mark["type"] for mark in marks] == ["point", "bar", "text"]
    assert marks[2]["color"] == "#123456"
