"""Counts what the detector has done and says so now and then."""

from collections.abc import Callable
from typing import Final

import structlog

from finguard.pipeline.batch import Judgement

_log = structlog.get_logger()

REPORT_EVERY_S: Final = 10.0


class Tally:
    """Totals since the last report; silent while nothing happens."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._since_s = clock()
        self._transactions = self._alerts = self._dead_letters = 0

    def add(self, judged: Judgement) -> None:
        """Count a batch that has had all its effects."""
        effects = judged.effects
        self._transactions += sum(effects.transactions.values())
        self._alerts += len(effects.alerts)
        self._dead_letters += len(effects.dead_letters)

    def report_when_due(self) -> None:
        """Report if the last report is long enough ago."""
        if self._clock() - self._since_s >= REPORT_EVERY_S:
            self.report()

    def report(self) -> None:
        """Write one log line and begin anew."""
        elapsed_s = self._clock() - self._since_s
        if self._transactions or self._dead_letters:
            _log.info(
                "judged",
                transactions=self._transactions,
                per_second=round(self._transactions / max(elapsed_s, 1e-9), 1),
                alerts=self._alerts,
                dead_letters=self._dead_letters,
            )
        self._since_s = self._clock()
        self._transactions = self._alerts = self._dead_letters = 0
