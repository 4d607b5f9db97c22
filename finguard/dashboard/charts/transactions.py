"""What a customer did lately, as pure functions from an alert to a figure."""

from typing import Final

import altair as alt
import pandas as pd

from finguard.dashboard.charts.amounts import COLUMNS, Mark, amounts_over_time
from finguard.dashboard.charts.palette import SKY, VERMILLION
from finguard.dashboard.charts.timeline import TIME_LABEL
from finguard.dashboard.client.alerts import AlertDetail
from finguard.dashboard.wording import CHANNELS, NOTHING, money, named

THIS: Final = "This alert"
FLAGGED: Final = "Flagged"
PLAIN: Final = "Not flagged"

_MARKS: Final = {
    THIS: Mark(VERMILLION, "diamond", 190),
    FLAGGED: Mark("#CC79A7", "triangle-up", 110),
    PLAIN: Mark(SKY, "circle", 55),
}


def transactions_frame(alert: AlertDetail) -> pd.DataFrame:
    """A row per remembered transaction of the customer, oldest first, and the alerted one.

    `mark` says which it is: of this alert, flagged by another one or for its place, or neither.
    """
    flagged = {other.transaction_id for other in alert.other_alerts}
    rows = [
        (
            past.occurred_at,
            past.amount,
            past.currency,
            _place(past.city, past.country, past.channel),
            past.transaction_id,
            FLAGGED if past.flagged or past.transaction_id in flagged else PLAIN,
        )
        for past in alert.recent_transactions
        if past.transaction_id != alert.transaction_id
    ]
    place = _place(alert.city, alert.country, alert.channel)
    rows.append(
        (alert.occurred_at, alert.amount, alert.currency, place, alert.transaction_id, THIS)
    )
    cells = [
        (at, f"{at:%d %b %Y %H:%M:%S}", float(amount), money(amount, currency), where, name, mark)
        for at, amount, currency, where, name, mark in sorted(rows, key=lambda row: row[0])
    ]
    frame = pd.DataFrame(cells, columns=COLUMNS)
    frame["occurred_at"] = pd.to_datetime(frame["occurred_at"], utc=True)
    return frame


def transactions_over_time(frame: pd.DataFrame, height_px: int) -> alt.LayerChart:
    """Amounts over time of a `transactions_frame`, each with the shape of its mark.

    The scale of amounts is logarithmic in the large, so that a coffee and a car are both seen.
    """
    legend = alt.Legend(
        title=None, orient="top", symbolSize=90, symbolOpacity=1, symbolStrokeWidth=0
    )
    base = alt.Chart(frame, height=height_px).encode(
        x=alt.X(
            "occurred_at:T",
            title=None,
            axis=alt.Axis(grid=False, labelOverlap=True, tickCount=5, labelExpr=TIME_LABEL),
            scale=alt.Scale(padding=12),
        ),
        y=alt.Y(
            "amount:Q",
            title=None,
            axis=alt.Axis(tickCount=4, format=",~r", domain=False, grid=False, minExtent=40),
            scale=alt.Scale(type="symlog", constant=10, nice=True),
        ),
    )
    return amounts_over_time(base, _MARKS, legend)


def _place(city: str | None, country: str | None, channel: str) -> str:
    if channel == "online" or not city:
        return named(CHANNELS, channel)
    return f"{city}, {country or NOTHING}"
