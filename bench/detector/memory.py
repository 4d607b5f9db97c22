"""What the detector and its profiles take of memory."""

import time
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from statistics import fmean, median
from typing import Any, Final

import psutil
import redis
from kafka.admin import KafkaAdminClient

from bench.command import BenchError
from bench.detector.bed import PARTITIONS, Bed, committed_offsets
from bench.detector.systems import FINGUARD, Run, running
from bench.detector.workload import START_US, backlog, natural_world
from detector import policy
from finguard.adapters.redis_profiles import RedisProfiles, connect_redis
from finguard.domain.assess import assess
from finguard.domain.stream import ProfileSave
from finguard.pipeline.held import Change, HeldProfiles
from finguard.settings import Settings
from finguard.simulator.people import DAY_US

SAMPLE_EVERY_S: Final = 0.5
PATIENCE_S: Final = 90.0
FIFTHS: Final = 5

SIMULATED_USERS: Final = 20_000
SIMULATED_DAYS: Final = 6
SAVE_AT_ONCE: Final = 5_000
SETTLED_BYTES: Final = 64 * 1024


def measure_resident(bed: Bed, *, messages: int) -> dict[str, Any]:
    """Sample the detector's resident size over a long backlog, with new users in each fifth."""
    bed.console.line(f"memory: publishing {messages:,} messages")
    topic = bed.new_topic("long")
    file = backlog(bed.folder, messages // FIFTHS)
    bed.publish(topic, file, "--rounds", str(FIFTHS))
    file.unlink()
    total = sum(bed.ends(topic).values())
    with running(bed, FINGUARD, topic) as run:
        samples = _sampled(run, total)
    bed.delete_topics(topic)
    fifths = _by_fifth(samples, total)
    figures = {
        "messages": total,
        "max_mb": round(max(mb for _, mb in samples), 1),
        "fifths_mb": [round(median(fifth), 1) if fifth else None for fifth in fifths],
        "drift_mb": round(median(fifths[-1]) - median(fifths[0]), 1),
    }
    bed.console.line(f"  at most {figures['max_mb']} MB, by fifth {figures['fifths_mb']}")
    return figures


def _by_fifth(samples: list[tuple[int, float]], total: int) -> list[list[float]]:
    fifths: list[list[float]] = [[] for _ in range(FIFTHS)]
    for count, mb in samples:
        fifths[min(FIFTHS - 1, count * FIFTHS // total)].append(mb)
    if not fifths[0] or not fifths[-1]:
        raise BenchError("too few samples; take more messages")
    return fifths


def _sampled(run: Run, total: int) -> list[tuple[int, float]]:
    """Messages judged and megabytes resident, until all is judged."""
    process = psutil.Process(run.pids()[0])
    samples: list[tuple[int, float]] = []
    moved_s = time.monotonic()
    with closing(KafkaAdminClient(**run.bed.kafka)) as admin:
        while not samples or samples[-1][0] < total:
            time.sleep(SAMPLE_EVERY_S)
            run.insist()
            count = sum(committed_offsets(admin, run.group, run.topic).values())
            if not samples or count > samples[-1][0]:
                moved_s = time.monotonic()
            elif time.monotonic() - moved_s > PATIENCE_S:
                raise BenchError(f"FinGuard stands still at {count:,}:\n{run.log_end()}")
            if count:
                samples.append((count, process.memory_info().rss / 1e6))
    return samples


def measure_redis(bed: Bed, *, users: int) -> dict[str, Any]:
    """What Redis holds for so many users, with the histories that two simulated worlds give them.

    Some thousand people live through six days, buying three times a day as in the producer's world,
    or twice as in the Fraud Detection Handbook's. Every purchase is judged and stored by itself, as
    the detector does when users are many, so that pages are as full as they are in life. Each
    profile is then stored for as many other users, under ids of their own.
    """
    found: dict[str, dict[str, Any]] = {}
    for daily in (2, 3):
        bed.console.line(f"memory: {users:,} users in Redis, {daily} purchases a day")
        found[str(daily)] = _measure(bed, users, _typical(min(users, SIMULATED_USERS), daily))
        bed.console.line(
            f"  {found[str(daily)]['bytes_per_user']} bytes a user; a profile remembers "
            f"{found[str(daily)]['transactions_per_profile']} transactions in "
            f"{found[str(daily)]['packed_bytes_per_profile']} bytes"
        )
    return {"users": users, "by_purchases_a_day": found}


def _measure(bed: Bed, users: int, typical: "_Typical") -> dict[str, Any]:
    bed.clear()
    client = connect_redis(bed.stack.redis_url)
    store = RedisProfiles(client, namespace="bench", memory_s=_defaults().memory_s())
    before = _settled(client)
    watermarks: dict[int, int | None] = dict.fromkeys(range(PARTITIONS))
    for number, batch in enumerate(_batches(typical.pages, users)):
        partition = number % PARTITIONS
        for pages in batch:
            mark = (watermarks[partition] or 0) + 1
            if refused := store.save([ProfileSave(partition, watermarks[partition], mark, pages)]):
                raise BenchError(f"Redis refused a save: {refused}")
            watermarks[partition] = mark
    after = _settled(client)
    bed.clear()
    return {
        "bytes_per_user": round((after - before) / users, 1),
        "distinct_profiles": len(typical.pages),
        "transactions_per_profile": round(typical.remembered, 2),
        "pages_per_profile": round(fmean(map(len, typical.pages)), 2),
        "packed_bytes_per_profile": round(
            fmean(sum(map(len, pages)) for pages in typical.pages), 1
        ),
    }


def _defaults() -> Settings:
    """The settings that no environment and no `.env` has changed."""
    return Settings.model_construct()


@dataclass(frozen=True)
class _Typical:
    """Pages of some users, and how many transactions their profiles remember on average."""

    pages: list[list[bytes]]
    remembered: float


def _typical(users: int, daily: int) -> _Typical:
    judging = policy(_defaults())
    held = HeldProfiles(judging.history, max_transactions=10**9)
    pages: dict[str, list[bytes]] = {}
    for event in natural_world(users, daily=daily):
        transaction, user = event.transaction, event.transaction.user_id
        if transaction.time_us >= START_US + SIMULATED_DAYS * DAY_US:
            break
        before = held.of({0: [user]})[0][user]
        judged = assess(transaction, before, judging.rules, judging.history)
        if judged.remembered is None:
            continue
        change = Change(judged.profile, [], [])
        track = change.in_person if transaction.channel == "in_person" else change.online
        track.append(judged.remembered)
        save = held.change(0, {user: change}, expected=None, watermark=0)
        pages.setdefault(user, []).extend(save.added.values())
        pages.update({name: [page] for name, page in save.rewritten.items()})
    profiles = held.of({0: list(pages)})[0].values()
    return _Typical(list(pages.values()), fmean(profile.size for profile in profiles))


def _batches(pages: list[list[bytes]], users: int) -> Iterator[list[dict[str, bytes]]]:
    """So many users at a time: their first pages, then their second ones, and so on."""
    for first in range(0, users, SAVE_AT_ONCE):
        stored = {
            f"user-{number % 0xFFFFFF:06x}-{number % 100_000:05d}": pages[number % len(pages)]
            for number in range(first, min(users, first + SAVE_AT_ONCE))
        }
        yield [
            {user: of[turn] for user, of in stored.items() if turn < len(of)}
            for turn in range(max(map(len, stored.values())))
        ]


def _settled(client: "redis.Redis") -> int:
    """Used memory once Redis has written its file and grown its tables."""
    latest = -1
    while True:
        memory = _info(client, "memory")["used_memory"]
        busy = _info(client, "persistence")["aof_rewrite_in_progress"]
        if not busy and abs(memory - latest) < SETTLED_BYTES:
            return memory
        latest = memory
        time.sleep(1)


def _info(client: "redis.Redis", section: str) -> dict[str, int]:
    found: Any = client.info(section)
    return dict(found)
