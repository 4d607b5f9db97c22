"""The edge cases of impossible travel, each under its number in the definition of the rules."""

import json
from datetime import timedelta

import msgspec
import pytest

from finguard.domain.profile import PastTransaction, Profile
from finguard.domain.rules import RuleLimits, TravelLimits
from finguard.domain.rules.impossible_travel import Journey
from finguard.domain.verdict import Finding
from tests.unit.domain.examples import (
    ANKARA,
    HISTORY,
    ISTANBUL,
    NEW_YORK,
    NOWHERE,
    Place,
    judge,
    minutes,
    profile_of,
    purchase,
    rules_found,
    run,
)

LIMITS = TravelLimits()
RULE = "impossible_travel"


def flagged(past: PastTransaction) -> PastTransaction:
    """The same with the mark that its place was found suspicious."""
    return msgspec.structs.replace(past, flagged=True)


def compared_with(finding: Finding) -> list[str]:
    """Ids of the transactions that the suspicious journeys lead to."""
    journeys = finding.evidence["journeys"]
    return [journey["compared_with"]["transaction_id"] for journey in journeys]


def test_new_york_a_minute_after_istanbul_fires() -> None:
    """The example everybody thinks of, with a story that needs no explanation."""
    finding = judge(purchase("ny", NEW_YORK, minutes(1)), profile_of(purchase()))[RULE]
    assert "high" == finding.severity
    assert 100 == finding.score
    expected = "New York 1 minute after Istanbul: 8,068 km, would need 484,055 km/h; limit 1,000"
    assert expected == finding.story


def test_ankara_by_a_flight_of_an_hour_is_not_impossible() -> None:
    """Too quick for the airport's formalities, which is odd; but people do fly that fast."""
    finding = judge(purchase("a", ANKARA, minutes(60)), profile_of(purchase()))[RULE]
    assert "medium" == finding.severity
    assert "improbable" == finding.evidence["verdict"]
    assert 40 <= finding.score <= 59
    assert finding.story.startswith("Ankara 1 hour after Istanbul: 352 km, would need 352 km/h; ")


def test_ankara_by_a_morning_train_is_nothing() -> None:
    """Two hours are enough for 350 km."""
    assert {} == judge(purchase("a", ANKARA, minutes(120)), profile_of(purchase()))


def test_a_plane_across_the_ocean_is_nothing() -> None:
    """Eleven hours are what the flight takes."""
    assert {} == judge(purchase("ny", NEW_YORK, minutes(11 * 60)), profile_of(purchase()))


def test_case_01_equal_timestamps_far_apart_fire_without_a_speed() -> None:
    """Nobody is in two cities at once; the speed is null and never Infinity."""
    finding = judge(purchase("ny", NEW_YORK), profile_of(purchase()))[RULE]
    assert "high" == finding.severity
    assert finding.evidence["journeys"][0]["speed_kmh"] is None
    assert "New York at the same instant as Istanbul: 8,068 km; limit 1,000" == finding.story
    assert "null" in json.dumps(finding.evidence, allow_nan=False)


def test_case_01_equal_timestamps_without_an_allowance_fire_as_well() -> None:
    """No allowance for skewed clocks leaves no time at all, and still no division by zero."""
    limits = RuleLimits(travel=TravelLimits(clock_skew_s=0))
    finding = judge(purchase("ny", NEW_YORK), profile_of(purchase()), limits)[RULE]
    assert ("high", 100) == (finding.severity, finding.score)


def test_case_01_all_of_the_same_instant_are_compared() -> None:
    """Not only the last of them: one of two tills that rang at once may have been far away."""
    profile = profile_of(purchase("a", NEW_YORK), purchase("b"))
    finding = judge(purchase("c"), profile)[RULE]
    assert ["a"] == compared_with(finding)


def test_case_02_equal_timestamps_in_one_place_are_nothing() -> None:
    """Two tills may ring at once."""
    assert {} == judge(purchase("t2"), profile_of(purchase()))


def test_case_03_a_late_event_is_compared_with_both_neighbours() -> None:
    """One that fits neither what was before nor what came after says so of both."""
    profile = profile_of(purchase("before"), purchase("after", after=minutes(10)))
    finding = judge(purchase("late", NEW_YORK, minutes(5)), profile)[RULE]
    assert ["before", "after"] == compared_with(finding)


def test_case_03_a_late_event_may_contradict_only_what_came_after() -> None:
    """The first transaction of all, arriving last, is judged by its successor: "before" it."""
    profile = profile_of(purchase("after", after=minutes(10)))
    finding = judge(purchase("late", NEW_YORK, minutes(5)), profile)[RULE]
    assert ["after"] == compared_with(finding)
    assert finding.story.startswith("New York 5 minutes before Istanbul: ")


def test_case_03_a_late_event_leaves_the_latest_location_alone() -> None:
    """What follows is compared with the newest place and not with the last that arrived."""
    there, back = purchase("ny", NEW_YORK, minutes(12 * 60)), purchase("late")
    _, profile = run(there, back)
    assert "ny" == profile.in_person[-1].transaction_id
    assert {} == judge(purchase("t3", NEW_YORK, minutes(12 * 60 + 1)), profile)


def test_case_04_a_redelivered_transaction_has_no_second_effect() -> None:
    """The same id with the same content is known: no finding, and the profile is the same one."""
    event = purchase("ny", NEW_YORK, minutes(1))
    (_, first, second), profile = run(purchase(), event, event)
    assert [RULE] == rules_found(first)
    assert [] == rules_found(second)
    assert second.repeated
    assert second.profile is first.profile is profile


# Case 5, the same id with another content, is in test_assess; case 6, a timestamp in the future, in
# test_rejections; case 7, offsets and daylight saving, in test_transaction; of case 8, nulls, NaN
# and what is out of range in test_rejections; of case 9, the geometry in test_geo.


def test_case_08_zero_zero_is_no_place() -> None:
    """Open sea off Africa is what sources say that do not know: neither judged nor compared."""
    assert {} == judge(purchase("t2", NOWHERE, minutes(1)), profile_of(purchase()))
    assert {} == judge(purchase("t2", after=minutes(1)), profile_of(purchase("t1", NOWHERE)))


def test_case_08_zero_zero_does_not_hide_the_place_before() -> None:
    """One transaction without a location is no alibi for the next."""
    profile = profile_of(purchase("seen"), purchase("t2", NOWHERE, minutes(1)))
    finding = judge(purchase("ny", NEW_YORK, minutes(2)), profile)[RULE]
    assert ["seen"] == compared_with(finding)


def test_case_08_swapped_coordinates_within_range_are_a_place() -> None:
    """28.9 N 41.0 E is in Arabia: that cannot be told from the truth, and fires as it stands."""
    swapped = Place("Istanbul", "TR", ISTANBUL.lon, ISTANBUL.lat)
    assert RULE in judge(purchase("t2", swapped, minutes(1)), profile_of(purchase()))


def test_case_09_two_sides_of_the_antimeridian_are_near() -> None:
    """Fifty kilometres over the date line are not once round the world."""
    west, east = Place("Taveuni", "FJ", -16.9, 179.9), Place("Rabi", "FJ", -16.5, -179.9)
    assert {} == judge(purchase("t2", east, minutes(1)), profile_of(purchase("t1", west)))


def test_case_09_a_pole_is_near_to_itself() -> None:
    """At the South Pole longitude means nothing."""
    here, there = Place("Pole", "AQ", -90, 0), Place("Pole", "AQ", -90, 179)
    assert {} == judge(purchase("t2", there, minutes(1)), profile_of(purchase("t1", here)))


def test_case_09_antipodes_fire_with_a_finite_distance() -> None:
    """Half the circumference is as far as it gets."""
    antipode = Place("Antipode", "NZ", -ISTANBUL.lat, ISTANBUL.lon - 180)
    finding = judge(purchase("t2", antipode, minutes(60)), profile_of(purchase()))[RULE]
    assert 20_015 == int(finding.evidence["journeys"][0]["distance_km"])


def test_case_10_the_first_event_is_compared_with_nothing() -> None:
    """A customer may appear anywhere."""
    assert {} == judge(purchase("ny", NEW_YORK), Profile())


@pytest.mark.parametrize("hours", [72, 73])
def test_case_10_an_expired_profile_is_no_profile(hours: int) -> None:
    """What is older than the window has no say, though it is still stored until somebody writes."""
    limits = RuleLimits(travel=TravelLimits(flight_speed_kmh=1, ground_speed_kmh=1))
    profile = profile_of(purchase("old"))
    found = judge(purchase("ny", NEW_YORK, timedelta(hours=hours)), profile, limits)
    assert (hours <= 72) == (RULE in found)


def test_case_11_online_transactions_do_not_move_the_customer() -> None:
    """An online shop's city is neither judged nor compared with."""
    online = purchase("shop", NEW_YORK, minutes(1), channel="online")
    assessments, profile = run(purchase(), online, purchase("t3", after=minutes(2)))
    assert [[], [], []] == [rules_found(assessment) for assessment in assessments]
    assert ["t1", "t3"] == [past.transaction_id for past in profile.in_person]


def test_case_12_there_and_back_is_one_incident_with_two_findings() -> None:
    """Istanbul, New York, Istanbul: both hops are evidence, one notification."""
    (_, there, back), _ = run(
        purchase("t1"), purchase("t2", NEW_YORK, minutes(1)), purchase("t3", after=minutes(2))
    )
    assert ["t1"] == compared_with(there.verdict.findings[0])
    assert ["t2"] == compared_with(back.verdict.findings[0])
    assert "t2" == there.verdict.incident_id == back.verdict.incident_id


def test_case_13_exactly_at_the_limits() -> None:
    """The least distance is judged; the greatest speed is still possible."""
    place = PastTransaction.of(purchase())
    at_speed = Journey(place, 1000.0, 3540.0, 3600.0)
    assert not at_speed.impossible(LIMITS)
    assert msgspec.structs.replace(at_speed, elapsed_s=3599.999).impossible(LIMITS)
    at_distance = Journey(place, 100.0, 0.0, 60.0)
    assert at_distance.impossible(LIMITS)
    assert at_distance.improbable(LIMITS)
    nearer = msgspec.structs.replace(at_distance, distance_km=99.999)
    assert not nearer.impossible(LIMITS)
    assert not nearer.improbable(LIMITS)


@pytest.mark.parametrize(
    ("distance_km", "enough_s"),
    [
        (300.0, 3600.0),  # by land at 300 km/h
        (850.0, 9000.0),  # by air in an hour and 1.5 hours around it
    ],
)
def test_case_13_exactly_in_time_is_probable(distance_km: float, enough_s: float) -> None:
    """Who takes exactly as long as a train or a flight does is no suspect."""
    journey = Journey(PastTransaction.of(purchase()), distance_km, enough_s, enough_s)
    assert not journey.improbable(LIMITS)
    assert msgspec.structs.replace(journey, elapsed_s=enough_s - 0.001).improbable(LIMITS)


def test_case_14_a_flagged_location_does_not_become_the_trusted_one() -> None:
    """The thief's second purchase in New York is compared with Istanbul again."""
    assessments, profile = run(
        purchase("t1"),
        purchase("t2", NEW_YORK, minutes(1)),
        purchase("t3", NEW_YORK, minutes(30)),
    )
    assert [[], [RULE], [RULE]] == [rules_found(assessment) for assessment in assessments]
    assert ["t1"] == compared_with(assessments[2].verdict.findings[0])
    assert [False, True, True] == [past.flagged for past in profile.in_person]


def test_case_14_the_owner_at_home_is_trusted_again() -> None:
    """The first purchase at home fires against the flagged neighbour, the next fires no more."""
    assessments, _ = run(
        purchase("t1"),
        purchase("t2", NEW_YORK, minutes(1)),
        purchase("t3", after=minutes(2)),
        purchase("t4", after=minutes(3)),
    )
    assert [[], [RULE], [RULE], []] == [rules_found(assessment) for assessment in assessments]


def test_case_14_a_flagged_successor_is_looked_behind_as_well() -> None:
    """A late event is compared with the nearest unflagged one on either side."""
    before, after = profile_of(purchase("b")).in_person[0], purchase("a", after=minutes(20))
    strange = flagged(PastTransaction.of(purchase("x", NEW_YORK, minutes(15))))
    profile = Profile((before, strange, PastTransaction.of(after)))
    finding = judge(purchase("late", NEW_YORK, minutes(12)), profile)[RULE]
    assert ["b", "a"] == compared_with(finding)


def test_case_14_the_flag_is_shown_in_the_evidence() -> None:
    """An analyst sees that the place compared with was itself in doubt."""
    strange = flagged(PastTransaction.of(purchase("x", NEW_YORK)))
    finding = judge(purchase("t2", after=minutes(1)), Profile((strange,)))[RULE]
    assert finding.evidence["journeys"][0]["compared_with"]["was_flagged"]


@pytest.mark.parametrize("late", [False, True])
def test_case_15_a_pair_further_apart_than_the_window_is_never_compared(*, late: bool) -> None:
    """Neither a new event with one long before it nor a late one with one long after."""
    limits = RuleLimits(travel=TravelLimits(flight_speed_kmh=1, ground_speed_kmh=1))
    apart = timedelta(microseconds=HISTORY.max_age_us)
    beyond = apart + timedelta(microseconds=1)
    for gap, expected in ((apart, True), (beyond, False)):
        pair = [purchase("t1"), purchase("t2", NEW_YORK, gap)]
        known, judged = reversed(pair) if late else pair
        assert expected == (RULE in judge(judged, profile_of(known), limits))


def test_places_are_as_wide_as_their_uncertainty() -> None:
    """Radii shorten the way: what may be 60 km nearer on both sides is not 100 km apart."""
    near = Place("Bursa", "TR", 40.1885, 30.2)
    sure = purchase("t2", near, minutes(1))
    unsure = purchase("t2", near, minutes(1), location_radius_km=60.0)
    assert RULE in judge(sure, profile_of(purchase()))
    assert {} == judge(unsure, profile_of(purchase(location_radius_km=60.0)))
