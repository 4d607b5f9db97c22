"""An API in memory that answers as the real one does, and can be told to fail."""

import json
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qs

import httpx

from finguard.dashboard.client import ApiClient
from finguard.dashboard.session import Session

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
        "occurred_at": happened.isoformat(),
        "detected_at": (happened + timedelta(seconds=1)).isoformat(),
        "incident_id": "t-1",
        "status": "open",
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
        "by_severity": {"low": 0, "medium": 1, "high": 2},
        "by_status": {"open": 3, "investigating": 0, "confirmed_fraud": 0, "false_positive": 0},
        "dead_letters": 1,
        "open_alerts": 3,
        "latest_alert_at": NOW.isoformat(),
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
}


@dataclass
class FakeApi:
    """Answers every path that the dashboard asks, from what it is given.

    Attributes:
        alerts: in the order of the list, newest first.
        details: what changes in an alert's own page, by its number.
        figures: what changes in the summary.
        failure: answered instead of anything else; an exception is raised.
        asked: every request so far: method, path and parameters.
    """

    alerts: list[Json] = field(default_factory=list)
    details: dict[int, Json] = field(default_factory=dict)
    figures: Json = field(default_factory=dict)
    failure: httpx.Response | Exception | None = None
    asked: list[tuple[str, str, dict[str, str]]] = field(default_factory=list)

    def session(self, *, logged_in: bool = True) -> Session:
        """A dashboard session that talks to this API."""
        http = httpx.Client(
            transport=httpx.MockTransport(self._answer), base_url="http://finguard.test"
        )
        session = Session(ApiClient(http), refresh_s=2.0, default_password="password123")
        if logged_in:
            session.log_in("ada", "a password of her own")
            self.asked.clear()
        return session

    def paths(self) -> list[str]:
        """The paths asked so far."""
        return [path for _, path, _ in self.asked]

    def _answer(self, request: httpx.Request) -> httpx.Response:
        parameters = dict(request.url.params)
        self.asked.append((request.method, request.url.path, parameters))
        if isinstance(self.failure, Exception):
            raise self.failure
        if self.failure is not None:
            return self.failure
        if request.url.path == "/api/v1/auth/token":
            return _token(request)
        if request.headers.get("Authorization") != "Bearer good":
            return problem(401, "This takes a valid access token.")
        return self._answer_known(request.url.path, parameters)

    def _answer_known(self, path: str, parameters: dict[str, str]) -> httpx.Response:
        if path == "/api/v1/auth/me":
            return httpx.Response(200, json={"username": "ada", "role": "analyst"})
        if path == "/api/v1/stats/summary":
            return httpx.Response(200, json=summary(**self.figures))
        if path == "/api/v1/stats/timeline":
            return httpx.Response(200, json=_timeline(parameters["bucket"]))
        if path == "/api/v1/alerts":
            return self._page(parameters)
        return self._detail(int(path.rpartition("/")[2]))

    def _page(self, parameters: dict[str, str]) -> httpx.Response:
        fits = [
            listed
            for listed in self.alerts
            if all(
                str(listed[name]) == parameters[name]
                for name in ("rule", "severity", "status", "user_id")
                if name in parameters
            )
        ]
        begin, limit = int(parameters.get("cursor", "0")), int(parameters["limit"])
        end = begin + limit
        more = str(end) if end < len(fits) else None
        return httpx.Response(200, json={"items": fits[begin:end], "next_cursor": more})

    def _detail(self, alert_id: int) -> httpx.Response:
        for listed in self.alerts:
            if listed["alert_id"] == alert_id:
                return httpx.Response(200, json=detail(listed, **self.details.get(alert_id, {})))
        return problem(404, "There is no such alert.")


def problem(status: int, text: str, **headers: str) -> httpx.Response:
    """An error as RFC 9457 problem details."""
    body = {"title": "A problem", "status": status, "detail": text}
    return httpx.Response(status, content=json.dumps(body), headers=headers)


def _token(request: httpx.Request) -> httpx.Response:
    form = parse_qs(request.content.decode())
    if form["password"] == ["wrong"]:
        return problem(401, "There is no such user with such a password.")
    return httpx.Response(
        200, json={"access_token": "good", "token_type": "bearer", "expires_in": 1800}
    )


def _timeline(bucket: str) -> Json:
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
