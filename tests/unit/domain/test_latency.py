"""The latency's histogram: what can be read from its buckets, and what cannot."""

import pytest

from finguard.domain.telemetry import LATENCY_BOUNDS_S, Latency, quantile

BOUNDS = (1.0, 2.0, 4.0)


@pytest.mark.parametrize(
    ("counts", "share", "expected"),
    [
        ((0, 0, 0, 0), 0.5, None),
        ((10, 10, 10, 10), 0.5, 0.5),
        ((0, 10, 10, 10), 0.5, 1.5),
        ((0, 10, 10, 10), 1.0, 2.0),
        ((5, 5, 10, 10), 0.5, 1.0),
        ((5, 5, 10, 10), 0.75, 3.0),
        ((0, 5, 5, 5), 0.0, 1.0),
    ],
)
def test_a_bucket_counts_as_evenly_spread(
    counts: tuple[int, ...], share: float, expected: float | None
) -> None:
    """From its lower bound to its own; empty buckets before and behind it change nothing."""
    assert quantile(BOUNDS, counts, share) == expected


def test_beyond_the_last_bound_no_more_than_that_is_known() -> None:
    """The estimate is the bound: what it says is too low, and not made up."""
    assert quantile(BOUNDS, (0, 0, 0, 9), 0.5) == 4.0


def test_without_alerts_there_is_a_count_for_every_bound() -> None:
    """A detector's first heartbeat has nothing to tell, and the form of all others."""
    assert Latency().counts == (0,) * (len(LATENCY_BOUNDS_S) + 1)
