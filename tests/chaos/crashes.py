"""Rows 1 to 5: detectors that die between two steps, within one, anywhere, or in an orderly way."""

import signal
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from random import Random
from typing import Final

import psycopg2

from tests.acceptance.programs import Program
from tests.chaos.trial import QUICK_SESSIONS, Trial
from tests.patience import wait_for

_GATE: Final = """
CREATE FUNCTION wait_at_gate() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  PERFORM pg_advisory_xact_lock_shared(1);
  RETURN NULL;
END $$;
CREATE TRIGGER gate AFTER INSERT ON transactions_per_hour
FOR EACH STATEMENT EXECUTE FUNCTION wait_at_gate();
"""

_AT_GATE: Final = """
SELECT 1 FROM pg_locks JOIN pg_database ON pg_database.oid = database
WHERE datname = current_database() AND locktype = 'advisory' AND NOT granted
"""


def after_postgres(trial: Trial, *, messages: int, batch: int) -> None:
    """1: killed after PostgreSQL's commit, before Redis."""
    _crash_until_done(trial, "ledger.record:after:1:kill", messages, batch)


def before_commit(trial: Trial, *, messages: int, batch: int) -> None:
    """2: killed after Redis, before Kafka's commit."""
    _crash_until_done(trial, "profiles.save:after:1:kill", messages, batch)


def _crash_until_done(trial: Trial, rig: str, messages: int, batch: int) -> None:
    """Each detector dies at its first batch, until nothing new is left to die of."""
    trial.fill(messages)
    env = {"FINGUARD_BATCH_MAX_RECORDS": str(batch)}
    while (before := trial.site.progress()) < messages:
        with trial.member(rig, env={**QUICK_SESSIONS, **env}) as member:
            member.expect_exit(-signal.SIGKILL)
        trial.kills += 1
        assert trial.site.progress() > before
    with trial.member(env=env):
        trial.settle()


def within_postgres(trial: Trial, *, kills: int) -> None:
    """3: killed with all rows written and the transaction open; its successor is there at once."""
    trial.site.execute(_GATE)
    for _ in range(kills):
        trial.fill(1_000)
        before = trial.site.progress()
        with ExitStack() as running:
            with _shut_gate(trial):
                victim = running.enter_context(trial.member(env=QUICK_SESSIONS))
                wait_for(lambda: bool(trial.site.query(_AT_GATE)), "a transaction at the gate")
                trial.kill(victim)
                successor = running.enter_context(trial.member())
                successor.expect_output("partitions assigned")
                assert trial.site.progress() == before
            trial.recover()


@contextmanager
def _shut_gate(trial: Trial) -> Iterator[None]:
    session = psycopg2.connect(trial.site.database)
    try:
        with session.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_lock(1)")
            yield
    finally:
        session.close()


def at_random(trial: Trial, *, kills: int, shortest_s: float, longest_s: float) -> None:
    """4: SIGKILL at random moments, also while it still starts."""
    random = Random(4)  # noqa: S311 - moments to die, no secret
    with trial.load():
        for _ in range(kills):
            with trial.member(env=QUICK_SESSIONS) as member:
                time.sleep(random.uniform(shortest_s, longest_s))
                trial.kill(member)
        with trial.member():
            trial.recover()
    with trial.member():
        trial.settle()


def orderly_stop(trial: Trial, *, stops: int, within_s: float) -> None:
    """5: SIGTERM under load; the successor finds everything committed and nothing to repeat."""
    with trial.load():
        for _ in range(stops):
            with trial.member() as member:
                trial.site.wait_for_progress()
                _stop(member, within_s)
                trial.kills += 1
            trial.expect_level()
    with trial.member() as successor:
        trial.settle()
        assert "rebuilding" not in successor.output()


def _stop(member: Program, within_s: float) -> None:
    began_s = time.monotonic()
    member.terminate()
    member.expect_exit(0)
    took_s = time.monotonic() - began_s
    assert took_s < within_s, f"took {took_s:.1f} s to stop"
