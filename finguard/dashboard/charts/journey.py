"""The way from one place to another on a map that shows both of them closely."""

from math import radians
from typing import Final

import altair as alt
import pandas as pd

from finguard.dashboard.charts.palette import GREY, VERMILLION
from finguard.dashboard.charts.world import Place, Point, great_circle, outlines

_ROOM: Final = 1.5
"""How much more of the world is shown than lies between the places."""

_LEAST_DEG: Final = (16.0, 7.0)
"""Of longitude and latitude: coarse outlines tell nothing when seen more closely."""

_ENDS: Final = ("From", "To")


def places_frame(start: Place, end: Place) -> pd.DataFrame:
    """The two ends, each with its name and with which of them it is."""
    rows = [
        (place.lat, place.lon, f"{place.city}, {place.country}", which)
        for place, which in zip((start, end), _ENDS, strict=True)
    ]
    return pd.DataFrame(rows, columns=["lat", "lon", "place", "which"])


def way_frame(start: Place, end: Place) -> pd.DataFrame:
    """Points along the shortest way over the globe."""
    points = _way(start, end)
    rows = [(step, point.lat, point.lon) for step, point in enumerate(points)]
    return pd.DataFrame(rows, columns=["step", "lat", "lon"])


def journey_map(
    places: pd.DataFrame, way: pd.DataFrame, ink: str, height_px: int
) -> alt.LayerChart:
    """The way between two places: a ring where it began, a diamond where it ended, both named."""
    land = alt.Chart(outlines()).mark_geoshape(fill=GREY, fillOpacity=0.3, clip=True, aria=False)
    line = (
        alt.Chart(way)
        .mark_line(strokeWidth=1.8, color=VERMILLION, opacity=0.85, clip=True)
        .encode(
            longitude=alt.Longitude("lon:Q"),
            latitude=alt.Latitude("lat:Q"),
            order=alt.Order("step:Q"),
        )
    )
    ends = alt.Chart(places).encode(
        longitude=alt.Longitude("lon:Q"),
        latitude=alt.Latitude("lat:Q"),
        tooltip=[alt.Tooltip("which:N", title="Which"), alt.Tooltip("place:N", title="Place")],
    )
    shapes = ends.mark_point(size=130, strokeWidth=2, color=VERMILLION, fill=None).encode(
        shape=alt.Shape(
            "which:N",
            legend=None,
            scale=alt.Scale(domain=list(_ENDS), range=["circle", "diamond"]),
        ),
        fillOpacity=alt.FillOpacityValue(0, condition={"test": "datum.which == 'To'", "value": 1}),
    )
    return alt.LayerChart(
        layer=[land, line, shapes, *_names(places, ink)], projection=_view(way), height=height_px
    )


def _names(places: pd.DataFrame, ink: str) -> list[alt.Chart]:
    """The northern name above its place, the other below: near ones do not cover one another."""
    north = places["lat"].idxmax()
    return [
        alt.Chart(places.loc[[row]])
        .mark_text(dy=-16 if row == north else 18, color=ink, fontSize=12, fontWeight="bold")
        .encode(
            longitude=alt.Longitude("lon:Q"),
            latitude=alt.Latitude("lat:Q"),
            text=alt.Text("place:N"),
        )
        for row in places.index
    ]


def _view(way: pd.DataFrame) -> alt.Projection:
    """A projection whose middle is the way's, and whose scale follows the size of the chart."""
    west, east = way["lon"].min(), way["lon"].max()
    south, north = way["lat"].min(), way["lat"].max()
    width, height = (
        radians(max(_ROOM * span, least))
        for span, least in zip((east - west, north - south), _LEAST_DEG, strict=True)
    )
    return alt.Projection(
        type="equirectangular",
        rotate=[-(west + east) / 2, 0, 0],
        center=[0, (south + north) / 2],
        scale=alt.ExprRef(f"min(width / {width:.6f}, height / {height:.6f})"),
        translate=alt.ExprRef("[width / 2, height / 2]"),
    )


def _way(start: Place, end: Place) -> list[Point]:
    """In one piece: where it leaves the map at one side, longitudes go on beyond 180 degrees."""
    parts = great_circle(Point(start.lat, start.lon), Point(end.lat, end.lon))
    points = [point for part in parts for point in part]
    whole = points[:1]
    for point in points[1:]:
        turn = round((whole[-1].lon - point.lon) / 360) * 360
        whole.append(Point(point.lat, point.lon + turn))
    return whole
