"""A small topic in memory, the oracle's answer to it, and ports that fail on demand."""

from collections.abc import Callable, Sequence
from random import Random
from typing import Any

from finguard.adapters.memory import (
    MemoryDeadLetters,
    MemoryLedger,
    MemoryProfiles,
    MemorySource,
)
from finguard.domain.profile import History, Profile, decode_profile
from finguard.domain.rules import RuleLimits, rules
from finguard.domain.stream import Record, TopicIdentity
from finguard.domain.verdict import Rule
from finguard.pipeline.dead_letter_limit import DeadLetterLimit
from finguard.pipeline.detector import Detector, Policy
from finguard.pipeline.ports import Ports

TOPIC = TopicIdentity("transactions", "id-1", 3)
NONE_HELD, SOME_HELD, ALL_HELD = 0, 40, 200_000
"""Transactions in profiles held in memory: a batch reads all profiles anew, some, or hardly any."""

START_MS = 1_767_225_600_000
PLACES = [("Istanbul", "TR", 41.01, 28.95), ("New York", "US", 40.71, -74.01)]

Log = dict[int, list[Record]]
Answer = tuple[Any, ...]


def topic(count: int = 300, seed: int = 7) -> Log:
    """Transactions of a few users with travel, large amounts, bursts, copies and poison."""
    random = Random(seed)  # noqa: S311 - a repeatable world, no secret
    log: Log = {partition: [] for partition in range(TOPIC.partitions)}
    sent: list[tuple[int, bytes, bytes]] = []
    for number in range(count):
        if sent and random.random() < 0.05:
            partition, key, value = random.choice(sent)
        else:
            user = random.randrange(9)
            partition, key = user % TOPIC.partitions, f"user-{user}".encode()
            value = _event(random, number, user)
        sent.append((partition, key, value))
        log[partition].append(
            Record("transactions", partition, len(log[partition]), START_MS, key, value)
        )
    return log


def _event(random: Random, number: int, user: int) -> bytes:
    if random.random() < 0.03:
        return b'{"amount": NaN}'
    city, country, lat, lon = PLACES[random.random() < 0.1]
    amount = 20_000 if random.random() < 0.05 else random.randrange(1, 100)
    second = number // 3 + random.randrange(-5, 5) - 3_600
    moment = f"2025-12-31T{23 + second // 3600:02d}:{second % 3600 // 60:02d}:{second % 60:02d}Z"
    channel = random.choice(["in_person", "online"])
    return (
        f'{{"transaction_id":"t{number}","user_id":"user-{user}","amount":{amount},'
        f'"currency":"USD","merchant":"m","category":"c","channel":"{channel}","city":"{city}",'
        f'"country":"{country}","lat":{lat},"lon":{lon},"timestamp":"{moment}"}}'
    ).encode()


class World:
    """A topic with everything that detection writes; detectors come and go, this stays."""

    def __init__(self, log: Log) -> None:
        self.log = log
        self.ledger = MemoryLedger()
        self.profiles = MemoryProfiles()
        self.dead_letters = MemoryDeadLetters()

    def answer(self) -> Answer:
        """All effects, comparable: alerts, dead letters, counters, profiles, progress."""
        return (
            {key: (a.finding, a.incident_id, a.offset) for key, a in self.ledger.alerts.items()},
            {place: (d.stage, d.reason) for place, d in self.ledger.dead_letters.items()},
            {(d.record.partition, d.record.offset) for d in self.dead_letters.letters},
            self.ledger.transactions,
            self.histories(),
            self.profiles.watermarks,
            {partition: claim.next_offset for partition, claim in self.ledger.claims.items()},
        )

    def histories(self) -> dict[int, dict[str, Profile]]:
        """What the stored pages make; how they are cut depends on the batches."""
        return {
            partition: {user: decode_profile(pages, History())[0] for user, pages in stored.items()}
            for partition, stored in self.profiles.pages.items()
        }

    def detector(
        self,
        *,
        max_records: int = 20,
        assignments: Sequence[frozenset[int]] = (),
        wrap: Callable[[Ports], Ports] = lambda ports: ports,
        rules_used: Sequence[Rule] | None = None,
        limit: DeadLetterLimit | None = None,
        held: int = SOME_HELD,
    ) -> Detector:
        """A member that stops when it has read all there is."""
        source = MemorySource(
            self.log, identity=TOPIC, max_records=max_records, assignments=assignments
        )
        ends = {p: records[-1].offset + 1 for p, records in self.log.items()}
        policy = Policy(
            rules_used or rules(RuleLimits()),
            History(),
            limit or DeadLetterLimit(max_ratio=0.5, max_run=100),
            held_transactions=held,
        )
        ports = Ports(source, source, self.profiles, self.ledger, self.dead_letters)
        clock = _Clock()
        return Detector(
            wrap(ports),
            policy,
            stopping=lambda: self._done(ends),
            clock=clock,
        )

    def _done(self, ends: dict[int, int]) -> bool:
        # Copies: the writer's thread may be adding to them.
        watermarks, claims = dict(self.profiles.watermarks), dict(self.ledger.claims)
        return {p: mark + 1 for p, mark in watermarks.items()} == ends and {
            p: claim.next_offset for p, claim in claims.items()
        } == ends

    def run(self, **options: Any) -> None:  # noqa: ANN401 - passed on as they are
        """Run one detector to the end, or to whatever it raises."""
        self.detector(**options).run()


def oracle(log: Log) -> Answer:
    """What one uninterrupted run makes of a topic."""
    world = World(log)
    world.run()
    return world.answer()


class _Clock:
    """Time that passes by being looked at."""

    def __init__(self) -> None:
        self._now_s = 0.0

    def __call__(self) -> float:
        self._now_s += 0.05
        return self._now_s


class Faulty:
    """A port whose calls of one method fail by plan; everything else goes through.

    Args:
        port: the port itself.
        method: the method that fails.
        fails: told the call's number, from 0; an error to raise before the call, or None.
        fails_after: the same, but the error comes after the call has taken effect.
    """

    def __init__(
        self,
        port: object,
        method: str,
        *,
        fails: Callable[[int], BaseException | None] = lambda _: None,
        fails_after: Callable[[int], BaseException | None] = lambda _: None,
    ) -> None:
        self._port = port
        self._method = method
        self._fails = fails
        self._fails_after = fails_after
        self._calls = 0

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 - stands in for any port
        method = getattr(self._port, name)
        if name != self._method:
            return method

        def call(*args: Any, **options: Any) -> Any:  # noqa: ANN401 - as above
            number, self._calls = self._calls, self._calls + 1
            if (error := self._fails(number)) is not None:
                raise error
            result = method(*args, **options)
            if (error := self._fails_after(number)) is not None:
                raise error
            return result

        return call
