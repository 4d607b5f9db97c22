"""Where a customer pays, on a map of the world, as pure functions of data frames."""

from collections.abc import Sequence
from typing import Final

import altair as alt
import pandas as pd

from finguard.dashboard.charts.palette import GREY, ORANGE, SKY
from finguard.dashboard.charts.world import outlines
from finguard.dashboard.client.customers import Place

LATEST: Final = "Visited last"
EARLIER: Final = "Earlier"

_COLOURS: Final = {LATEST: ORANGE, EARLIER: SKY}
_SHAPES: Final = {LATEST: "diamond", EARLIER: "circle"}
_COLUMNS: Final = ["lat", "lon", "place", "transactions", "last_at", "utc", "which"]
_SIZES: Final = (70, 320)
_ROTATION: Final[list[float]] = [-11, 0, 0]
"""Cut open in the Bering Strait, as all maps of the dashboard are."""


def places_frame(places: Sequence[Place]) -> pd.DataFrame:
    """A row per city; the one visited last comes last, so that it is drawn on top."""
    latest = max((place.last_at for place in places), default=None)
    rows = [
        (
            place.lat,
            place.lon,
            f"{place.city}, {place.country}",
            place.transactions,
            place.last_at,
            f"{place.last_at:%d %b %Y %H:%M:%S}",
            LATEST if place.last_at == latest else EARLIER,
        )
        for place in sorted(places, key=lambda place: place.last_at)
    ]
    frame = pd.DataFrame(rows, columns=_COLUMNS)
    frame["last_at"] = pd.to_datetime(frame["last_at"], utc=True)
    return frame


def places_map(frame: pd.DataFrame, height_px: int) -> alt.LayerChart:
    """Land, and the cities of a `places_frame`: the larger, the more transactions."""
    land = alt.Chart(outlines()).mark_geoshape(fill=GREY, fillOpacity=0.3, aria=False)
    marks = list(_COLOURS)
    cities = (
        alt.Chart(frame)
        .mark_point(filled=True, opacity=0.9, stroke="white", strokeWidth=0.6)
        .encode(
            longitude=alt.Longitude("lon:Q"),
            latitude=alt.Latitude("lat:Q"),
            color=alt.Color(
                "which:N",
                legend=None,
                scale=alt.Scale(domain=marks, range=list(_COLOURS.values())),
            ),
            shape=alt.Shape(
                "which:N",
                legend=None,
                scale=alt.Scale(domain=marks, range=list(_SHAPES.values())),
            ),
            size=alt.Size(
                "transactions:Q",
                legend=None,
                scale=alt.Scale(type="sqrt", domainMin=0, range=list(_SIZES)),
            ),
            tooltip=[
                alt.Tooltip("place:N", title="Where"),
                alt.Tooltip("transactions:Q", title="Transactions", format=","),
                alt.Tooltip("last_at:T", title="Last", format="%d %b %Y %H:%M:%S"),
                alt.Tooltip("utc:N", title="In UTC"),
            ],
        )
    )
    return (
        alt.LayerChart(layer=[land, cities])
        .project(type="equalEarth", rotate=_ROTATION)
        .properties(height=height_px)
    )
