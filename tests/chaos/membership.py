"""Rows 6 to 8: members that come and go, wake up as zombies, or take too long."""

import signal
from collections.abc import Sequence
from contextlib import ExitStack
from typing import Final

from tests.acceptance.programs import Program
from tests.chaos.rigged_detector import DAWDLED
from tests.chaos.trial import QUICK_SESSIONS, Trial, told, wait_until_frozen
from tests.patience import wait_for

OVERTAKEN: Final = "another member took over"
ASSIGNED: Final = "partitions assigned"
FREEZES: Final = ("ledger.record:before", "ledger.record:after", "profiles.save:after")
"""Before PostgreSQL, between it and Redis, and between Redis and Kafka's commit."""

DAWDLING: Final = "ledger.record:before:3:dawdle"
SLOW: Final = {"FINGUARD_MAX_POLL_INTERVAL_MS": "5000", "FINGUARD_SESSION_TIMEOUT_MS": "5000"}


def one_three_one(trial: Trial, *, rounds: int) -> None:
    """6: two members join under load, one leaves and one dies, and the first has it all again."""
    with trial.working() as first:
        for _ in range(rounds):
            with trial.member() as second, trial.member(env=QUICK_SESSIONS) as third:
                wait_for(lambda: _is_shared(first, second, third), "three members to share")
                second.terminate()
                second.expect_exit(0)
                trial.kill(third)
            trial.recover()


def _is_shared(*members: Program) -> bool:
    """Whether each member now owns some of the partitions, and not all."""
    last = [_last_assignment(member) for member in members]
    return all(last) and sorted(",".join(last).split(",")) == sorted("012345")


def _last_assignment(member: Program) -> str:
    lines = [line for line in member.output().splitlines() if ASSIGNED in line]
    return lines[-1].partition("=[")[2].partition("]")[0].replace(" ", "") if lines else ""


def zombie(trial: Trial, *, points: int, anywhere: int) -> None:
    """7: frozen until others have taken over, then thawed, at chosen points and at any."""
    for point in FREEZES[:points]:
        _freeze(trial, f"{point}:3:freeze")
    for _ in range(anywhere):
        _freeze(trial)


def _freeze(trial: Trial, *rigs: str) -> None:
    with trial.member(*rigs, env=QUICK_SESSIONS) as sleeper:
        with trial.load():
            if not rigs:
                trial.site.wait_for_progress()
                sleeper.terminate(signal.SIGSTOP)
            wait_until_frozen(sleeper)
            trial.kills += 1
            before = told(sleeper, ASSIGNED)
            with trial.member() as heir:
                heir.expect_output(ASSIGNED)
                trial.site.wait_for_progress()
                sleeper.terminate(signal.SIGCONT)
                wait_for(lambda: told(sleeper, ASSIGNED) > before, "the zombie to join again")
                if rigs and "before" in rigs[0]:
                    assert OVERTAKEN in sleeper.output(), sleeper.output()
                trial.recover()
        trial.settle()


def too_slow(trial: Trial, *, heirs: Sequence[bool]) -> None:
    """8: a batch takes longer than the poll interval, alone and with others to take over."""
    for with_heir in heirs:
        with trial.member(DAWDLING, env=SLOW) as slow:
            with trial.load(), ExitStack() as others:
                if with_heir:
                    others.enter_context(trial.member())
                slow.expect_output(DAWDLED)
                trial.kills += 1
                wait_for(lambda: _joined_anew(slow), "the slow one to join again")
                trial.recover()
            trial.settle()


def _joined_anew(slow: Program) -> bool:
    return ASSIGNED in slow.output().partition(DAWDLED)[2]
