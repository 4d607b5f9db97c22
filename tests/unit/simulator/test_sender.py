"""The sending loop: order, pace, labels and stopping."""

from threading import Event

import pytest

from finguard.errors import ServiceUnavailable
from finguard.simulator.message import Message
from finguard.simulator.pace import Pace
from finguard.simulator.sender import send_all
from finguard.simulator.truth import Fraud, Label
from tests.unit.simulator.memory_publisher import MemoryPublisher

SECOND_US = 1_000_000
LABEL = Fraud("tx-3", "ann", "high_value")
MESSAGES = [
    Message(b"ann", b"%d" % second, second * SECOND_US, LABEL if second == 3 else None)
    for second in range(1, 11)
]


class Clock:
    """A clock that only waiting moves on; `stops_at_s` is when somebody presses Ctrl-C."""

    def __init__(self, now_s: float, stops_at_s: float = 1e9) -> None:
        self.now_s = now_s
        self.stop = Event()
        self._stops_at_s = stops_at_s

    def now_us(self) -> int:
        """The time."""
        return round(self.now_s * SECOND_US)

    def pause(self, seconds: float) -> bool:
        """Let time go by, or some of it until the stop."""
        self.now_s = min(self.now_s + seconds, self._stops_at_s)
        if self.now_s >= self._stops_at_s:
            self.stop.set()
        return self.stop.is_set()

    def pace(self, speed: float | None) -> Pace:
        """A pace by this clock."""
        return Pace(speed, clock_us=self.now_us, pause=self.pause)


def _send(publisher: MemoryPublisher, clock: Clock, speed: float | None) -> list[Label]:
    labels: list[Label] = []
    send_all(
        MESSAGES,
        publisher,
        pace=clock.pace(speed),
        record=labels.append,
        tick=lambda: None,
        stop=clock.stop,
    )
    return labels


def test_everything_arrives_in_order() -> None:
    """All messages are delivered as they came, and the labels of those that have one recorded."""
    publisher = MemoryPublisher()
    assert _send(publisher, Clock(100), None) == [LABEL]
    assert [(message.key, message.value) for message in MESSAGES] == publisher.messages


@pytest.mark.parametrize(("speed", "took_s"), [(1.0, 9.0), (3.0, 3.0), (0.5, 18.0), (None, 0.0)])
def test_the_past_is_paced_by_its_own_times(speed: float | None, took_s: float) -> None:
    """Nine seconds of old events take nine at speed 1, three at 3, and none at full speed."""
    clock = Clock(1_000)
    _send(MemoryPublisher(), clock, speed)
    assert 1_000 + took_s == pytest.approx(clock.now_s)


@pytest.mark.parametrize("speed", [None, 1.0, 60.0])
def test_no_event_is_sent_before_it_happens(speed: float | None) -> None:
    """Where event time has caught up with the clock, the clock sets the pace."""
    clock = Clock(5)
    _send(MemoryPublisher(), clock, speed)
    assert clock.now_s == pytest.approx(14 if speed == 1.0 else 10)


def test_a_stop_ends_the_run_with_everything_flushed() -> None:
    """What was published before the stop is delivered; the rest is not published."""
    publisher = MemoryPublisher()
    _send(publisher, Clock(1, stops_at_s=4.5), 1.0)
    assert [value for _, value in publisher.messages] == [b"1", b"2", b"3", b"4"]


def test_a_stop_ends_a_run_at_full_speed() -> None:
    """The stop is noticed where nothing ever waits, too."""
    publisher, clock = MemoryPublisher(), Clock(100)
    clock.stop.set()
    _send(publisher, clock, None)
    assert publisher.messages == []


def test_memory_stays_bounded() -> None:
    """No more messages are in flight than the publisher has room for."""
    publisher = MemoryPublisher(capacity=3)
    _send(publisher, Clock(100), None)
    assert publisher.most_in_flight == 3


def test_a_failure_ends_the_run() -> None:
    """A publisher that gives up is not sent any more messages."""
    publisher = MemoryPublisher(capacity=2, breaks_after=5)
    with pytest.raises(ServiceUnavailable):
        _send(publisher, Clock(100), None)
    assert publisher.delivered == 5
