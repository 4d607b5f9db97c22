"""How long after Kafka took a transaction its alert is to be seen in PostgreSQL.

Measured from the row's own `published_at`, which is the broker's clock, and by somebody who looks
into the table every two milliseconds and notes by the same machine's clock when a row was there.
The row's `detected_at` would not do, since it is taken before the commit; neither would the
commit's own timestamp, which PostgreSQL takes before it waits for the disk. So what is said here is
never too short; it is up to a millisecond too long, since Kafka's clock is no finer, and up to one
look.
"""

import time
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

import psycopg2

from bench.command import BenchError
from bench.detector.bed import Bed, Publishing
from bench.detector.systems import FINGUARD, Run, running
from bench.detector.workload import live
from bench.figures import at, percentiles

RATES: Final = (2_000, 10_000)
WARM_UP_S: Final = 10
COOL_DOWN_S: Final = 2
"""Published on top, so that nobody has to ask Kafka for the end while what counts is watched."""
LOOK_EVERY_S: Final = 0.002
DRAIN_WITHIN_S: Final = 60.0
READY_WITHIN_S: Final = 60.0
_NEW_ROWS: Final = """
SELECT alert_id, published_at, occurred_at FROM alerts WHERE alert_id > %s ORDER BY alert_id
"""


@dataclass(frozen=True)
class Sighting:
    """An alert's row, and when it was first to be seen, in seconds since 1970."""

    published_s: float
    due_s: float
    seen_s: float


def measure_latency(bed: Bed, *, seconds: int) -> dict[str, Any]:
    """Both rates, each with its own topic, users and database."""
    return {str(rate): _measured(bed, rate, seconds) for rate in RATES}


def _measured(bed: Bed, rate: int, seconds: int) -> dict[str, Any]:
    bed.console.line(f"latency: {rate:,} transactions a second for {WARM_UP_S} + {seconds} s")
    topic = bed.new_topic("live")
    file = live(bed.folder, rate, WARM_UP_S + seconds + COOL_DOWN_S)
    with running(bed, FINGUARD, topic) as run:
        _await_claims(run)
        publishing = bed.start_publishing(topic, file, "--paced")
        try:
            sightings = _watch(run, publishing)
        finally:
            publishing.stop()
        told = publishing.result()
    bed.delete_topics(topic)
    file.unlink()
    begin_s = told["start_s"] + WARM_UP_S
    kept = [each for each in sightings if begin_s <= each.published_s < begin_s + seconds]
    if not kept:
        raise BenchError("no alert was raised after the warm-up; measure for longer")
    visible_ms = sorted(1000 * (each.seen_s - each.published_s) for each in kept)
    figures = {
        **percentiles(visible_ms),
        "alerts": len(kept),
        "from_due": percentiles(sorted(1000 * (each.seen_s - each.due_s) for each in kept)),
        "publisher_behind_p99": round(told["behind_p99_ms"], 1),
        "publisher_behind_max": round(told["behind_max_ms"], 1),
        "curve": [round(at(visible_ms, step / 200), 2) for step in range(201)],
    }
    bed.console.line(
        f"  p50 {figures['p50']} ms, p99 {figures['p99']} ms, max {figures['max']} ms over "
        f"{len(kept):,} alerts; publisher at most {figures['publisher_behind_max']} ms behind"
    )
    return figures


def _await_claims(run: Run) -> None:
    """Wait until the detector owns every partition."""
    deadline_s = time.monotonic() + READY_WITHIN_S
    while time.monotonic() < deadline_s:
        run.insist()
        try:
            ((claimed,),) = run.bed.execute(run.database, "SELECT count(*) FROM progress")
        except psycopg2.errors.UndefinedTable:
            claimed = 0
        if claimed:  # all in one transaction
            return
        time.sleep(0.2)
    raise BenchError(f"the detector took no partition:\n{run.log_end()}")


def _watch(run: Run, publishing: Publishing) -> list[Sighting]:
    """Look for new rows until all that was published has been judged."""
    found: list[Sighting] = []
    latest = 0
    deadline_s = None
    with closing(psycopg2.connect(run.database)) as connection:
        connection.autocommit = True
        with connection.cursor() as cursor:
            while deadline_s is None or not _is_judged(run, deadline_s):
                cursor.execute(_NEW_ROWS, (latest,))
                rows = cursor.fetchall()
                seen_s = time.time()
                for alert_id, published, due in rows:
                    latest = alert_id
                    found.append(Sighting(_seconds(published), _seconds(due), seen_s))
                if deadline_s is None and publishing.is_over:
                    deadline_s = time.monotonic() + DRAIN_WITHIN_S
                time.sleep(LOOK_EVERY_S)
    return found


def _is_judged(run: Run, deadline_s: float) -> bool:
    """Whether everything is judged; raise `BenchError` when it is not in time."""
    run.insist()
    judged, ends = run.bed.committed(run.group, run.topic), run.bed.ends(run.topic)
    if judged == ends:
        return True
    if time.monotonic() > deadline_s:
        raise BenchError(f"{sum(judged.values()):,} of {sum(ends.values()):,} were judged in time")
    return False


def _seconds(moment: datetime) -> float:
    return moment.timestamp()
