"""Stops a detector that would pour a topic into the dead-letter queue after a bad deploy."""

from collections import deque

import msgspec

from finguard.errors import FinGuardError


class PoisonFlood(FinGuardError):  # noqa: N818 - named for what is seen
    """So many messages in a row or in proportion are poison that the fault is likely elsewhere."""


class DeadLetterLimit(msgspec.Struct, frozen=True):
    """How much poison is still believed.

    Attributes:
        max_ratio: of the latest `window` records at the most this share.
        max_run: at the most so many in a row.
        window: records over which the ratio is taken; fewer are not judged by ratio.
    """

    max_ratio: float
    max_run: int
    window: int = 1_000


class DeadLetterGauge:
    """Watches the stream of good and bad messages against a limit."""

    def __init__(self, limit: DeadLetterLimit) -> None:
        self._limit = limit
        self._run = 0
        self._recent: deque[bool] = deque(maxlen=limit.window)

    def good(self, count: int) -> None:
        """Take note of so many good messages in a row."""
        if count:
            self._run = 0
            self._recent.extend([False] * min(count, self._limit.window))

    def poison(self) -> None:
        """Take note of one message that goes to the dead-letter queue.

        Raises:
            PoisonFlood: when the limit is passed.
        """
        self._run += 1
        self._recent.append(True)
        if self._run > self._limit.max_run:
            raise PoisonFlood(
                f"{self._run:,} messages in a row cannot be processed; nothing of this batch was "
                "committed. Look at the producers, or raise FINGUARD_DEAD_LETTER_MAX_RUN"
            )
        if len(self._recent) < self._limit.window:
            return
        share = sum(self._recent) / self._limit.window
        if share > self._limit.max_ratio:
            raise PoisonFlood(
                f"{share:.0%} of the latest {self._limit.window:,} messages cannot be processed; "
                "nothing of this batch was committed. Look at the producers, or raise "
                "FINGUARD_DEAD_LETTER_MAX_RATIO"
            )
