"""Transactions as points over time, each with a stem: what the charts of amounts share."""

from collections.abc import Mapping
from typing import Final, NamedTuple

import altair as alt

from finguard.dashboard.charts.palette import GREY

COLUMNS: Final = ["occurred_at", "utc", "amount", "money", "place", "transaction", "mark"]
"""Of the data frames that are drawn; `mark` names a transaction's `Mark`."""


class Mark(NamedTuple):
    """How a kind of transactions is drawn: by colour, and by shape and size as well."""

    colour: str
    shape: str
    size: int


def amounts_over_time(
    base: alt.Chart, marks: Mapping[str, Mark], legend: alt.Legend | None
) -> alt.LayerChart:
    """Points and stems on the axes of `base`.

    Args:
        base: a chart of a data frame with `COLUMNS`, whose axes are encoded.
        marks: by the names that stand in the column `mark`.
        legend: of colours and shapes; None for none.
    """
    names = list(marks)
    stems = base.mark_rule(color=GREY, opacity=0.35).encode(y2=alt.Y2Datum(0))
    points = base.mark_point(filled=True, opacity=0.9, stroke="white", strokeWidth=0.5).encode(
        color=alt.Color(
            "mark:N",
            legend=legend,
            scale=alt.Scale(domain=names, range=[mark.colour for mark in marks.values()]),
        ),
        shape=alt.Shape(
            "mark:N",
            legend=legend,
            scale=alt.Scale(domain=names, range=[mark.shape for mark in marks.values()]),
        ),
        # Vega warns of sizes that stand for names without an order.
        size=alt.Size(
            "mark:O",
            legend=None,
            scale=alt.Scale(domain=names, range=[mark.size for mark in marks.values()]),
        ),
        tooltip=[
            alt.Tooltip("money:N", title="Amount"),
            alt.Tooltip("place:N", title="Where"),
            alt.Tooltip("occurred_at:T", title="When", format="%d %b %Y %H:%M:%S"),
            alt.Tooltip("utc:N", title="In UTC"),
            alt.Tooltip("mark:N", title="Which"),
            alt.Tooltip("transaction:N", title="Transaction"),
        ],
    )
    return alt.LayerChart(layer=[stems, points])
