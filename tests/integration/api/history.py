"""A random history to count, and a recount of it one by one."""

from collections import Counter
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import ROUND_HALF_EVEN, Decimal
from random import Random
from statistics import median_low
from typing import Any

from finguard.domain.currencies import UNITS_PER_USD
from tests.integration.api.world import NOON, Alert, World, alert

MINUTE = timedelta(minutes=1)
DAYS = 3


@dataclass(frozen=True)
class History:
    """All that a world holds."""

    alerts: list[Alert]
    counts: dict[tuple[datetime, int], int]
    dead_letters: list[datetime]


def random_history(world: World) -> History:
    """Three days of it: several rules on one transaction, several partitions, some triage."""
    random = Random(11)  # noqa: S311 - a reproducible test
    start = NOON.replace(hour=0)
    alerts = []
    for _ in range(300):
        first = alert(
            user_id=f"u-{random.randrange(20)}",
            transaction_id=f"t-{random.randrange(10**9)}",
            amount=Decimal(random.randrange(10**8)).scaleb(-4),
            currency=random.choice(["USD", "EUR", "JPY", "KWD", "XAF", "ZWG", "AFN"]),
            city=random.choice(["Berlin", "Ulm", "Paris", "Split"]),
            country=random.choice(["DE", "FR"]),
            partition=random.randrange(6),
            occurred_at=start + random.randrange(DAYS * 86_400_000) * timedelta(milliseconds=1),
        )
        rules = random.sample(
            ["high_value", "velocity", "impossible_travel"], random.choice([1, 1, 2, 3])
        )
        alerts += [
            {
                **first,
                "rule": rule,
                "severity": random.choice(["low", "medium", "high"]),
                **_decision(random),
            }
            for rule in rules
        ]
    counts = {
        (start + random.randrange(DAYS * 1_440) * MINUTE, random.randrange(6)): random.randrange(90)
        for _ in range(2_000)
    }
    dead_letters = [
        start + random.randrange(DAYS * 86_400) * timedelta(seconds=1) for _ in range(50)
    ]
    world.store_alerts(alerts)
    world.count_transactions(counts)
    world.store_dead_letters(dead_letters)
    return History(alerts, counts, dead_letters)


def _decision(random: Random) -> Alert:
    """A status, and when an analyst gave it, a while after the alert."""
    status = random.choice(["open", "investigating", "confirmed_fraud", "false_positive"])
    delay = timedelta(seconds=random.expovariate(1 / 5_000))
    detected_at = NOON + timedelta(microseconds=random.randrange(10**12))
    triaged_at = None if random.random() < 0.2 else detected_at + delay
    return {"status": status, "detected_at": detected_at, "triaged_at": triaged_at}


def two_digits(delay: timedelta) -> int:
    """Whole seconds, rounded towards zero to two significant digits."""
    digits = str(int(delay.total_seconds()))
    return int(digits[:2].ljust(len(digits), "0"))


def _precision(alerts: list[Alert], rule: str) -> float | None:
    of_rule = Counter(row["status"] for row in alerts if row["rule"] == rule)
    decided = of_rule["confirmed_fraud"] + of_rule["false_positive"]
    return of_rule["confirmed_fraud"] / decided if decided else None


def _earliest(history: History) -> datetime:
    """Of transactions only the day is kept for ever."""
    days = [minute.replace(hour=0, minute=0) for minute, _ in history.counts]
    times: list[datetime] = [row["occurred_at"] for row in history.alerts]
    return min(*days, *times)


def recount(history: History, since: datetime, until: datetime) -> dict[str, Any]:
    """The summary of a range, counted one by one."""
    alerts = [row for row in history.alerts if since <= row["occurred_at"] < until]
    transactions = sum(
        count for (minute, _), count in history.counts.items() if since <= minute < until
    )
    alerted = {(row["user_id"], row["transaction_id"]): row for row in alerts}
    amounts: dict[str, Decimal] = {}
    for row in alerted.values():
        amounts[row["currency"]] = amounts.get(row["currency"], Decimal(0)) + row["amount"]
    usd = sum(
        (amount / UNITS_PER_USD[code] for code, amount in amounts.items() if code in UNITS_PER_USD),
        Decimal(0),
    )
    delays = [
        two_digits(row["triaged_at"] - row["detected_at"])
        for row in alerts
        if row["triaged_at"] and row["status"] != "open"
    ]
    return {
        "transactions": transactions,
        "alerts": len(alerts),
        "alerted_transactions": len(alerted),
        "fraud_rate": len(alerted) / transactions if transactions else None,
        "by_currency": amounts,
        "usd_equivalent": usd.quantize(Decimal("0.01"), ROUND_HALF_EVEN),
        "without_equivalent": sorted(set(amounts) - set(UNITS_PER_USD)),
        "by_rule": dict(Counter(row["rule"] for row in alerts)),
        "by_country": dict(Counter(row["country"] for row in alerts)),
        "precision_by_rule": {
            rule: _precision(alerts, rule) for rule in {row["rule"] for row in alerts}
        },
        "median_time_to_triage_s": median_low(delays) if delays else None,
        "by_severity": dict.fromkeys(("low", "medium", "high"), 0)
        | Counter(row["severity"] for row in alerts),
        "by_status": dict.fromkeys(
            ("open", "investigating", "confirmed_fraud", "false_positive"), 0
        )
        | Counter(row["status"] for row in alerts),
        "dead_letters": sum(1 for moment in history.dead_letters if since <= moment < until),
        "open_alerts": sum(1 for row in history.alerts if row["status"] == "open"),
        "latest_alert_at": max(row["occurred_at"] for row in history.alerts),
        "earliest_at": _earliest(history),
    }
