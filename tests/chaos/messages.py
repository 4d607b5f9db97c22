"""Rows 22 to 25: what producers send: copies, late ones, giants, nothing but poison."""

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import sha256
from random import Random
from typing import Any, Final

from kafka.admin import ConfigResource, KafkaAdminClient

from finguard.adapters.kafka.connection import DEAD_LETTER_MAX_BYTES
from finguard.domain.profile import Profile, decode_profile
from finguard.domain.stream import Record
from finguard.settings import load_settings
from finguard.simulator.message import Message
from finguard.simulator.simulation import SimulationOptions, simulation_job
from tests.acceptance.programs import judge_in_memory, oracle_effects
from tests.chaos.comparison import Log, patient_policy
from tests.chaos.trial import QUICK_SESSIONS, Trial

USERS: Final = 100
COPIES_WITHIN: Final = 8
"""A copy comes at most so many messages later: a profile surely still knows its original."""

LATEST_S: Final = 48 * 3600
FLOOD: Final = 1_500


def sent_twice(trial: Trial, *, messages: int) -> None:
    """22: a third of all messages again, soon after, with a crash in between."""
    random = Random(22)  # noqa: S311 - a repeatable world, no secret
    originals = world(messages, seed=22)
    copies = [
        (number + random.randint(1, COPIES_WITHIN), message)
        for number, message in enumerate(originals)
        if random.random() < 1 / 3
    ]
    both = sorted([*enumerate(originals), *copies], key=lambda pair: pair[0])
    trial.publish([message for _, message in both])
    env = {"FINGUARD_BATCH_MAX_RECORDS": str(messages // 4)}
    with trial.member(env={**QUICK_SESSIONS, **env}) as member:
        trial.site.wait_for_progress()
        trial.kill(member)
    with trial.member(env=env):
        trial.settle()
    once = _without_copies(trial.site.records())
    assert trial.site.effects() == oracle_effects(once, patient_policy())


def _without_copies(log: Log) -> Log:
    seen: set[bytes | None] = set()
    kept: dict[int, list[Any]] = {partition: [] for partition in log}
    for partition, records in log.items():
        for record in records:
            if record.value not in seen:
                seen.add(record.value)
                kept[partition].append(record)
    return kept


def shuffled_and_late(trial: Trial, *, messages: int) -> None:
    """23: up to 48 hours late, so in no order: profiles as in order, no journey back in time."""
    random = Random(23)  # noqa: S311 - a repeatable world, no secret
    in_order = world(messages, seed=23)
    delays_us = [
        random.uniform(0, LATEST_S) * 1e6 if random.random() < 0.5 else 0.0 for _ in in_order
    ]
    late = sorted(zip(delays_us, in_order, strict=True), key=lambda pair: pair[1].time_us + pair[0])
    trial.publish([message for _, message in late])
    with trial.member():
        trial.settle()
    journeys = [
        journey
        for (evidence,) in trial.site.query(
            "SELECT evidence FROM alerts WHERE rule = 'impossible_travel'"
        )
        for journey in evidence["journeys"]
    ]
    assert journeys
    assert all(journey["elapsed_s"] >= 0 for journey in journeys)
    assert all((journey["speed_kmh"] or 0) >= 0 for journey in journeys)
    arrived = trial.site.records()
    assert _memories(arrived) == _memories(_in_event_order(arrived))


def _in_event_order(log: Log) -> Log:
    """The same records as they would have come without any delay."""
    ordered: dict[int, list[Any]] = {}
    for partition, records in log.items():
        by_time = sorted(records, key=lambda record: json.loads(record.value or b"")["timestamp"])
        ordered[partition] = [
            Record(record.topic, partition, number, record.timestamp, record.key, record.value)
            for number, record in enumerate(by_time)
        ]
    return ordered


def _memories(log: Log) -> dict[str, tuple[list[str], list[str]]]:
    """Which transactions each user's profile remembers in the end, in which order."""
    _, profiles = judge_in_memory(log, patient_policy())
    found: dict[str, Profile] = {
        user: decode_profile(pages, load_settings().history())[0]
        for pages_by_user in profiles.pages.values()
        for user, pages in pages_by_user.items()
    }
    return {
        user: (
            [past.transaction_id for past in profile.in_person],
            [past.transaction_id for past in profile.online],
        )
        for user, profile in found.items()
    }


def giants(trial: Trial, *, messages: int) -> None:
    """24: poison near the broker's limit is cut; where even that does not fit, nothing goes on."""
    good = world(messages, seed=24)
    half = messages // 2
    giant = Message(b"user-of-a-giant", b"x" * 1_000_000, good[half].time_us)
    trial.publish([*good[:half], giant, *good[half:]])
    with _limit_of_dead_letters(trial, 100_000):
        trial.refused("max.message.bytes")
        trial.kills += 1
        assert not trial.site.query("SELECT 1 FROM dead_letters")
    with trial.member():
        trial.settle()
    (letter,) = (
        letter
        for letters in trial.site.records(trial.site.dead_letter_topic).values()
        for letter in letters
        if letter.key == giant.key
    )
    headers = dict(letter.headers)
    assert headers["dlq.original.size"] == b"1000000"
    assert headers["dlq.original.sha256"] == sha256(giant.value or b"").hexdigest().encode()
    assert letter.value == (giant.value or b"")[: len(letter.value or b"")]


@contextmanager
def _limit_of_dead_letters(trial: Trial, limit_bytes: int) -> Iterator[None]:
    _configure(trial, limit_bytes)
    yield
    _configure(trial, DEAD_LETTER_MAX_BYTES)


def flood(trial: Trial, *, messages: int) -> None:
    """25: nothing but poison; the detector stops before it has buried what it cannot judge."""
    good = world(messages, seed=25)
    poison = [Message(m.key, b"not a transaction", m.time_us) for m in world(FLOOD, seed=26)]
    trial.publish(good)
    with trial.member():
        trial.settle()
    trial.publish(poison)
    trial.kills += 1
    trial.refused("cannot be processed", "nothing of this batch was committed")
    assert trial.site.progress() == messages
    assert not trial.site.query("SELECT 1 FROM dead_letters")
    assert not any(trial.site.records(trial.site.dead_letter_topic).values())
    believed = {
        "FINGUARD_DEAD_LETTER_MAX_RUN": str(10 * FLOOD),
        "FINGUARD_DEAD_LETTER_MAX_RATIO": "1",
    }
    trial.recovery_s = None
    with trial.member(env=believed):
        trial.settle()


def world(messages: int, *, seed: int) -> list[Message]:
    """Good transactions with fraud among them, the last of them just now."""
    options = SimulationOptions(
        seed=seed, rate=0, users=USERS, limit=messages, fraud_rate=0.1, poison_rate=0
    )
    return list(simulation_job(options, time.time_ns() // 1_000).messages)


def _configure(trial: Trial, limit_bytes: int) -> None:
    admin = KafkaAdminClient(**trial.site.kafka)
    topic = ConfigResource(
        "TOPIC", trial.site.dead_letter_topic, {"max.message.bytes": str(limit_bytes)}
    )
    try:
        admin.alter_configs([topic])
    finally:
        admin.close()
