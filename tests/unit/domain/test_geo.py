"""Distances obey geometry, at the seams of the map too."""

from math import pi

import pytest
from hypothesis import given
from hypothesis import strategies as st

from finguard.domain.geo import EARTH_RADIUS_KM, distance_km

HALF_WAY_ROUND_KM = pi * EARTH_RADIUS_KM

latitudes = st.floats(-90, 90)
longitudes = st.floats(-180, 180)
points = st.tuples(latitudes, longitudes)
Point = tuple[float, float]


@given(points, points)
def test_there_is_as_far_as_back(here: Point, there: Point) -> None:
    """Distance is symmetric to the last bit."""
    assert distance_km(*here, *there) == distance_km(*there, *here)


@given(points, points)
def test_nothing_is_farther_than_half_way_round(here: Point, there: Point) -> None:
    """A distance lies between zero and half the circumference."""
    assert 0 <= distance_km(*here, *there) <= HALF_WAY_ROUND_KM


@given(points)
def test_a_place_is_no_way_from_itself(here: Point) -> None:
    """The distance of a point to itself is exactly zero."""
    assert 0 == distance_km(*here, *here)


@given(points, points, points)
def test_no_detour_is_shorter(one: Point, via: Point, other: Point) -> None:
    """The triangle inequality holds to a millimetre of rounding."""
    detour_km = distance_km(*one, *via) + distance_km(*via, *other)
    assert distance_km(*one, *other) <= detour_km + 1e-3


@given(points)
def test_case_09_antipodes_are_half_way_round(here: Point) -> None:
    """Where the formula is at its worst it is right to a metre, and never raises."""
    lat, lon = here
    antipode = -lat, lon - 180 if lon > 0 else lon + 180
    assert pytest.approx(HALF_WAY_ROUND_KM, abs=1e-3) == distance_km(*here, *antipode)


@given(latitudes)
def test_case_09_both_names_of_the_antimeridian_are_one_place(lat: float) -> None:
    """180 degrees east is 180 degrees west."""
    assert pytest.approx(0, abs=1e-3) == distance_km(lat, 180, lat, -180)


@given(st.sampled_from([90.0, -90.0]), longitudes, longitudes)
def test_case_09_a_pole_has_every_longitude(lat: float, lon: float, other_lon: float) -> None:
    """All meridians meet at the poles."""
    assert pytest.approx(0, abs=1e-3) == distance_km(lat, lon, lat, other_lon)


@pytest.mark.parametrize(
    ("here", "there", "expected_km"),
    [
        ((41.0082, 28.9784), (40.7128, -74.0060), 8_066),  # Istanbul to New York
        ((41.0082, 28.9784), (39.9334, 32.8597), 349),  # Istanbul to Ankara
        ((51.4700, -0.4543), (40.6413, -73.7781), 5_540),  # Heathrow to Kennedy
        ((-18.1416, 178.4419), (-13.8333, -171.7667), 1_146),  # Suva to Apia, over the antimeridian
        ((0, 0), (0, 1), 111.195),  # a degree of the equator
        ((90, 0), (-90, 0), 20_015.1),  # pole to pole
    ],
)
def test_known_distances(here: Point, there: Point, expected_km: float) -> None:
    """Distances that can be looked up come out within half a per cent."""
    assert pytest.approx(expected_km, rel=0.005) == distance_km(*here, *there)
