"""One run from start to end: publish, write the ground truth, report, stop when told to."""

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from threading import Event
from typing import Final, NamedTuple

import msgspec
import structlog

from finguard.errors import FinGuardError
from finguard.simulator.message import Message
from finguard.simulator.pace import Pace
from finguard.simulator.progress import showing_progress
from finguard.simulator.sender import Publisher, send_all
from finguard.simulator.truth import Label

GIVE_UP_S: Final = 120.0


class Job(NamedTuple):
    """What to publish and how.

    Attributes:
        speed: event seconds in one second of the clock; None for as fast as possible.
        total: tells how many messages there will be, where that is known; asked for a bar only.
        title: what the log calls the job. facts: what it says of it at the start.
        warning: what it warns of then.
        labels: file for the ground truth.
        give_up_s: how long Kafka may stay silent.
        conclude: has the last word when all is published, and may raise.
    """

    messages: Iterator[Message]
    speed: float | None
    total: Callable[[], int | None]
    title: str
    facts: Mapping[str, object]
    warning: str = ""
    labels: Path | None = None
    give_up_s: float = GIVE_UP_S
    conclude: Callable[[], None] = lambda: None


def run(job: Job, publisher: Publisher, stop: Event) -> None:
    """Do a job until it ends or `stop` is set.

    Raises:
        ServiceUnavailable: when a message could not be delivered.
        FinGuardError: when the labels cannot be written, or a file's rows cannot be read.
    """
    log = structlog.get_logger()
    log.info(job.title, **job.facts)
    if job.warning:
        log.warning(job.warning)
    with (
        _labels_file(job.labels) as record,
        showing_progress(publisher, job.total) as progress,
    ):
        pace = Pace(job.speed, clock_us=lambda: time.time_ns() // 1_000, pause=stop.wait)
        try:
            send_all(
                job.messages, publisher, pace=pace, record=record, tick=progress.tick, stop=stop
            )
        finally:
            # Now, so that what is given up is counted as failed in the last line.
            publisher.close()
    job.conclude()


@contextmanager
def _labels_file(path: Path | None) -> Iterator[Callable[[Label], None]]:
    if path is None:
        yield lambda _label: None
        return
    try:
        # Unbuffered, so that the truth can be read while the run goes on.
        file = path.open("wb", buffering=0)
    except OSError as error:
        raise FinGuardError(f"cannot write the labels to {path}: {error.strerror}") from error
    with file:

        def record(label: Label) -> None:
            file.write(msgspec.json.encode(label) + b"\n")

        yield record
