"""From counts to numbers: the median of counted values, and the precision of rules."""

from collections import Counter
from datetime import UTC, datetime
from decimal import Decimal
from statistics import median_low
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from finguard.adapters.postgres.statistics import Tally
from finguard.api.summing import lower_median, sum_up

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


@given(st.lists(st.integers(0, 50), min_size=1))
def test_median_of_counts_is_that_of_the_values(values: list[int]) -> None:
    """Of an even number the lower of the two in the middle."""
    assert lower_median(Counter(values)) == median_low(values)


def test_median_of_nothing() -> None:
    """There is none."""
    assert lower_median({}) is None


def counted(rule: str, status: str, alerts: int) -> dict[str, Any]:
    """A row of a tally."""
    return {"rule": rule, "severity": "high", "status": status, "alerts": alerts}


def test_precision_counts_what_was_decided() -> None:
    """Open alerts say nothing of a rule; neither does a rule of which nothing is decided."""
    tally = Tally(
        transactions=0,
        alerts=[
            counted("velocity", "open", 100),
            counted("velocity", "confirmed_fraud", 3),
            counted("velocity", "false_positive", 1),
            counted("high_value", "investigating", 7),
        ],
        countries=[],
        alerted=[{"currency": "USD", "transactions": 5, "amount": Decimal(1)}],
        triaged=[],
        dead_letters=0,
        backlog={"as_of": NOON, "open_alerts": 100, "latest_alert_at": NOON, "earliest_at": NOON},
    )
    summary = sum_up(NOON, NOON, tally, {"USD": Decimal(1)})
    assert summary.precision_by_rule == {"velocity": 0.75, "high_value": None}
