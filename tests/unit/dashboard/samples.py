"""Answers of the API as JSON, in the shapes that the real one gives them."""

from datetime import UTC, datetime, timedelta
from typing import Any

Json = dict[str, Any]

NOW = datetime(2026, 3, 1, 12, 0, 30, tzinfo=UTC)

TRAVEL_EVIDENCE: Json = {
    "verdict": "impossible",
    "journeys": [
        {
            "compared_with": {
                "transaction_id": "t-ist",
                "time_us": 1_772_366_400_000_000,
                "city": "Istanbul",
                "country": "TR",
                "lat": 41.01,
                "lon": 28.95,
                "radius_km": 0.0,
                "was_flagged": False,
            },
            "distance_km": 8070.2,
            "apart_s": 60.0,
            "elapsed_s": 120.0,
            "speed_kmh": 484_212.0,
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


def alert(alert_id: int = 1, **changes: object) -> Json:
    """One alert of a list, as JSON."""
    happened = NOW - timedelta(seconds=60) + timedelta(seconds=alert_id)
    return {
        "alert_id": alert_id,
        "user_id": f"user-{alert_id}",
        "transaction_id": f"t-{alert_id}",
        "rule": "impossible_travel",
        "severity": "high",
        "score": 97,
        "story": "New York 1 minute after Istanbul: 8,070 km",
        "amount": "129.90",
        "currency": "USD",
        "merchant": "Corner Books",
        "category": "books",
        "channel": "in_person",
        "city": "New York",
        "country": "US",
        "lat": 40.71,
        "lon": -74.0,
        "suppressed_by": None,
        "occurred_at": happened.isoformat(),
        "detected_at": (happened + timedelta(seconds=1)).isoformat(),
        "incident_id": "t-1",
        "status": "open",
        "assignee": None,
        "version": 1,
        **changes,
    }


def detail(listed: Json, **changes: object) -> Json:
    """The same alert with what only its own page has."""
    return {
        **listed,
        "evidence": TRAVEL_EVIDENCE,
        "rule_version": 1,
        "published_at": listed["occurred_at"],
        "source": {"topic": "transactions", "partition": 3, "offset": 90210},
        "incident_alert_ids": [],
        "other_alerts": [],
        "notes": [],
        "recent_transactions_available": True,
        "recent_transactions": [],
        **changes,
    }


def summary(**changes: object) -> Json:
    """Figures with a bit of everything."""
    return {
        "from": NOW.isoformat(),
        "to": NOW.isoformat(),
        "as_of": NOW.isoformat(),
        "transactions": 12_345,
        "alerts": 3,
        "alerted_transactions": 3,
        "fraud_rate": 3 / 12_345,
        "amount_at_risk": {
            "by_currency": {"USD": "1200.5", "EUR": "900"},
            "usd_equivalent": "2200.50",
            "without_equivalent": [],
        },
        "by_rule": {"impossible_travel": 2, "velocity": 1},
        "precision_by_rule": {"impossible_travel": 0.75, "velocity": None},
        "by_severity": {"low": 0, "medium": 1, "high": 2},
        "by_status": {"open": 3, "investigating": 0, "confirmed_fraud": 0, "false_positive": 0},
        "dead_letters": 1,
        "open_alerts": 3,
        "latest_alert_at": NOW.isoformat(),
        "earliest_at": NOW.isoformat(),
        **changes,
    }


EMPTY: Json = {
    "transactions": 0,
    "alerts": 0,
    "alerted_transactions": 0,
    "fraud_rate": None,
    "by_rule": {},
    "open_alerts": 0,
    "dead_letters": 0,
    "latest_alert_at": None,
    "earliest_at": None,
}


def latency(*counts: int) -> Json:
    """Cumulative counts of alerts up to 10 ms, up to 100 ms, and of all."""
    bounds_s = (0.01, 0.1, None)
    buckets = [{"le_s": le_s, "count": count} for le_s, count in zip(bounds_s, counts, strict=True)]
    return {"count": counts[-1], "sum_s": 1.5, "p50_s": 0.01, "p99_s": 0.09, "buckets": buckets}


def partitions(**lags: int | None) -> list[Json]:
    """Partitions such as `p0`, by the records that wait in each."""
    return [
        {"partition": int(name[1:]), "lag": lag, "position": None if lag is None else 1_000}
        for name, lag in lags.items()
    ]


def detector(**changes: object) -> Json:
    """A detector that works."""
    return {
        "instance_id": "6d1b4e0c",
        "host": "detector-1",
        "version": "0.1.0",
        "group_id": "finguard-detector",
        "topic": "transactions",
        "started_at": "2026-03-01T08:00:00Z",
        "beat_at": "2026-03-01T12:00:29Z",
        "silent_s": 1.4,
        "status": "alive",
        "partitions": partitions(p0=12, p1=0, p2=0),
        "lag": 12,
        "transactions": 12_345,
        "transactions_per_second": 205.4,
        "latency": latency(50, 100, 100),
        "rebuilding": False,
        "outage": None,
        "outage_since": None,
        **changes,
    }


def detectors(*items: Json) -> Json:
    """All of them, summed up as the API does."""
    alive = [item for item in items if item["status"] == "alive"]
    lags = [item["lag"] for item in alive]
    return {
        "alive": len(alive),
        "lag": None if None in lags else sum(lags),
        "transactions_per_second": sum(item["transactions_per_second"] for item in alive),
        "latency": alive[0]["latency"] if alive else None,
        "items": list(items),
    }


def drawn(listed: Json) -> Json:
    """An alert as the map has it."""
    names = ("alert_id", "user_id", "rule", "severity", "status", "city", "country", "lat", "lon")
    arc = {
        "city": "Istanbul",
        "country": "TR",
        "lat": 41.01,
        "lon": 28.95,
        "distance_km": 8070.2,
        "apart_s": 60.0,
        "impossible": True,
    }
    return {
        **{name: listed[name] for name in names},
        "occurred_at": listed["occurred_at"],
        "arcs": [arc] if listed["rule"] == "impossible_travel" else [],
    }


def rule(name: str = "impossible_travel", *variants: Json, **changes: object) -> Json:
    """A rule that all detectors apply alike, or in these ways."""
    limits = variants or (TRAVEL_EVIDENCE["limits"],)
    agreed = len(limits) == 1
    return {
        "rule": name,
        "meaning": f"What {name} *means*.",
        "status": "agreed" if agreed else "disagreed",
        "version": 1 if agreed else None,
        "limits": limits[0] if agreed else None,
        "variants": [
            {"version": 1, "limits": each, "detectors": [str(number)]}
            for number, each in enumerate(limits)
        ],
        **changes,
    }


def rules(*items: Json) -> Json:
    """What the API says of these rules."""
    return {"detectors": 1, "items": list(items)}


RULES: Json = rules(
    rule(),
    rule("high_value", {"threshold_usd": "10000", "units_per_usd": {"EUR": "0.9", "USD": "1"}}),
    rule("velocity", {"window_s": 60.0, "max_count": 10, "max_amount_usd": "20000"}),
)

READINESS: Json = {
    "status": "ok",
    "postgresql": {"status": "ok", "latency_ms": 0.61, "required": True},
    "redis": {"status": "unavailable", "latency_ms": None, "required": False},
}

TOP_USERS: Json = {
    "rows": [{"user_id": "u_17_x", "alerts": 1_234, "latest_alert_at": "2026-03-01T12:00:00Z"}]
}

VERSION: Json = {"version": "0.1.0", "python": "3.11.7", "schema": "0009_alert_rollups"}

AUDIT: Json = {
    "items": [
        {
            "audit_id": 12,
            "at": "2026-03-01T12:00:00Z",
            "actor": "admin",
            "action": "user.change_role",
            "subject": "ann",
            "before": {"role": "viewer"},
            "after": {"role": "analyst"},
            "request_id": None,
        }
    ],
    "next_cursor": 11,
}


def timeline(bucket: str) -> Json:
    """Four buckets, with more alerts in each."""
    begin = NOW.replace(second=0) - timedelta(minutes=3)
    rows = [
        {
            "bucket": (begin + timedelta(minutes=minute)).isoformat(),
            "transactions": 4_115,
            "alerts": minute,
        }
        for minute in range(4)
    ]
    return {"from": NOW.isoformat(), "to": NOW.isoformat(), "bucket": bucket, "rows": rows}
