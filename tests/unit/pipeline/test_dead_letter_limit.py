"""The gauge that tells a few bad messages from a bad deploy."""

import pytest

from finguard.pipeline.dead_letter_limit import DeadLetterGauge, DeadLetterLimit, PoisonFlood


def test_a_run_longer_than_allowed_trips() -> None:
    """Exactly the allowed number in a row is fine; one more is not."""
    gauge = DeadLetterGauge(DeadLetterLimit(max_ratio=1, max_run=3))
    for _ in range(3):
        gauge.poison()
    with pytest.raises(PoisonFlood, match="4 messages in a row"):
        gauge.poison()


def test_a_good_message_ends_the_run() -> None:
    """Poison that is not in a row is judged by ratio alone."""
    gauge = DeadLetterGauge(DeadLetterLimit(max_ratio=1, max_run=3, window=100))
    for _ in range(50):
        gauge.poison()
        gauge.good(1)


def test_a_share_above_the_limit_trips_once_the_window_is_full() -> None:
    """A few bad messages at the start prove nothing."""
    gauge = DeadLetterGauge(DeadLetterLimit(max_ratio=0.5, max_run=100, window=10))
    for _ in range(4):
        gauge.poison()
    gauge.good(4)
    gauge.poison()
    with pytest.raises(PoisonFlood, match="60%"):
        gauge.poison()


def test_nothing_good_is_nothing_noted() -> None:
    """A count of zero neither ends a run nor fills the window."""
    gauge = DeadLetterGauge(DeadLetterLimit(max_ratio=1, max_run=1))
    gauge.poison()
    gauge.good(0)
    with pytest.raises(PoisonFlood):
        gauge.poison()
