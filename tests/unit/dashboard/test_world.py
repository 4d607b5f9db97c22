"""The map: ways over the globe, and outlines that need no network."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from finguard.dashboard.charts.world import (
    Point,
    Travel,
    arcs_frame,
    great_circle,
    origins_frame,
    points_frame,
    world_map,
)
from finguard.dashboard.client.alerts import Alert
from finguard.dashboard.evidence import explain
from tests.unit.dashboard.samples import TRAVEL_EVIDENCE, alert

ISTANBUL = Point(41.01, 28.95)
NEW_YORK = Point(40.71, -74.0)
TOKYO = Point(35.68, 139.69)
LOS_ANGELES = Point(34.05, -118.24)

latitudes = st.floats(-90, 90, allow_subnormal=False)
longitudes = st.floats(-180, 180, allow_subnormal=False)


@pytest.fixture
def travels() -> list[Travel]:
    """One alert in New York, compared with a transaction in Istanbul."""
    return [
        (
            Alert.model_validate(alert()),
            explain("impossible_travel", TRAVEL_EVIDENCE).journeys[0].compared_with,
        )
    ]


def test_the_shortest_way_leads_over_the_north() -> None:
    """From Istanbul to New York one flies far north of both."""
    (way,) = great_circle(ISTANBUL, NEW_YORK)

    assert max(point.lat for point in way) > 50
    assert way[0] == pytest.approx(ISTANBUL)
    assert way[-1] == pytest.approx(NEW_YORK)


def test_a_way_over_the_pacific_is_cut_at_the_edge_of_the_map() -> None:
    """It leaves on one side and comes in on the other instead of crossing the whole map."""
    parts = great_circle(TOKYO, LOS_ANGELES)

    assert len(parts) == 2
    assert parts[0][0] == pytest.approx(TOKYO)
    assert parts[1][-1] == pytest.approx(LOS_ANGELES)


@given(latitudes, longitudes, latitudes, longitudes)
def test_every_way_stays_on_the_globe(
    lat: float, lon: float, other_lat: float, other_lon: float
) -> None:
    """Poles, equal and opposite places give points with coordinates, never an error or NaN."""
    parts = great_circle(Point(lat, lon), Point(other_lat, other_lon))

    assert all(abs(point.lat) <= 90.0001 for part in parts for point in part)
    assert all(abs(point.lon) <= 180.0001 for part in parts for point in part)


def test_the_newest_alert_is_drawn_last() -> None:
    """So that it lies on top; its age is 0."""
    alerts = [Alert.model_validate(alert(number)) for number in (3, 2, 1)]

    frame = points_frame(alerts)

    assert frame["user"].tolist() == ["user-1", "user-2", "user-3"]
    assert frame["age"].tolist() == [2, 1, 0]


def test_ways_and_origins_follow_from_journeys(travels: list[Travel]) -> None:
    """An arc has its points in order, and begins at the compared place."""
    arcs = arcs_frame(travels)

    assert arcs["step"].tolist() == list(range(33))
    assert arcs.iloc[0][["lat", "lon"]].tolist() == pytest.approx(list(ISTANBUL))
    assert origins_frame(travels)["place"].tolist() == ["Istanbul, TR"]


def test_the_map_brings_its_own_outlines(travels: list[Travel]) -> None:
    """No part of the figure is to be fetched from anywhere."""
    alerts = [alert for alert, _ in travels]
    chart = world_map(
        points_frame(alerts), arcs_frame(travels), origins_frame(travels), height_px=300
    )

    specification = chart.to_dict()

    land = json.loads(specification["layer"][0]["data"]["values"])

    assert not any("url" in layer["data"] for layer in specification["layer"])
    assert len(land["features"]) > 50
    assert read_out(specification)[-1] == ("point", True)


def read_out(chart: dict[str, Any]) -> list[tuple[str, bool | None]]:
    """Each layer's kind of marks, and whether these are read out; a line says nothing of it."""
    marks = [layer["mark"] for layer in chart["layer"]]
    return [(mark["type"], mark.get("aria")) for mark in marks]


def test_an_empty_map_is_a_map() -> None:
    """Without alerts there is still the world, and nothing nameless is read out."""
    chart = world_map(points_frame([]), arcs_frame([]), origins_frame([]), 300).to_dict()

    land, ways, rings, shapes = read_out(chart)
    assert (land, ways) == (("geoshape", False), ("line", None))
    assert rings == shapes == ("point", False)


def test_the_year_of_the_fixture_is_that_of_the_evidence() -> None:
    """Event times are microseconds since 1970."""
    (journey,) = explain("impossible_travel", TRAVEL_EVIDENCE).journeys

    assert journey.compared_with.happened_at == datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
