"""Impossible travel: a card shown in two places that nobody could have travelled between."""

from collections.abc import Iterable
from math import radians

import msgspec

from finguard.domain.geo import EARTH_RADIUS_KM, distance_km
from finguard.domain.profile import DEGREE_SCALE, PastTransaction, Profile
from finguard.domain.rules.terms import Terms
from finguard.domain.transaction import Transaction
from finguard.domain.verdict import Evidence, Finding, Judge

NAME = "impossible_travel"
VERSION = 1
MEANING = (
    "Somebody pays in person at two places, and there is no way to be at both in the time between: "
    "too fast for anything, or sooner than a train or a flight with its waiting."
)

_KM_PER_E7 = radians(1 / DEGREE_SCALE) * EARTH_RADIUS_KM
"""What 1e-7 degrees span at the most, on a meridian or the equator."""


class TravelLimits(msgspec.Struct, frozen=True):
    """When a journey is judged impossible, and when merely improbable.

    Attributes:
        min_distance_km: shorter journeys are never judged.
        max_speed_kmh: faster is impossible; an airliner cruises at 900.
        clock_skew_s: added to the time between two transactions.
        ground_speed_kmh: door to door without flying.
        flight_speed_kmh: in the air. flight_overhead_s: around a flight, at the least.
    """

    min_distance_km: float = 100.0
    max_speed_kmh: float = 1000.0
    clock_skew_s: float = 60.0
    ground_speed_kmh: float = 300.0
    flight_speed_kmh: float = 850.0
    flight_overhead_s: float = 5400.0


class Journey(msgspec.Struct, frozen=True):
    """From one transaction's place to another's; the same in both directions.

    Attributes:
        other: the transaction compared with.
        distance_km: between the edges of both places' circles of uncertainty.
        apart_s: between the two event times.
        elapsed_s: the same plus the allowance for skewed clocks.
    """

    other: PastTransaction
    distance_km: float
    apart_s: float
    elapsed_s: float

    @property
    def speed_kmh(self) -> float | None:
        """Speed needed without the allowance; None where both times are equal."""
        return self.distance_km / self.apart_s * 3600 if self.apart_s else None

    @property
    def pace(self) -> float:
        """Kilometres to each second there was; a number even where there was none."""
        return self.distance_km / max(self.elapsed_s, 1e-9)

    def impossible(self, limits: TravelLimits) -> bool:
        """Whether nobody travels that fast."""
        return (
            self.distance_km >= limits.min_distance_km
            and self.distance_km * 3600 > limits.max_speed_kmh * self.elapsed_s
        )

    def improbable(self, limits: TravelLimits) -> bool:
        """Whether neither a fast train nor a flight with its airport time would do."""
        ground_s = self.distance_km / limits.ground_speed_kmh * 3600
        flight_s = self.distance_km / limits.flight_speed_kmh * 3600 + limits.flight_overhead_s
        return self.distance_km >= limits.min_distance_km and self.elapsed_s < min(
            ground_s, flight_s
        )


def impossible_travel(
    transaction: Transaction, past: PastTransaction, profile: Profile, limits: TravelLimits
) -> Finding | None:
    """Judge the journeys from and to the neighbours in event time.

    A late event is compared with what happened after it, too. A neighbour whose place was itself
    flagged does not become the trusted one: then the nearest unflagged one is compared as well.
    Online transactions do not move the customer, nor does latitude and longitude 0, which is open
    sea and what a source says that does not know.
    """
    if transaction.channel != "in_person" or not profile.in_person or not _placed(past):
        return None
    suspicious = [
        journey
        for other in _neighbours(profile.in_person, past.time_us)
        if not _close(past, other, limits.min_distance_km)
        and (
            (journey := _journey(past, other, limits)).improbable(limits)
            or journey.impossible(limits)
        )
    ]
    if not suspicious:
        return None
    worst = max(suspicious, key=lambda journey: journey.pace)
    impossible = worst.impossible(limits)
    return Finding(
        NAME,
        VERSION,
        "high" if impossible else "medium",
        _score(worst, limits),
        _story(transaction, worst, limits, impossible=impossible),
        {
            "verdict": "impossible" if impossible else "improbable",
            "journeys": [_evidence(journey, limits) for journey in suspicious],
            "limits": msgspec.structs.asdict(limits),
        },
    )


def judge_travel(limits: TravelLimits) -> Judge:
    """The rule with its limits; most transactions happen close to the one before."""
    near_e7 = limits.min_distance_km / _KM_PER_E7

    def judge(transaction: Transaction, past: PastTransaction, profile: Profile) -> Finding | None:
        if transaction.channel != "in_person" or not profile.in_person:
            return None
        latest = profile.in_person[-1]
        lat_e7, lon_e7 = latest.lat_e7, latest.lon_e7
        if (
            abs(past.lat_e7 - lat_e7) + abs(past.lon_e7 - lon_e7) < near_e7
            and latest.time_us < past.time_us
            and not latest.flagged
            and (lat_e7 or lon_e7)
        ):
            return None
        return impossible_travel(transaction, past, profile, limits)

    return judge


def travel_terms(limits: TravelLimits) -> Terms:
    """What the rule judges by."""
    return Terms(NAME, VERSION, MEANING, msgspec.structs.asdict(limits))


def _placed(past: PastTransaction) -> bool:
    return past.lat_e7 != 0 or past.lon_e7 != 0


def _close(one: PastTransaction, other: PastTransaction, limit_km: float) -> bool:
    """Whether two places are surely nearer than a limit: the detour along a parallel already is."""
    degrees_e7 = abs(one.lat_e7 - other.lat_e7) + abs(one.lon_e7 - other.lon_e7)
    return degrees_e7 * _KM_PER_E7 < limit_km


def _neighbours(track: tuple[PastTransaction, ...], time_us: int) -> Iterable[PastTransaction]:
    """Those at the same instant, and on either side the nearest and the nearest unflagged."""
    latest = track[-1]
    if latest.time_us < time_us and not latest.flagged and _placed(latest):
        return (latest,)
    places = [past for past in track if _placed(past)]
    before = [past for past in reversed(places) if past.time_us < time_us]
    after = [past for past in places if past.time_us > time_us]
    at_once = [past for past in places if past.time_us == time_us]
    return [*at_once, *_nearest(before), *_nearest(after)]


def _nearest(side: list[PastTransaction]) -> list[PastTransaction]:
    """The first; and, where that is flagged, the first that is not."""
    if not side or not side[0].flagged:
        return side[:1]
    return side[:1] + [past for past in side if not past.flagged][:1]


def _journey(here: PastTransaction, there: PastTransaction, limits: TravelLimits) -> Journey:
    between_km = distance_km(
        here.lat_e7 / DEGREE_SCALE,
        here.lon_e7 / DEGREE_SCALE,
        there.lat_e7 / DEGREE_SCALE,
        there.lon_e7 / DEGREE_SCALE,
    )
    apart_s = abs(here.time_us - there.time_us) / 1_000_000
    return Journey(
        there,
        max(0.0, between_km - (here.radius_m + there.radius_m) / 1000),
        apart_s,
        apart_s + limits.clock_skew_s,
    )


def _score(journey: Journey, limits: TravelLimits) -> int:
    """Improbable: 40 to 59 as the speed nears the limit; impossible: 80 to 100 beyond it."""
    excess = journey.pace * 3600 / limits.max_speed_kmh
    if journey.impossible(limits):
        return round(100 - 20 / excess)
    return min(59, 40 + int(20 * excess))


def _story(
    transaction: Transaction, journey: Journey, limits: TravelLimits, *, impossible: bool
) -> str:
    order = "after" if transaction.time_us >= journey.other.time_us else "before"
    speed = journey.speed_kmh
    if speed is None:
        when, pace = "at the same instant as", ""
    else:
        when, pace = f"{_duration(journey.apart_s)} {order}", f", would need {speed:,.0f} km/h"
    limit = (
        f"limit {limits.max_speed_kmh:,.0f}"
        if impossible
        else "too soon for a train or a flight with its airport time"
    )
    return (
        f"{transaction.city} {when} {journey.other.city}: "
        f"{journey.distance_km:,.0f} km{pace}; {limit}"
    )


def _duration(seconds: float) -> str:
    for unit, size in (("day", 86_400), ("hour", 3_600), ("minute", 60), ("second", 1)):
        if seconds >= size:
            amount = f"{seconds / size:.1f}".removesuffix(".0")
            return f"{amount} {unit}" + ("" if amount == "1" else "s")
    return "less than a second"


def _evidence(journey: Journey, limits: TravelLimits) -> Evidence:
    other = journey.other
    return {
        "compared_with": describe(other),
        "distance_km": round(journey.distance_km, 3),
        "apart_s": journey.apart_s,
        "elapsed_s": journey.elapsed_s,
        "speed_kmh": None if journey.speed_kmh is None else round(journey.speed_kmh, 1),
        "impossible": journey.impossible(limits),
    }


def describe(past: PastTransaction) -> Evidence:
    """An earlier transaction as evidence shows it."""
    return {
        "transaction_id": past.transaction_id,
        "time_us": past.time_us,
        "city": past.city,
        "country": past.country,
        "lat": past.lat_e7 / DEGREE_SCALE,
        "lon": past.lon_e7 / DEGREE_SCALE,
        "radius_km": past.radius_m / 1000,
        "was_flagged": past.flagged,
    }
