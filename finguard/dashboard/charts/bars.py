"""Bars of counts, one a code, as pure functions of data frames."""

from collections.abc import Mapping
from typing import Final

import altair as alt
import pandas as pd

_ROW_PX: Final = 34

_ROOM: Final = 1.2
"""How much longer than the longest bar the space for it is, so that its figure fits beside it."""


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


def counts_bars(
    frame: pd.DataFrame, colours: Mapping[str, str] | str, ink: str, what: str = "Alerts"
) -> alt.LayerChart:
    """Horizontal bars of a `counts_frame`, each with its figure at its end.

    Args:
        frame: what to draw, from top to bottom.
        colours: one for all, or by code.
        ink: for the figures.
        what: is counted.
    """
    colour = (
        alt.ColorValue(colours)
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
            alt.Tooltip("count:Q", title=what, format=","),
            alt.Tooltip("share:Q", title="Share", format=".1%"),
        ],
    )
    bars = told.mark_bar(cornerRadiusEnd=2, height=16).encode(color=colour)
    figures = told.mark_text(align="left", dx=6, color=ink, fontSize=12).encode(
        text=alt.Text("count:Q", format=",")
    )
    room = base.mark_point(opacity=0).encode(x=alt.X("room:Q", title=None, axis=None))
    return alt.LayerChart(layer=[room, bars, figures])
