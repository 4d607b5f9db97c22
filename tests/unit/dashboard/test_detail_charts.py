"""The charts beside an alert: a journey on a close map, and what the user did lately."""

from typing import Any, NamedTuple

import pytest

from finguard.dashboard.charts.journey import journey_map, places_frame, way_frame
from finguard.dashboard.charts.transactions import (
    FLAGGED,
    PLAIN,
    THIS,
    transactions_frame,
    transactions_over_time,
)
from finguard.dashboard.client.alerts import AlertDetail
from tests.unit.dashboard.samples import alert, detail


class Spot(NamedTuple):
    """A place."""

    lat: float
    lon: float
    city: str = "Somewhere"
    country: str = "XX"


ISTANBUL, NEW_YORK = Spot(41.01, 28.95, "Istanbul", "TR"), Spot(40.71, -74.0, "New York", "US")
TOKYO, LOS_ANGELES = Spot(35.68, 139.65), Spot(34.05, -118.24)


def past(number: int, **changes: object) -> dict[str, Any]:
    """A remembered transaction, the higher its number the later."""
    return {
        "transaction_id": f"t-{number}",
        "occurred_at": f"2026-03-01T11:00:{number:02}Z",
        "channel": "in_person",
        "amount": "12.3",
        "currency": "TRY",
        "city": "Istanbul",
        "country": "TR",
        "flagged": False,
        **changes,
    }


def drawn(start: Spot, end: Spot) -> dict[str, Any]:
    """The specification of a map of a journey."""
    figure = journey_map(places_frame(start, end), way_frame(start, end), "#000", 200)
    spec: dict[str, Any] = figure.to_dict()
    return spec


def test_both_places_are_named_and_told_apart() -> None:
    """By shape, not by colour."""
    frame = places_frame(ISTANBUL, NEW_YORK)

    assert frame["place"].tolist() == ["Istanbul, TR", "New York, US"]
    shapes = drawn(ISTANBUL, NEW_YORK)["layer"][2]["encoding"]["shape"]["scale"]
    assert dict(zip(shapes["domain"], shapes["range"], strict=True)) == {
        "From": "circle",
        "To": "diamond",
    }


def test_the_way_is_in_one_piece_across_the_pacific() -> None:
    """Longitudes go on beyond 180 degrees instead of jumping to the other side."""
    longitudes = way_frame(TOKYO, LOS_ANGELES)["lon"]

    assert longitudes.diff().abs().max() < 30
    assert longitudes.iloc[-1] == pytest.approx(360 - 118.24)


def test_the_map_shows_the_way_and_its_surroundings() -> None:
    """Its middle is the way's; near places are not shown more closely than outlines are drawn."""
    far, near = drawn(TOKYO, LOS_ANGELES), drawn(ISTANBUL, Spot(41.2, 29.1))

    assert far["projection"]["rotate"][0] == pytest.approx(-(139.65 + 241.76) / 2, abs=0.1)
    assert near["projection"]["scale"]["expr"] == "min(width / 0.279253, height / 0.122173)"


def test_the_alert_and_what_else_was_flagged_are_marked() -> None:
    """By its place, or by another alert; the alert itself is there even if it is forgotten."""
    answer = detail(
        alert(1, transaction_id="t-9", occurred_at="2026-03-01T11:00:09Z"),
        other_alerts=[alert(2, transaction_id="t-3")],
        recent_transactions=[past(9), past(4, flagged=True), past(3), past(2, channel="online")],
    )

    frame = transactions_frame(AlertDetail.model_validate(answer))

    assert frame["mark"].tolist() == [PLAIN, FLAGGED, FLAGGED, THIS]
    assert frame["place"].tolist() == ["online", "Istanbul, TR", "Istanbul, TR", "New York, US"]
    assert frame["money"].iloc[0] == "12.30 TRY"


def test_a_forgotten_history_is_the_alert_alone() -> None:
    """And still a figure, in which each mark has a shape of its own."""
    frame = transactions_frame(AlertDetail.model_validate(detail(alert(1))))

    spec = transactions_over_time(frame, 150).to_dict()

    assert frame["mark"].tolist() == [THIS]
    assert len(set(spec["layer"][1]["encoding"]["shape"]["scale"]["range"])) == 3
