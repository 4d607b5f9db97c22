"""The replay of a file as a job for the sender."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Final

import structlog

from finguard.errors import FinGuardError, InvalidMessage
from finguard.simulator.message import Message
from finguard.simulator.replay.mapping import RowMapping
from finguard.simulator.replay.rows import RowFile, open_rows
from finguard.simulator.run import Job

SHOWN_REJECTS: Final = 5


@dataclass(frozen=True, kw_only=True)
class ReplayOptions:
    """What to replay.

    Attributes:
        renamed: the column of each event field that the file calls differently.
        defaults: values for event fields that the file does not have.
        speed: event seconds in one second; 0 for as fast as possible.
        limit: how many messages at most.
    """

    path: Path
    renamed: dict[str, str] = field(default_factory=dict)
    defaults: dict[str, str] = field(default_factory=dict)
    speed: float = 0.0
    limit: int | None = None


class Rejects:
    """Rows that are no transactions: all counted, the first few told."""

    def __init__(self) -> None:
        self.count = 0
        self._log = structlog.get_logger()

    def add(self, number: int, reason: str) -> None:
        """Note one."""
        self.count += 1
        if self.count <= SHOWN_REJECTS:
            self._log.warning("row skipped", row=number, reason=reason)


class Replay:
    """One pass over a file."""

    def __init__(self, options: ReplayOptions, file: RowFile, now_us: int) -> None:
        self._options = options
        self._file = file
        self._mapping = RowMapping(file.columns, options.renamed, options.defaults)
        self._now_us = now_us
        self._rejects = Rejects()
        self._published = 0

    def job(self) -> Job:
        """The pass as the sender takes it."""
        return Job(
            messages=islice(self._messages(), self._options.limit),
            speed=self._options.speed or None,
            total=self._total,
            title="replaying",
            facts={
                "file": str(self._options.path),
                "speed": self._options.speed or "as fast as possible",
                "defaults": self._mapping.defaulted,
            },
            conclude=self._conclude,
        )

    def _messages(self) -> Iterator[Message]:
        for row in self._file.rows(self._mapping.columns):
            if row.problem:
                self._rejects.add(row.number, row.problem)
                continue
            try:
                message = self._mapping.message(row.cells, self._now_us)
            except InvalidMessage as error:
                self._rejects.add(row.number, str(error))
                continue
            self._published += 1
            yield message

    def _total(self) -> int:
        rows, limit = self._file.count(), self._options.limit
        return rows if limit is None else min(rows, limit)

    def _conclude(self) -> None:
        if self._rejects.count:
            structlog.get_logger().warning("rows skipped", count=self._rejects.count)
            if not self._published:
                raise FinGuardError(f"{self._options.path}: not one row could be published")


def replay_job(options: ReplayOptions, now_us: int) -> Job:
    """Open the file and see that its columns fit.

    Args:
        options: what to replay and how.
        now_us: rows later than this, in microseconds since 1970, have not happened yet.

    Raises:
        UnreadableFile: see `open_rows`.
        MappingError: see `RowMapping`.
    """
    return Replay(options, open_rows(options.path), now_us).job()
