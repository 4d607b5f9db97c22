"""Customers of the API in memory: what is known of one, and entries that can be added and ended."""

import json
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import unquote

import httpx

from tests.unit.dashboard.samples import NOW, Json

PATH: Final = "/api/v1/users/"
USER: Final = "u/17"
"""A customer whose name has to be quoted in a path."""

PROFILE: Final[Json] = {
    "transactions": 9,
    "flagged": 1,
    "first_at": "2026-02-27T08:30:00Z",
    "last_at": "2026-03-01T12:00:00Z",
    "amounts": [
        {"currency": "TRY", "transactions": 8, "median": "1012.3", "max": "8600"},
        {"currency": "EUR", "transactions": 1, "median": "12", "max": "12"},
    ],
    "places": [
        {
            "city": "Istanbul",
            "country": "TR",
            "lat": 41.01,
            "lon": 28.95,
            "transactions": 8,
            "last_at": "2026-03-01T12:00:00Z",
        }
    ],
}


def transaction(name: str, **changes: object) -> Json:
    """A transaction that the detector remembers."""
    return {
        "transaction_id": name,
        "occurred_at": NOW.isoformat(),
        "channel": "in_person",
        "amount": "129.9",
        "currency": "TRY",
        "city": "Istanbul",
        "country": "TR",
        "lat": 41.01,
        "lon": 28.95,
        "flagged": False,
        "alert_ids": [],
        **changes,
    }


def entry(number: int = 1, **changes: object) -> Json:
    """A suppression."""
    return {
        "suppression_id": number,
        "user_id": USER,
        "kind": "snooze",
        "rule": "impossible_travel",
        "reason": "Travels for *work*; called.",
        "state": "active",
        "created_at": "2026-03-01T09:00:00Z",
        "created_by": "alice",
        "expires_at": "2026-03-06T17:00:00Z",
        "withdrawn_at": None,
        "withdrawn_by": None,
        **changes,
    }


@dataclass
class Customers:
    """Answers whatever lies below the customers' path.

    Attributes:
        known: by name, what changes in what is told of them.
        transactions: that are remembered of any of them.
        entries: of any of them, newest first.
        refusal: what becomes of a new entry, where it is refused.
        sent: the new entries so far.
    """

    known: dict[str, Json] = field(default_factory=lambda: {USER: {}})
    transactions: list[Json] = field(default_factory=lambda: [transaction("t-1")])
    entries: list[Json] = field(default_factory=list)
    refusal: httpx.Response | None = None
    sent: list[Json] = field(default_factory=list)

    def answer(self, request: httpx.Request) -> httpx.Response:
        """As the real API does."""
        raw = request.url.raw_path.decode().partition("?")[0]
        quoted, *further = raw.removeprefix(PATH).split("/")
        user_id = unquote(quoted)
        if further[:1] == ["suppressions"]:
            return self._entries(request, further[1:])
        if user_id not in self.known:
            detail = {"detail": "Nothing is known of such a customer."}
            return httpx.Response(404, json=detail)
        if further == ["transactions"]:
            return httpx.Response(200, json={"available": True, "items": self.transactions})
        return httpx.Response(200, json=self._customer(user_id))

    def _customer(self, user_id: str) -> Json:
        return {
            "user_id": user_id,
            "profile_available": True,
            "profile": PROFILE,
            "alerts": {
                "total": 3,
                "open": 2,
                "suppressed": 1,
                "first_at": "2026-02-27T08:30:00Z",
                "last_at": "2026-03-01T12:01:00Z",
            },
            "suppressions": [each for each in self.entries if each["state"] == "active"],
            **self.known[user_id],
        }

    def _entries(self, request: httpx.Request, number: list[str]) -> httpx.Response:
        if request.method == "GET":
            return httpx.Response(200, json={"items": self.entries, "next_cursor": None})
        if request.method == "DELETE":
            (ended,) = (each for each in self.entries if str(each["suppression_id"]) == number[0])
            ended.update(state="withdrawn", withdrawn_at=NOW.isoformat(), withdrawn_by="ada")
            return httpx.Response(200, json=ended)
        if self.refusal is not None:
            return self.refusal
        new = json.loads(request.content)
        self.sent.append(new)
        self.entries.insert(0, entry(len(self.entries) + 1, created_by="ada", **new))
        return httpx.Response(201, json=self.entries[0])
