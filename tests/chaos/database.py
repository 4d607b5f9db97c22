"""Rows 12 to 15: PostgreSQL restarted, frozen, full, and at odds with itself."""

import os
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from tests.chaos.membership import ASSIGNED
from tests.chaos.trial import OUTAGE, OVER, Trial, outage_ends, told
from tests.patience import wait_for

_REFUSING: Final = """
CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION 'refused by a test' USING ERRCODE = TG_ARGV[0];
END $$;
"""
_REFUSE: Final = """
CREATE TRIGGER refusing BEFORE INSERT ON {table}
FOR EACH STATEMENT EXECUTE FUNCTION refuse('{code}')
"""


def restarted(trial: Trial, *, restarts: int) -> None:
    """12: immediate shutdowns, as `pg_ctl -m immediate` asks for, and SIGKILL, in turn."""
    with trial.working() as member:
        for number in range(restarts):
            before = told(member, OVER)
            if number % 2 == 0:
                _shut_down_at_once(trial)
            else:
                trial.stack.postgres.kill()
            trial.kills += 1
            wait_for(lambda: told(member, OUTAGE) > before, "the detector to notice")  # noqa: B023 - waited for within the turn
            trial.stack.postgres.start()
            trial.recover()
            outage_ends(member)
        assert told(member, ASSIGNED) == 1


def _shut_down_at_once(trial: Trial) -> None:
    server = trial.stack.postgres
    assert server.pid is not None
    os.kill(server.pid, signal.SIGQUIT)
    wait_for(lambda: server.pid is None, "PostgreSQL to end")


def frozen(trial: Trial, *, frozen_s: float) -> None:
    """13: the server stops answering; the detector times out, waits, and stays in the group."""
    with trial.working() as member:
        trial.stack.postgres.freeze()
        trial.kills += 1
        try:
            began_s = time.monotonic()
            member.expect_output(OUTAGE)
            time.sleep(max(0.0, frozen_s - (time.monotonic() - began_s)))
        finally:
            trial.stack.postgres.thaw()
        trial.recover()
        member.expect_output(OVER)
        assert told(member, ASSIGNED) == 1


def full(trial: Trial, *, waits: int) -> None:
    """14: every write answers "no space left" (53100) for a while."""
    trial.site.execute(_REFUSING)
    with trial.working() as member:
        before = told(member, OVER)
        with _refusing(trial, "53100", "transactions_per_hour"):
            wait_for(lambda: told(member, OUTAGE) > before, "the detector to wait")
            trial.kills += 1
            _let_it_retry(trial, waits)
        trial.recover()
        outage_ends(member)
        assert told(member, ASSIGNED) == 1


def at_odds(trial: Trial, *, rounds: int) -> None:
    """15: serialization failures and deadlocks, in the batch and while partitions are claimed."""
    trial.site.execute(_REFUSING)
    with trial.working() as member:
        for _ in range(rounds):
            for code in ("40001", "40P01"):
                before = told(member, OUTAGE)
                with _refusing(trial, code, "transactions_per_hour"):
                    wait_for(lambda: told(member, OUTAGE) > before, "a retry")  # noqa: B023 - waited for within the turn
                    trial.kills += 1
                trial.recover()
        assert told(member, ASSIGNED) == 1
    with trial.member() as late:
        with _refusing(trial, "40P01", "progress"):
            late.expect_output(OUTAGE)
            trial.kills += 1
        trial.settle()


@contextmanager
def _refusing(trial: Trial, code: str, table: str) -> Iterator[None]:
    trial.site.execute(_REFUSE.format(code=code, table=table))
    try:
        yield
    finally:
        trial.site.execute(f"DROP TRIGGER refusing ON {table}")


def _let_it_retry(trial: Trial, times: int) -> None:
    """Wait until transactions have failed so often."""

    def rolled_back() -> int:
        rows = trial.site.query(
            "SELECT xact_rollback FROM pg_stat_database WHERE datname = current_database()"
        )
        return int(rows[0][0])

    before = rolled_back()
    wait_for(lambda: rolled_back() >= before + times, f"{times} retries")
