"""What a run tells of itself: a bar on a terminal, a line every ten seconds elsewhere."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from time import monotonic
from typing import Final, NoReturn

import structlog
from tqdm import tqdm
from tqdm.contrib.logging import logging_redirect_tqdm

from finguard.simulator.sender import Publisher

LINE_EVERY_S: Final = 10.0
BAR_EVERY_S: Final = 0.2


class Progress:
    """Counts what was delivered, and how fast.

    Args:
        publisher: knows the counts.
        bar: shows them; lines are logged where there is none.
    """

    def __init__(self, publisher: Publisher, bar: "tqdm[NoReturn] | None" = None) -> None:
        self._publisher = publisher
        self._bar = bar
        self._log = structlog.get_logger()
        self._every_s = LINE_EVERY_S if bar is None else BAR_EVERY_S
        self._began_s = self._shown_s = monotonic()
        self._shown_delivered = 0

    def tick(self) -> None:
        """Show the counts if it is time to."""
        now_s = monotonic()
        if now_s - self._shown_s >= self._every_s:
            self._show(now_s)

    def finish(self) -> None:
        """Say what the whole run came to."""
        elapsed_s = monotonic() - self._began_s
        if self._bar is not None:
            self._show(monotonic())
            self._bar.close()
        self._line("finished", self._publisher.delivered, elapsed_s)

    def _show(self, now_s: float) -> None:
        delivered = self._publisher.delivered
        if self._bar is None:
            self._line("publishing", delivered - self._shown_delivered, now_s - self._shown_s)
        else:
            self._bar.set_postfix(failed=self._publisher.failed, refresh=False)
            self._bar.update(delivered - self._shown_delivered)
        self._shown_s, self._shown_delivered = now_s, delivered

    def _line(self, event: str, delivered: int, elapsed_s: float) -> None:
        self._log.info(
            event,
            delivered=self._publisher.delivered,
            failed=self._publisher.failed,
            per_second=round(delivered / elapsed_s, 1) if elapsed_s else 0.0,
        )


@contextmanager
def showing_progress(publisher: Publisher, total: Callable[[], int | None]) -> Iterator[Progress]:
    """Progress for the length of a run; it tells the result however the run ends."""
    if not sys.stderr.isatty():
        progress = Progress(publisher)
        try:
            yield progress
        finally:
            progress.finish()
        return
    # Log lines then go above the bar instead of through it.
    with logging_redirect_tqdm(), tqdm(total=total(), unit=" messages", dynamic_ncols=True) as bar:
        progress = Progress(publisher, bar)
        try:
            yield progress
        finally:
            progress.finish()
