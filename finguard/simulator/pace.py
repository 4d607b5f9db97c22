"""When each message is due: at the speed asked for, and never before its event has happened."""

from collections.abc import Callable
from typing import Final

SLACK_US: Final = 2_000
"""Waits shorter than this cost more than they order."""


class Pace:
    """Turns event time into waiting.

    Args:
        speed: event seconds in one second of the clock; None for no waiting other than for the
            event to happen.
        clock_us: the time, in microseconds since 1970.
        pause: waits for so many seconds at most, and says whether to stop.
    """

    def __init__(
        self, speed: float | None, *, clock_us: Callable[[], int], pause: Callable[[float], bool]
    ) -> None:
        self._speed = speed
        self._clock_us = clock_us
        self._pause = pause
        self._first_event_us: int | None = None
        self._started_us = 0

    def wait_for(self, time_us: int) -> bool:
        """Wait until the event at this time is due; False when told to stop meanwhile."""
        if self._first_event_us is None:
            self._first_event_us = time_us
            self._started_us = self._clock_us()
        due_us = time_us
        if self._speed is not None:
            elapsed_us = (time_us - self._first_event_us) / self._speed
            due_us = max(due_us, self._started_us + round(elapsed_us))
        ahead_us = due_us - self._clock_us()
        return ahead_us < SLACK_US or not self._pause(ahead_us / 1_000_000)
