"""What a viewer has seen of the detectors."""

from datetime import timedelta

from finguard.dashboard.client.system import Detectors
from finguard.dashboard.seen import Histogram, Seen
from tests.unit.dashboard.samples import NOW, Json, detector, detectors, latency

MINUTE = timedelta(minutes=1)
BOUNDS = (0.01, 0.1)


def told(*items: Json, **changes: object) -> Detectors:
    """What the API says of these detectors."""
    return Detectors.model_validate({**detectors(*items), **changes})


def test_an_answer_that_is_seen_again_counts_once() -> None:
    """Several panels look at the same answer, and a refresh may keep the one before."""
    seen, answer = Seen(), told(detector())
    seen.look(answer, NOW)
    seen.look(answer, NOW + MINUTE)

    assert seen.throughput() == [(NOW, 205.4)]


def test_the_course_of_a_quarter_of_an_hour_is_kept() -> None:
    """What is older is forgotten."""
    seen = Seen()
    for minute in range(30):
        seen.look(told(detector(transactions_per_second=float(minute))), NOW + minute * MINUTE)

    assert [pace for _, pace in seen.throughput()] == [float(minute) for minute in range(14, 30)]


def test_nothing_seen_is_no_latency() -> None:
    """Nor is a detector that does not tell."""
    seen = Seen()
    assert seen.latency() is None
    seen.look(told(detector(latency=None)), NOW)
    assert seen.latency() is None
    assert seen.throughput()


def test_latency_is_that_of_the_last_minutes() -> None:
    """The difference of two answers; what came before somebody looked does not count."""
    seen = Seen()
    seen.look(told(detector(latency=latency(0, 0, 90))), NOW)
    assert seen.latency() == Histogram(BOUNDS, (0, 0, 90))
    seen.look(told(detector(latency=latency(9, 10, 100))), NOW + MINUTE)
    assert seen.latency() == Histogram(BOUNDS, (9, 10, 10), NOW)
    seen.look(told(detector(latency=latency(9, 20, 110))), NOW + 6 * MINUTE)
    assert seen.latency() == Histogram(BOUNDS, (0, 10, 10), NOW + MINUTE)


def test_a_detector_that_came_or_went_meanwhile_distorts_nothing() -> None:
    """Differences are taken detector by detector: a sum over all would fall."""
    seen = Seen()
    leaving = detector(instance_id="old", latency=latency(500, 500, 500))
    seen.look(told(leaving, detector(latency=latency(1, 1, 1))), NOW)
    coming = detector(instance_id="new", latency=latency(2, 3, 3))
    seen.look(told(detector(latency=latency(1, 2, 2)), coming), NOW + MINUTE)

    assert seen.latency() == Histogram(BOUNDS, (2, 4, 4), NOW)


def test_without_new_alerts_all_that_are_counted_are_told() -> None:
    """A calm minute is no reason to know nothing."""
    seen = Seen()
    for minute in range(2):
        seen.look(told(detector()), NOW + minute * MINUTE)

    assert seen.latency() == Histogram(BOUNDS, (50, 100, 100))
