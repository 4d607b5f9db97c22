"""Whether transactions are judged as they come, as the detectors' own words have it."""

from datetime import UTC, datetime

import pytest

from finguard.dashboard.client.system import Detectors
from finguard.dashboard.pipeline import Pipeline, State, state_of
from tests.unit.dashboard.samples import NOW, Json, detector, detectors

OUTAGE = {"outage": "Redis", "outage_since": "2026-03-01T11:00:00Z"}


def told(*items: Json) -> Detectors:
    """What the API says of these detectors."""
    return Detectors.model_validate(detectors(*items))


@pytest.mark.parametrize(
    ("items", "kind", "why"),
    [
        ([detector()], "live", ""),
        ([detector(), detector(status="silent", lag=None)], "live", ""),
        ([detector(lag=2_054)], "live", ""),
        ([detector(lag=2_055)], "lagging", "2,055 records behind"),
        ([detector(lag=100, transactions_per_second=0.0)], "live", ""),
        ([detector(lag=101, transactions_per_second=0.0)], "lagging", "101 records behind"),
        ([detector(lag=None)], "lagging", "taking over partitions"),
        ([detector(rebuilding=True)], "lagging", "rebuilding profiles"),
        ([detector(), detector(**OUTAGE)], "lagging", "1 of 2 wait for Redis"),
        ([detector(**OUTAGE)], "down", "waiting for Redis"),
        ([detector(status="silent")], "down", "the detector on detector-1 is silent"),
        ([], "down", "no detector runs; start one with python detector.py"),
    ],
)
def test_each_state_has_its_reason(items: list[Json], kind: str, why: str) -> None:
    """Ten seconds of work, or a hundred records, are no lag; an outage of all is no work at all."""
    state = state_of(told(*items))

    assert (state.kind, state.why) == (kind, why)


def test_detectors_say_since_when_nothing_works() -> None:
    """Since the outage began, or since the latest sign of life."""
    assert state_of(told(detector(**OUTAGE))).since == datetime(2026, 3, 1, 11, tzinfo=UTC)
    silent = [
        detector(status="silent", beat_at=f"2026-03-01T{hour}:00:00Z") for hour in ("09", "10")
    ]
    assert state_of(told(*silent)).since == datetime(2026, 3, 1, 10, tzinfo=UTC)
    assert state_of(told()) == State("down", "no detector runs; start one with python detector.py")


def test_a_first_look_knows_since_when_all_is_well() -> None:
    """At the latest since the eldest detector runs; of a lag nobody knows."""
    pipeline = Pipeline()
    pipeline.look(told(detector()), NOW)
    assert pipeline.since == datetime(2026, 3, 1, 8, tzinfo=UTC)

    pipeline = Pipeline()
    pipeline.look(told(detector(lag=None)), NOW)
    assert pipeline.since == NOW


def test_a_change_is_remembered() -> None:
    """From one look to the next the same state keeps its beginning."""
    pipeline, later = Pipeline(), NOW.replace(minute=5)
    pipeline.look(told(detector()), NOW)
    pipeline.look(told(detector(lag=None)), later)
    pipeline.look(told(detector(lag=90_000)), later.replace(minute=6))

    assert pipeline.since == later
