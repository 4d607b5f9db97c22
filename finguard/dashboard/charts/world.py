"""Alerts on a map of the world, drawn from outlines that come with the package.

Outlines: Natural Earth, 1:110m land, in the public domain (naturalearthdata.com).
"""

from collections.abc import Iterator, Sequence
from datetime import datetime
from functools import cache
from itertools import pairwise
from math import acos, atan2, cos, degrees, hypot, radians, sin
from pathlib import Path
from typing import Final, NamedTuple, Protocol

import altair as alt
import pandas as pd

from finguard.dashboard.charts.palette import GREY, SEVERITY_COLOURS, SEVERITY_SHAPES
from finguard.dashboard.client.alerts import Severity
from finguard.dashboard.wording import RULES, SEVERITIES, named

CREDIT: Final = "Outlines: Natural Earth"

_OUTLINES: Final = Path(__file__).with_name("world.json")
_STEPS: Final = 32
_EDGE_LON: Final = -169.0
"""Where the map is cut open: in the Bering Strait, so that no land lies on both sides."""
_POINT_COLUMNS: Final = [
    "lat", "lon", "severity", "severity_name", "rule", "place", "user", "occurred_at", "age",
]  # fmt: skip
_ARC_COLUMNS: Final = ["arc", "step", "lat", "lon", "severity"]


class Point(NamedTuple):
    """A place on Earth in degrees."""

    lat: float
    lon: float


class Place(Protocol):
    """Where something happened."""

    @property
    def lat(self) -> float:
        """Degrees north."""

    @property
    def lon(self) -> float:
        """Degrees east."""

    @property
    def city(self) -> str:
        """The nearest one."""

    @property
    def country(self) -> str:
        """Its ISO 3166-1 code."""


class Alerted(Place, Protocol):
    """An alert that can be placed."""

    @property
    def severity(self) -> Severity:
        """Of the alert."""

    @property
    def rule(self) -> str:
        """Its code."""

    @property
    def user_id(self) -> str:
        """Whose transaction it was."""

    @property
    def occurred_at(self) -> datetime:
        """When it was."""


Travel = tuple[Alerted, Place]
"""An alert, and the place that it was compared with."""


def great_circle(start: Point, end: Point, steps: int = _STEPS) -> list[list[Point]]:
    """The shortest way over the globe, cut where it crosses the edge of the map.

    Slerp between unit vectors; of two opposite points any way is the shortest and none is drawn
    but the straight one.
    """
    a, b = _vector(start), _vector(end)
    angle = acos(max(-1.0, min(1.0, sum(p * q for p, q in zip(a, b, strict=True)))))
    if sin(angle) < 1e-6:  # noqa: PLR2004 - the same place, or the opposite one
        return [[start, end]]
    points = []
    for step in range(steps + 1):
        share = step / steps
        left, right = sin((1 - share) * angle) / sin(angle), sin(share * angle) / sin(angle)
        x, y, z = (left * p + right * q for p, q in zip(a, b, strict=True))
        points.append(Point(degrees(atan2(z, hypot(x, y))), degrees(atan2(y, x))))
    return list(_cut(points))


def points_frame(alerts: Sequence[Alerted]) -> pd.DataFrame:
    """A row per alert, the newest last, so that it is drawn on top; `age` 0 is the newest."""
    rows = [
        (
            alert.lat,
            alert.lon,
            alert.severity,
            SEVERITIES[alert.severity],
            named(RULES, alert.rule),
            f"{alert.city}, {alert.country}",
            alert.user_id,
            alert.occurred_at,
            age,
        )
        for age, alert in enumerate(alerts)
    ]
    return pd.DataFrame(rows[::-1], columns=_POINT_COLUMNS)


def arcs_frame(travels: Sequence[Travel]) -> pd.DataFrame:
    """Rows of points along the way from each compared place to the alerted one."""
    rows = []
    for number, (alert, origin) in enumerate(travels):
        parts = great_circle(Point(origin.lat, origin.lon), Point(alert.lat, alert.lon))
        for part, points in enumerate(parts):
            name = f"{number}/{part}"
            rows += [
                (name, step, point.lat, point.lon, alert.severity)
                for step, point in enumerate(points)
            ]
    return pd.DataFrame(rows, columns=_ARC_COLUMNS)


def origins_frame(travels: Sequence[Travel]) -> pd.DataFrame:
    """Where the travels began: `lat`, `lon`, `place`."""
    rows = [(place.lat, place.lon, f"{place.city}, {place.country}") for _, place in travels]
    return pd.DataFrame(rows, columns=["lat", "lon", "place"])


def world_map(
    points: pd.DataFrame, arcs: pd.DataFrame, origins: pd.DataFrame, height_px: int
) -> alt.LayerChart:
    """Land, the ways travelled, where they began (rings) and where the alerts are (shapes)."""
    colour = alt.Color(
        "severity:N",
        legend=None,
        scale=alt.Scale(domain=list(SEVERITY_COLOURS), range=list(SEVERITY_COLOURS.values())),
    )
    land = alt.Chart(outlines()).mark_geoshape(fill=GREY, fillOpacity=0.3, aria=False)
    ways = (
        alt.Chart(arcs)
        .mark_line(strokeWidth=1.4, opacity=0.75)
        .encode(
            longitude=alt.Longitude("lon:Q"),
            latitude=alt.Latitude("lat:Q"),
            detail=alt.Detail("arc:N"),
            order=alt.Order("step:Q"),
            color=colour,
        )
    )
    rings = (
        alt.Chart(origins)
        # Not read out: often there are none, and a group of nothing has no name to be told.
        .mark_point(filled=False, size=28, stroke=GREY, strokeWidth=1.5, aria=False)
        .encode(
            longitude=alt.Longitude("lon:Q"),
            latitude=alt.Latitude("lat:Q"),
            tooltip=[alt.Tooltip("place:N", title="From")],
        )
    )
    return (
        alt.LayerChart(layer=[land, ways, rings, _shapes(points, colour)])
        .project(type="equalEarth", rotate=[-180 - _EDGE_LON, 0, 0])
        .properties(height=height_px)
    )


def _shapes(points: pd.DataFrame, colour: alt.Color) -> alt.Chart:
    shapes: alt.Chart = (
        alt.Chart(points)
        .mark_point(filled=True, stroke="white", strokeWidth=0.6, aria=not points.empty)
        .encode(
            longitude=alt.Longitude("lon:Q"),
            latitude=alt.Latitude("lat:Q"),
            color=colour,
            shape=alt.Shape(
                "severity:N",
                legend=None,
                scale=alt.Scale(domain=list(SEVERITY_SHAPES), range=list(SEVERITY_SHAPES.values())),
            ),
            size=alt.SizeValue(75, condition={"test": "datum.age == 0", "value": 190}),
            opacity=alt.Opacity(
                "age:Q", legend=None, scale=alt.Scale(domain=[0, 40], range=[1, 0.45], clamp=True)
            ),
            tooltip=[
                alt.Tooltip("severity_name:N", title="Severity"),
                alt.Tooltip("rule:N", title="Rule"),
                alt.Tooltip("place:N", title="Place"),
                alt.Tooltip("user:N", title="User"),
                alt.Tooltip("occurred_at:T", title="When", format="%d %b %Y %H:%M:%S"),
            ],
        )
    )
    return shapes


@cache
def outlines() -> alt.InlineData:
    """The outlines as text, which the browser parses, since Altair would check every point.

    With a name of its own, or Altair would file it with the data frames.
    """
    return alt.InlineData(
        name="land",
        values=_OUTLINES.read_text(),
        format=alt.JsonDataFormat(type="json", property="features"),
    )


def _vector(point: Point) -> tuple[float, float, float]:
    lat, lon = radians(point.lat), radians(point.lon)
    return cos(lat) * cos(lon), cos(lat) * sin(lon), sin(lat)


def _cut(points: list[Point]) -> Iterator[list[Point]]:
    """Parts between which the longitude jumps from one edge of the map to the other."""
    part = [points[0]]
    for before, point in pairwise(points):
        if abs(_from_edge(point) - _from_edge(before)) > 180:  # noqa: PLR2004 - half the globe
            yield part
            part = []
        part.append(point)
    yield part


def _from_edge(point: Point) -> float:
    return (point.lon - _EDGE_LON) % 360
