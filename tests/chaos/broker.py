"""Rows 9 to 11: Kafka killed, frozen, and away for long while producers go on."""

import time
from typing import Final

import psutil

from tests.acceptance.programs import Program
from tests.chaos.trial import Trial

AWAY: Final = "Kafka is unreachable; waiting"
MAX_GROWTH_BYTES: Final = 64 * 1024 * 1024


def killed(trial: Trial, *, kills: int) -> None:
    """9: SIGKILL and restart under load, again and again."""
    with trial.working() as member:
        for _ in range(kills):
            trial.stack.kafka.kill()
            trial.kills += 1
            trial.stack.kafka.start()
            trial.recover()
            trial.site.wait_for_progress()
        assert member.alive


def frozen(trial: Trial, *, frozen_s: float) -> None:
    """10: the broker stops answering with all connections open."""
    with trial.working() as member:
        trial.stack.kafka.freeze()
        trial.kills += 1
        try:
            time.sleep(frozen_s)
        finally:
            trial.stack.kafka.thaw()
        trial.recover()
        trial.site.wait_for_progress()
        assert member.alive


def away_while_producing(trial: Trial, *, away_s: float, rate: int) -> None:
    """11: the producer waits with bounded memory, says so once, and loses nothing."""
    with trial.member() as member:
        with trial.load(rate=rate) as producer:
            trial.site.wait_for_progress()
            before = _resident_bytes(producer)
            trial.stack.kafka.kill()
            trial.kills += 1
            producer.expect_output(AWAY)
            largest = _largest_resident_bytes(producer, away_s)
            assert producer.alive, producer.output()
            assert largest - before < MAX_GROWTH_BYTES, f"grew from {before} to {largest} bytes"
            trial.stack.kafka.start()
            trial.recover()
            producer.expect_output("Kafka is back")
            assert producer.output().count(AWAY) == 1
            assert member.alive
        trial.settle()


def _largest_resident_bytes(program: Program, duration_s: float) -> int:
    until_s = time.monotonic() + duration_s
    largest = 0
    while time.monotonic() < until_s:
        largest = max(largest, _resident_bytes(program))
        time.sleep(0.5)
    return largest


def _resident_bytes(program: Program) -> int:
    resident: int = psutil.Process(program.pid).memory_info().rss
    return resident
