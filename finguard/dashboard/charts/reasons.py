"""Dead letters by reason over time, as pure functions of data frames."""

from collections import Counter
from collections.abc import Mapping
from datetime import datetime
from typing import Final

import altair as alt
import pandas as pd

from finguard.dashboard.charts.palette import VERMILLION
from finguard.dashboard.charts.timeline import DATE_LABEL, TIME_LABEL
from finguard.dashboard.client.letters import LetterCounts
from finguard.dashboard.period import WIDTH

MOST_ROWS: Final = 6
"""So many reasons have a row of their own, or one less and a row for the others."""

OTHERS: Final = "Others"

_ROW_PX: Final = 26
_NO_ROWS: Final = ["reason", "begin", "end", "utc", "letters", "total"]


def reasons_frame(counts: LetterCounts, names: Mapping[str, str]) -> pd.DataFrame:
    """A row per reason and bucket that has any, the commonest reason first.

    Columns: `reason` in words, `begin` and `end` of the bucket, `utc` in words, `letters` in it,
    and `total` of the reason. Reasons beyond `MOST_ROWS` are `OTHERS`.
    """
    common = Counter(counts.by_reason).most_common()
    kept = common if len(common) <= MOST_ROWS else common[: MOST_ROWS - 1]
    words = {code: names.get(code, code.replace("_", " ").capitalize()) for code, _ in kept}
    totals: Counter[str] = Counter()
    cells: Counter[tuple[str, datetime]] = Counter()
    for row in counts.rows:
        for code, number in row.by_reason.items():
            reason = words.get(code, OTHERS)
            totals[reason] += number
            cells[reason, row.bucket] += number
    order = [*words.values(), OTHERS]
    rows = [
        (reason, begin, begin + WIDTH[counts.bucket], f"{begin:%d %b %Y %H:%M}", letters,
         totals[reason])
        for (reason, begin), letters in sorted(
            cells.items(), key=lambda cell: (order.index(cell[0][0]), cell[0][1])
        )
    ]  # fmt: skip
    return _dated(pd.DataFrame(rows, columns=_NO_ROWS))


def tracks_frame(frame: pd.DataFrame, counts: LetterCounts) -> pd.DataFrame:
    """A row per reason of a `reasons_frame`, as long as all buckets together, with its total."""
    reasons = frame.drop_duplicates("reason")[["reason", "total"]]
    begin = counts.rows[0].bucket if counts.rows else None
    end = counts.rows[-1].bucket + WIDTH[counts.bucket] if counts.rows else None
    return _dated(reasons.assign(begin=begin, end=end))


def reasons_over_time(frame: pd.DataFrame, tracks: pd.DataFrame, ink: str) -> alt.LayerChart:
    """A strip of time per reason, the stronger the colour the more.

    Args:
        frame: of `reasons_frame`.
        tracks: of `tracks_frame`.
        ink: the colour of text, which pales to the strip behind the cells.
    """
    by_day = bool((frame["end"] - frame["begin"] >= WIDTH["day"]).any())
    rows = alt.Y(
        "reason:N",
        title=None,
        sort=tracks["reason"].tolist(),
        axis=alt.Axis(
            domain=False,
            ticks=False,
            labelLimit=130,
            labelPadding=8,
            minExtent=104,
        ),
        scale=alt.Scale(paddingInner=0.25, paddingOuter=0.1),
    )
    time_axis = alt.Axis(
        grid=False,
        labelOverlap=True,
        labelFlush=False,
        tickCount=8,
        labelExpr=DATE_LABEL if by_day else TIME_LABEL,
    )
    height = _ROW_PX * max(1, len(tracks))
    paths = (
        alt.Chart(tracks, height=height)
        .mark_rect(color=ink, opacity=0.06)
        .encode(x=alt.X("begin:T", title=None, axis=time_axis), x2=alt.X2("end:T"), y=rows)
    )
    cells = (
        alt.Chart(frame)
        .mark_rect(color=VERMILLION, x2Offset=-1)
        .encode(
            x=alt.X("begin:T"),
            x2=alt.X2("end:T"),
            y=rows,
            opacity=alt.Opacity(
                "letters:Q",
                legend=None,
                scale=alt.Scale(type="sqrt", domainMin=0, range=[0.2, 1]),
            ),
            tooltip=[
                alt.Tooltip("reason:N", title="Reason"),
                alt.Tooltip("begin:T", title="From", format="%d %b %Y %H:%M"),
                alt.Tooltip("utc:N", title="In UTC"),
                alt.Tooltip("letters:Q", title="Dead letters", format=","),
                alt.Tooltip("total:Q", title="In all", format=","),
            ],
        )
    )
    return alt.LayerChart(layer=[paths, cells])


def _dated(frame: pd.DataFrame) -> pd.DataFrame:
    for column in ("begin", "end"):
        frame[column] = pd.to_datetime(frame[column], utc=True)
    return frame
