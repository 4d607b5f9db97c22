"""What a customer has spent lately, as pure functions of data frames."""

from collections.abc import Sequence
from typing import Final

import altair as alt
import pandas as pd

from finguard.dashboard.charts.palette import GREY, SKY, VERMILLION
from finguard.dashboard.charts.timeline import TIME_LABEL
from finguard.dashboard.client.customers import CustomerTransaction
from finguard.dashboard.wording import CHANNELS, money, named

FLAGGED: Final = "Flagged"
PLAIN: Final = "Not flagged"

_COLOURS: Final = {FLAGGED: VERMILLION, PLAIN: SKY}
_SHAPES: Final = {FLAGGED: "triangle-up", PLAIN: "circle"}
_SIZES: Final = {FLAGGED: 130, PLAIN: 55}
_TIME_LABEL: Final = f"seconds(datum.value) ? timeFormat(datum.value, '%H:%M:%S') : ({TIME_LABEL})"
_COLUMNS: Final = ["occurred_at", "utc", "amount", "money", "place", "transaction", "mark"]


def currencies(transactions: Sequence[CustomerTransaction]) -> list[str]:
    """Those that the customer has paid in, the most frequent first, then by name."""
    paid = [each.currency for each in transactions]
    return sorted(set(paid), key=lambda currency: (-paid.count(currency), currency))


def spending_frame(transactions: Sequence[CustomerTransaction], currency: str) -> pd.DataFrame:
    """A row per transaction in a currency, oldest first; `mark` says whether it was flagged.

    Flagged is one with an alert on it, and one whose place was found impossible.
    """
    rows = [
        (
            each.occurred_at,
            f"{each.occurred_at:%d %b %Y %H:%M:%S}",
            float(each.amount),
            money(each.amount, each.currency),
            f"{each.city}, {each.country}" if each.city else named(CHANNELS, each.channel),
            each.transaction_id,
            FLAGGED if each.flagged or each.alert_ids else PLAIN,
        )
        for each in sorted(transactions, key=lambda each: each.occurred_at)
        if each.currency == currency
    ]
    frame = pd.DataFrame(rows, columns=_COLUMNS)
    frame["occurred_at"] = pd.to_datetime(frame["occurred_at"], utc=True)
    return frame


def spending_over_time(frame: pd.DataFrame, height_px: int) -> alt.LayerChart:
    """Amounts over time of a `spending_frame`, each with the colour and the shape of its mark.

    The scale of amounts is one of square roots, so that a coffee and a car are both seen, and the
    figures at its axis keep apart in every currency.
    """
    marks = list(_COLOURS)
    base = alt.Chart(frame, height=height_px).encode(
        x=alt.X(
            "occurred_at:T",
            title=None,
            axis=alt.Axis(grid=False, labelOverlap=True, tickCount=6, labelExpr=_TIME_LABEL),
            scale=alt.Scale(padding=12),
        ),
        y=alt.Y(
            "amount:Q",
            title=None,
            axis=alt.Axis(tickCount=4, format=",~r", domain=False, minExtent=40),
            scale=alt.Scale(type="sqrt", nice=True),
        ),
    )
    stems = base.mark_rule(color=GREY, opacity=0.35).encode(y2=alt.Y2Datum(0))
    points = base.mark_point(filled=True, opacity=0.9, stroke="white", strokeWidth=0.5).encode(
        color=alt.Color(
            "mark:N", legend=None, scale=alt.Scale(domain=marks, range=list(_COLOURS.values()))
        ),
        shape=alt.Shape(
            "mark:N", legend=None, scale=alt.Scale(domain=marks, range=list(_SHAPES.values()))
        ),
        size=alt.Size(
            "mark:O", legend=None, scale=alt.Scale(domain=marks, range=list(_SIZES.values()))
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
