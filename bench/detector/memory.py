"""What the detector and its profiles take of memory."""

import time
from collections.abc import Iterator
from contextlib import closing
from statistics import median
from typing import Any, Final

import psutil
import redis
from kafka.admin import KafkaAdminClient

from bench.detector.bed import PARTITIONS, Bed, BenchError, committed_offsets
from bench.detector.systems import FINGUARD, Run, running
from bench.detector.workload import START_US, backlog, natural_world
from detector import policy
from finguard.adapters.redis_profiles import RedisProfiles, connect_redis
from finguard.domain.assess import assess
from finguard.domain.profile import Profile, encode_profile
from finguard.domain.stream import ProfileSave
from finguard.settings import Settings
from finguard.simulator.people import DAY_US

SAMPLE_EVERY_S: Final = 0.5
PATIENCE_S: Final = 90.0
FIFTHS: Final = 5

SIMULATED_USERS: Final = 20_000
SIMULATED_DAYS: Final = 5
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
    """What Redis holds for so many users with the histories that the simulated world gives them.

    Some thousand people live through five days of three purchases a day, and `assess` folds what
    they buy. Each profile, as it is after its user's last purchase, is then stored for as many
    other users, under ids of their own, by the detector's own adapter.
    """
    bed.console.line(f"memory: {users:,} users in Redis")
    typical = _typical_profiles(min(users, SIMULATED_USERS))
    remembered = [len(profile.in_person) + len(profile.online) for profile in typical]
    packed = [encode_profile(profile) for profile in typical]
    bed.clear()
    client = connect_redis(bed.stack.redis_url)
    settings = _defaults()
    store = RedisProfiles(client, namespace="bench", memory_s=settings.memory_s())
    before = _settled(client)
    watermarks: dict[int, int | None] = dict.fromkeys(range(PARTITIONS))
    for number, batch in enumerate(_batches(packed, users)):
        partition = number % PARTITIONS
        refused = store.save([ProfileSave(partition, watermarks[partition], number, batch)])
        if refused:
            raise BenchError(f"Redis refused a save: {refused}")
        watermarks[partition] = number
    after = _settled(client)
    bed.clear()
    figures = {
        "users": users,
        "bytes_per_user": round((after - before) / users, 1),
        "distinct_profiles": len(typical),
        "transactions_per_profile": round(sum(remembered) / len(remembered), 2),
        "packed_bytes_per_profile": round(sum(map(len, packed)) / len(packed), 1),
    }
    bed.console.line(
        f"  {figures['bytes_per_user']} bytes a user; a profile remembers "
        f"{figures['transactions_per_profile']} transactions in "
        f"{figures['packed_bytes_per_profile']} bytes"
    )
    return figures


def _defaults() -> Settings:
    """The settings that no environment and no `.env` has changed."""
    return Settings.model_construct()


def _typical_profiles(users: int) -> list[Profile]:
    judging = policy(_defaults())
    profiles: dict[str, Profile] = {}
    for event in natural_world(users):
        transaction = event.transaction
        if transaction.time_us >= START_US + SIMULATED_DAYS * DAY_US:
            break
        before = profiles.get(transaction.user_id) or Profile()
        profiles[transaction.user_id] = assess(
            transaction, before, judging.rules, judging.history
        ).profile
    return list(profiles.values())


def _batches(packed: list[bytes], users: int) -> Iterator[dict[str, bytes]]:
    for first in range(0, users, SAVE_AT_ONCE):
        yield {
            f"user-{number % 0xFFFFFF:06x}-{number % 100_000:05d}": packed[number % len(packed)]
            for number in range(first, min(users, first + SAVE_AT_ONCE))
        }


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
