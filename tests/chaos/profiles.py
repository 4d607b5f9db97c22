"""Rows 16 to 19: Redis killed, emptied, set back to an older copy, and full."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

import redis

from tests.chaos.membership import ASSIGNED
from tests.chaos.trial import OUTAGE, OVER, Trial, outage_ends, told
from tests.patience import wait_for

LOST: Final = "Redis has lost profiles"
REBUILDING: Final = "rebuilding profiles"
FULL: Final = "used memory > 'maxmemory'"


def killed(trial: Trial, *, kills: int) -> None:
    """16: SIGKILL and restart with its append-only file, under load."""
    with trial.working() as member:
        for _ in range(kills):
            before = told(member, OVER)
            trial.stack.redis.kill()
            trial.kills += 1
            wait_for(lambda: told(member, OUTAGE) > before, "the detector to notice")  # noqa: B023 - waited for within the turn
            trial.stack.redis.start()
            trial.recover()
            outage_ends(member)
        assert told(member, ASSIGNED) == 1


def emptied(trial: Trial, *, times: int) -> None:
    """17: FLUSHALL under load, and while no detector runs."""
    with trial.working() as member:
        for number in range(times):
            _flush(trial)
            wait_for(lambda: told(member, LOST) > number, "the loss to be noticed")  # noqa: B023 - waited for within the turn
            member.expect_output(REBUILDING)
            trial.recover()
    _flush(trial)
    with trial.member() as successor:
        trial.settle()
        assert REBUILDING in successor.output()


def _flush(trial: Trial) -> None:
    with redis.Redis.from_url(trial.stack.redis_url) as client:
        client.flushall()
    trial.kills += 1


def set_back(trial: Trial) -> None:
    """18: an older copy of its files, put back under a running detector and between two."""
    with TemporaryDirectory() as folder, trial.load():
        copy = Path(folder) / "copy"
        with trial.member() as member:
            trial.site.wait_for_progress()
            with _stopped_redis(trial) as home:
                shutil.copytree(home, copy)
            trial.recover()
            trial.site.wait_for_progress()
            with _stopped_redis(trial) as home:
                _put_back(copy, home)
            trial.kills += 1
            member.expect_output(LOST)
            trial.recover()
        with _stopped_redis(trial) as home:
            _put_back(copy, home)
        trial.kills += 1
        with trial.member() as successor:
            trial.recover()
            assert REBUILDING in successor.output()
    with trial.member():
        trial.settle()


@contextmanager
def _stopped_redis(trial: Trial) -> Iterator[Path]:
    """Its folder, while it is down."""
    with redis.Redis.from_url(trial.stack.redis_url) as client:
        home = Path(client.config_get("dir")["dir"])
    trial.stack.redis.stop()
    try:
        yield home
    finally:
        trial.stack.redis.start()


def _put_back(copy: Path, home: Path) -> None:
    shutil.rmtree(home)
    shutil.copytree(copy, home)


def out_of_memory(trial: Trial, *, times: int) -> None:
    """19: writes are refused until there is room; a Redis that may evict is not worked with."""
    with redis.Redis.from_url(trial.stack.redis_url) as client:
        try:
            with trial.working() as member:
                for _ in range(times):
                    before = told(member, FULL)
                    client.config_set("maxmemory", "100kb")
                    trial.kills += 1
                    wait_for(lambda: told(member, FULL) > before, "the detector to wait")  # noqa: B023 - waited for within the turn
                    client.config_set("maxmemory", 0)
                    trial.recover()
                assert told(member, ASSIGNED) == 1
            client.config_set("maxmemory-policy", "allkeys-lru")
            trial.kills += 1
            trial.refused("maxmemory-policy is allkeys-lru", "noeviction")
        finally:
            client.config_set("maxmemory", 0)
            client.config_set("maxmemory-policy", "noeviction")
