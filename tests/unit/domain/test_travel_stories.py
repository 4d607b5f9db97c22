"""What an analyst reads of impossible travel: a sentence, and the values behind it."""

from datetime import timedelta

import pytest

from tests.unit.domain.examples import NEW_YORK, judge, minutes, profile_of, purchase

RULE = "impossible_travel"


@pytest.mark.parametrize(
    ("apart", "words"),
    [
        (timedelta(microseconds=1), "less than a second after"),
        (timedelta(seconds=1), "1 second after"),
        (timedelta(seconds=59), "59 seconds after"),
        (timedelta(minutes=1.5), "1.5 minutes after"),
        (timedelta(hours=1), "1 hour after"),
        (timedelta(hours=5), "5 hours after"),
    ],
)
def test_the_story_says_the_time_as_a_person_would(apart: timedelta, words: str) -> None:
    """Seconds, minutes and hours, each in the singular where there is one."""
    finding = judge(purchase("ny", NEW_YORK, apart), profile_of(purchase()))[RULE]
    assert f"New York {words} Istanbul: " in finding.story


def test_the_evidence_holds_all_that_was_compared() -> None:
    """Values, limits and the other transaction: an analyst needs nothing else."""
    finding = judge(purchase("ny", NEW_YORK, minutes(1)), profile_of(purchase()))[RULE]
    expected = {
        "verdict": "impossible",
        "journeys": [
            {
                "compared_with": {
                    "transaction_id": "t1",
                    "time_us": purchase().time_us,
                    "city": "Istanbul",
                    "country": "TR",
                    "lat": 41.0138,
                    "lon": 28.9497,
                    "radius_km": 0.0,
                    "was_flagged": False,
                },
                "distance_km": 8067.581,
                "apart_s": 60.0,
                "elapsed_s": 120.0,
                "speed_kmh": 484054.9,
                "impossible": True,
            }
        ],
        "limits": {
            "min_distance_km": 100.0,
            "max_speed_kmh": 1000.0,
            "clock_skew_s": 60.0,
            "ground_speed_kmh": 300.0,
            "flight_speed_kmh": 850.0,
            "flight_overhead_s": 5400.0,
        },
    }
    assert expected == finding.evidence
