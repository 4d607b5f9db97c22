"""What holds of impossible travel for all places, times and histories."""

from datetime import timedelta

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from finguard.domain.geo import distance_km
from finguard.domain.profile import PastTransaction, Profile
from finguard.domain.rules.impossible_travel import Journey, TravelLimits, impossible_travel
from finguard.domain.transaction import Transaction
from finguard.domain.verdict import Finding
from tests.strategies import NOON, histories, profiles, transactions
from tests.unit.domain.examples import Place, profile_of, purchase

LIMITS = TravelLimits()
SEVERITIES = [None, "medium", "high"]

distances_km = st.floats(0, 20_016)
times_s = st.floats(0, 72 * 3600)
moments = st.timedeltas(timedelta(0), timedelta(hours=30)).map(lambda after: NOON + after)
travellers = transactions(channel="in_person", timestamp=moments)


def judge(transaction: Transaction, profile: Profile) -> Finding | None:
    """The travel rule's finding with the default limits."""
    return impossible_travel(transaction, PastTransaction.of(transaction), profile, LIMITS)


def severity(distance_km: float, apart_s: float) -> int:
    """How bad a journey is: 0 nothing, 1 improbable, 2 impossible."""
    place = PastTransaction.of(purchase())
    journey = Journey(place, distance_km, apart_s, apart_s + LIMITS.clock_skew_s)
    return 2 if journey.impossible(LIMITS) else int(journey.improbable(LIMITS))


@given(distances_km, distances_km, times_s, times_s)
def test_farther_or_sooner_is_never_better(
    distance_km: float, more_km: float, apart_s: float, more_s: float
) -> None:
    """Severity only grows with distance and only shrinks with time."""
    near, far = sorted((distance_km, more_km))
    soon, late = sorted((apart_s, more_s))
    assert severity(near, late) <= severity(far, late) <= severity(far, soon)
    assert severity(near, late) <= severity(near, soon) <= severity(far, soon)


@given(travellers, travellers)
def test_a_pair_is_judged_alike_in_either_order(one: Transaction, other: Transaction) -> None:
    """Which of the two arrived first changes nothing but who is compared with whom."""
    forth, back = judge(one, profile_of(other)), judge(other, profile_of(one))
    if forth is None or back is None:
        assert forth is back
        return
    assert (forth.severity, forth.score) == (back.severity, back.score)
    forth.evidence["journeys"][0].pop("compared_with")
    back.evidence["journeys"][0].pop("compared_with")
    assert forth.evidence == back.evidence


@given(histories(span=timedelta(days=1)), profiles())
def test_findings_are_those_of_the_definition(arrived: list[Transaction], profile: Profile) -> None:
    """The rule with its short cuts finds what the definition, read word by word, finds."""
    for transaction in arrived:
        finding = judge(transaction, profile)
        expected = _suspicious_by_definition(transaction, profile)
        actual = [] if finding is None else finding.evidence["journeys"]
        assert expected == {journey["compared_with"]["transaction_id"] for journey in actual}
        if finding is not None:
            impossible = any(journey["impossible"] for journey in actual)
            assert SEVERITIES[1 + impossible] == finding.severity
            assert impossible == (finding.score >= 80)


@given(
    st.floats(-90, 90),
    st.floats(-180, 180),
    st.floats(-1.5, 1.5),
    st.floats(-1.5, 1.5),
)
def test_the_least_distance_is_not_missed(
    lat: float, lon: float, north: float, east: float
) -> None:
    """The short cut for places that are surely near takes none that is 100 km away."""
    there = purchase("t1", Place("there", "ZZ", lat, lon))
    place = Place(
        "here", "ZZ", max(-90.0, min(lat + north, 90.0)), max(-180.0, min(lon + east, 180.0))
    )
    here = purchase("t2", place, timedelta(minutes=1))
    expected = _suspicious_by_definition(here, profile_of(there))
    assert bool(expected) == (judge(here, profile_of(there)) is not None)


@given(histories(), profiles())
def test_flags_only_add_comparisons(arrived: list[Transaction], profile: Profile) -> None:
    """Trusting a place less never makes another one less suspicious."""
    trusting = msgspec.structs.replace(
        profile,
        in_person=tuple(msgspec.structs.replace(p, flagged=False) for p in profile.in_person),
    )
    for transaction in arrived:
        if judge(transaction, trusting) is not None:
            assert judge(transaction, profile) is not None


def _suspicious_by_definition(transaction: Transaction, profile: Profile) -> set[str]:
    if transaction.channel == "online" or transaction.lat == transaction.lon == 0:
        return set()
    track = [past for past in profile.in_person if past.lat_e7 or past.lon_e7]
    before = [past for past in track if past.time_us < transaction.time_us]
    after = [past for past in track if past.time_us > transaction.time_us]
    chosen = [past for past in track if past.time_us == transaction.time_us]
    chosen += before[-1:] + [past for past in before if not past.flagged][-1:]
    chosen += after[:1] + [past for past in after if not past.flagged][:1]
    return {past.transaction_id for past in chosen if _is_suspicious(transaction, past)}


def _is_suspicious(transaction: Transaction, past: PastTransaction) -> bool:
    there = past.lat_e7 / 1e7, past.lon_e7 / 1e7
    way_km = distance_km(transaction.lat, transaction.lon, *there)
    way_km -= (round((transaction.location_radius_km or 0) * 1000) + past.radius_m) / 1000
    hours = (abs(transaction.time_us - past.time_us) / 1e6 + 60) / 3600
    if way_km < 100:
        return False
    return way_km / hours > 1000 or hours < min(way_km / 300, way_km / 850 + 1.5)
