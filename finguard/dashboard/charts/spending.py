"""What a customer has spent lately, as pure functions of data frames."""

from collections.abc import Sequence
from typing import Final

import altair as alt
import pandas as pd

from finguard.dashboard.charts.amounts import COLUMNS, Mark, amounts_over_time
from finguard.dashboard.charts.palette import SKY, VERMILLION
from finguard.dashboard.charts.timeline import TIME_LABEL
from finguard.dashboard.client.customers import CustomerTransaction
from finguard.dashboard.wording import CHANNELS, money, named

FLAGGED: Final = "Flagged"
PLAIN: Final = "Not flagged"

_MARKS: Final = {
    FLAGGED: Mark(VERMILLION, "triangle-up", 130),
    PLAIN: Mark(SKY, "circle", 55),
}
_TIME_LABEL: Final = f"seconds(datum.value) ? timeFormat(datum.value, '%H:%M:%S') : ({TIME_LABEL})"


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
    frame = pd.DataFrame(rows, columns=COLUMNS)
    frame["occurred_at"] = pd.to_datetime(frame["occurred_at"], utc=True)
    return frame


def spending_over_time(frame: pd.DataFrame, height_px: int) -> alt.LayerChart:
    """Amounts over time of a `spending_frame`, each with the colour and the shape of its mark.

    The scale of amounts is one of square roots, so that a coffee and a car are both seen, and the
    figures at its axis keep apart in every currency.
    """
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
    return amounts_over_time(base, _MARKS, legend=None)
