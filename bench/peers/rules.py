"""FinGuard's three rules as plain functions on dictionaries and lists, for the peers in Python.

A user's profile is two lists, in-person and online transactions, each `[time_us, transaction_id,
amount, currency, lat, lon, radius_km, flagged]` and in event-time order. Against FinGuard's own
rules this leaves out what no other system is asked for: validation, exact money, scores, the usual
amount, incidents, repeated ids and the sentence that tells the story.
"""

from bisect import insort
from datetime import datetime
from math import asin, cos, radians, sin, sqrt
from typing import Any, Final

from finguard.domain.currencies import UNITS_PER_USD

Event = dict[str, Any]
Past = list[Any]
Track = list[Past]
Alert = dict[str, Any]

TIME, ID, AMOUNT, CURRENCY, LAT, LON, RADIUS, FLAGGED = range(8)

MAX_COUNT: Final = 16
MAX_AGE_US: Final = 72 * 3_600_000_000

MIN_DISTANCE_KM: Final = 100.0
MAX_SPEED_KMH: Final = 1000.0
CLOCK_SKEW_S: Final = 60.0
GROUND_SPEED_KMH: Final = 300.0
FLIGHT_SPEED_KMH: Final = 850.0
FLIGHT_OVERHEAD_S: Final = 5400.0
HIGH_VALUE_USD: Final = 10_000.0
VELOCITY_WINDOW_US: Final = 60_000_000
VELOCITY_MAX_COUNT: Final = 10
VELOCITY_MAX_USD: Final = 20_000.0

EARTH_RADIUS_KM: Final = 6371.0088

_UNITS_PER_USD: Final = {code: float(units) for code, units in UNITS_PER_USD.items()}


def assess(event: Event, in_person: Track, online: Track) -> list[Alert]:
    """Judge an event against its user's history, and add it to that history in place."""
    moment = datetime.fromisoformat(event["timestamp"])
    time_us = round(moment.timestamp() * 1_000_000)
    past: Past = [
        time_us,
        event["transaction_id"],
        event["amount"],
        event["currency"],
        event["lat"],
        event["lon"],
        event.get("location_radius_km") or 0.0,
        False,
    ]
    _forget(in_person, online, time_us - MAX_AGE_US)
    found = [
        finding
        for finding in (
            _impossible_travel(event, past, in_person),
            _high_value(past),
            _velocity(past, in_person, online),
        )
        if finding is not None
    ]
    past[FLAGGED] = any(finding["rule"] == "impossible_travel" for finding in found)
    track = in_person if event["channel"] == "in_person" else online
    if not track or track[-1][TIME] < time_us:
        track.append(past)
    else:
        insort(track, past)
    del track[:-MAX_COUNT]
    if not found:
        return found
    about = {
        "user_id": event["user_id"],
        "transaction_id": event["transaction_id"],
        "timestamp": event["timestamp"],
    }
    return [{**about, **finding} for finding in found]


def _forget(in_person: Track, online: Track, oldest_us: int) -> None:
    for track in (in_person, online):
        while track and track[0][TIME] < oldest_us:
            del track[0]


def _impossible_travel(event: Event, past: Past, in_person: Track) -> Alert | None:
    if event["channel"] != "in_person" or not in_person or not _placed(past):
        return None
    worst, worst_pace = None, 0.0
    for other in _neighbours(in_person, past[TIME]):
        apart_s = abs(past[TIME] - other[TIME]) / 1_000_000
        between_km = distance_km(past[LAT], past[LON], other[LAT], other[LON])
        journey_km = max(0.0, between_km - (past[RADIUS] + other[RADIUS]))
        elapsed_s = apart_s + CLOCK_SKEW_S
        ground_s = journey_km / GROUND_SPEED_KMH * 3600
        flight_s = journey_km / FLIGHT_SPEED_KMH * 3600 + FLIGHT_OVERHEAD_S
        if journey_km >= MIN_DISTANCE_KM and elapsed_s < min(ground_s, flight_s):
            pace = journey_km / elapsed_s
            if pace > worst_pace:
                worst_pace = pace
                worst = {
                    "compared_with": other[ID],
                    "distance_km": round(journey_km, 3),
                    "elapsed_s": elapsed_s,
                }
    if worst is None:
        return None
    verdict = "impossible" if worst_pace * 3600 > MAX_SPEED_KMH else "improbable"
    return {"rule": "impossible_travel", "verdict": verdict, **worst}


def _placed(past: Past) -> bool:
    return bool(past[LAT] or past[LON])


def _neighbours(track: Track, time_us: int) -> list[Past]:
    """Those at the same instant, and on either side the nearest and the nearest unflagged."""
    latest = track[-1]
    if latest[TIME] < time_us and not latest[FLAGGED] and _placed(latest):
        return [latest]
    places = [past for past in track if _placed(past)]
    before = [past for past in reversed(places) if past[TIME] < time_us]
    after = [past for past in places if past[TIME] > time_us]
    at_once = [past for past in places if past[TIME] == time_us]
    return [*at_once, *_nearest(before), *_nearest(after)]


def _nearest(side: list[Past]) -> list[Past]:
    if not side or not side[0][FLAGGED]:
        return side[:1]
    return side[:1] + [past for past in side if not past[FLAGGED]][:1]


def distance_km(lat1: float, lon1: float, lat2: float, lon2: float) -> float:
    """Great-circle distance between two points given in degrees, by the haversine formula."""
    phi1, phi2 = radians(lat1), radians(lat2)
    a = sin((phi2 - phi1) / 2) ** 2 + cos(phi1) * cos(phi2) * sin(radians(lon2 - lon1) / 2) ** 2
    return 2 * EARTH_RADIUS_KM * asin(min(1.0, sqrt(a)))


def _high_value(past: Past) -> Alert | None:
    threshold = HIGH_VALUE_USD * _UNITS_PER_USD.get(past[CURRENCY], 1.0)
    if past[AMOUNT] < threshold:
        return None
    return {
        "rule": "high_value",
        "amount": past[AMOUNT],
        "currency": past[CURRENCY],
        "threshold": threshold,
    }


def _velocity(past: Past, in_person: Track, online: Track) -> Alert | None:
    """Judge the windows `(end - w, end]` that end at this event or at a later one around it."""
    time_us = past[TIME]
    first_us = time_us - VELOCITY_WINDOW_US
    if (not in_person or in_person[-1][TIME] <= first_us) and (
        not online or online[-1][TIME] <= first_us
    ):
        return None
    last_us = time_us + VELOCITY_WINDOW_US
    around = [other for other in (*in_person, *online) if first_us < other[TIME] < last_us]
    ends = {time_us, *(other[TIME] for other in around if other[TIME] > time_us)}
    limit = VELOCITY_MAX_USD * _UNITS_PER_USD.get(past[CURRENCY], 1.0)
    for end_us in sorted(ends):
        begin_us = end_us - VELOCITY_WINDOW_US
        others = [other for other in around if begin_us < other[TIME] <= end_us]
        amounts = [other[AMOUNT] for other in others if other[CURRENCY] == past[CURRENCY]]
        count, total = len(others) + 1, sum(amounts) + past[AMOUNT]
        too_many = bool(others) and count > VELOCITY_MAX_COUNT
        if too_many or (any(amounts) and total > limit):
            return {"rule": "velocity", "count": count, "total": total, "max_total": limit}
    return None
