"""From the counts of a range to the numbers that people ask for."""

from collections import Counter
from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from typing import Final, get_args

from pydantic import JsonValue, ValidationError

from finguard.adapters.postgres.pool import Row
from finguard.adapters.postgres.statistics import Tally
from finguard.api.stat_models import AmountAtRisk, Arc, Summary
from finguard.domain.triage import Status
from finguard.domain.verdict import Severity

_CENT: Final = Decimal("0.01")


def sum_up(
    since: datetime, until: datetime, tally: Tally, units_per_usd: Mapping[str, Decimal]
) -> Summary:
    """The summary of a range."""
    alerted = sum(row["transactions"] for row in tally.alerted)
    return Summary(
        since=since,
        until=until,
        transactions=tally.transactions,
        alerts=sum(row["alerts"] for row in tally.alerts),
        alerted_transactions=alerted,
        fraud_rate=alerted / tally.transactions if tally.transactions else None,
        amount_at_risk=_amount_at_risk(tally.alerted, units_per_usd),
        by_rule=_count(tally.alerts, "rule"),
        by_country=_count(tally.countries, "country"),
        by_severity=dict.fromkeys(get_args(Severity), 0) | _count(tally.alerts, "severity"),
        by_status=dict.fromkeys(get_args(Status), 0) | _count(tally.alerts, "status"),
        precision_by_rule=_precision(tally.alerts),
        median_time_to_triage_s=lower_median(
            {int(row["seconds"]): row["alerts"] for row in tally.triaged}
        ),
        dead_letters=tally.dead_letters,
        **tally.backlog,
    )


def arcs(journeys: JsonValue) -> list[Arc]:
    """The journeys of an alert's evidence, but for those that lack what an arc needs."""
    found = []
    for journey in journeys if isinstance(journeys, list) else []:
        if isinstance(journey, dict) and isinstance(place := journey.get("compared_with"), dict):
            try:
                found.append(Arc.model_validate({**place, **journey}))
            except ValidationError:
                continue
    return found


def lower_median(counts: Mapping[int, int]) -> int | None:
    """The middle of values that occur so often; the lower of two; None without any."""
    left = (sum(counts.values()) + 1) // 2
    for value in sorted(counts):
        left -= counts[value]
        if left <= 0:
            return value
    return None


def _count(rows: list[Row], column: str) -> dict[str, int]:
    counts: Counter[str] = Counter()
    for row in rows:
        counts[row[column]] += row["alerts"]
    return dict(counts)


def _precision(rows: list[Row]) -> dict[str, float | None]:
    """Of each rule: the share of frauds among the alerts that somebody has decided about."""
    frauds = _count([row for row in rows if row["status"] == "confirmed_fraud"], "rule")
    errors = _count([row for row in rows if row["status"] == "false_positive"], "rule")
    decided = Counter(frauds) + Counter(errors)
    return {
        rule: frauds.get(rule, 0) / decided[rule] if decided[rule] else None
        for rule in _count(rows, "rule")
    }


def _amount_at_risk(rows: list[Row], units_per_usd: Mapping[str, Decimal]) -> AmountAtRisk:
    amounts = {row["currency"]: row["amount"] for row in rows}
    known = [
        amount / units_per_usd[code] for code, amount in amounts.items() if code in units_per_usd
    ]
    return AmountAtRisk(
        by_currency=amounts,
        usd_equivalent=sum(known, Decimal(0)).quantize(_CENT),
        without_equivalent=[code for code in amounts if code not in units_per_usd],
    )
