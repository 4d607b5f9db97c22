"""One row's run: a deployment under load, what is done to it, and how it fares."""

import re
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from typing import Any, Final

import psutil
import psycopg2
from kafka.errors import KafkaError

from devstack import Stack
from finguard.adapters.kafka.connection import ensure_topics
from finguard.adapters.kafka.publisher import KafkaPublisher
from finguard.errors import ServiceUnavailable
from finguard.simulator.message import Message
from tests.acceptance.programs import Program, Site
from tests.chaos.comparison import Log
from tests.chaos.lag import Offsets, ends, levels
from tests.patience import wait_for

PARTITIONS: Final = 6
OUTAGE: Final = "outage: waiting"
OVER: Final = "outage over"
RATE: Final = 300
WORLD: Final = ("--users", "400", "--fraud-rate", "0.1", "--poison-rate", "0.01")

PATIENT_SESSIONS: Final = {"FINGUARD_SESSION_TIMEOUT_MS": "15000"}
"""For members that must stay: as in production."""
QUICK_SESSIONS: Final = {"FINGUARD_SESSION_TIMEOUT_MS": "1500"}
"""For members that will die: the group gives the partitions of the dead away after so long."""


class Trial:
    """A deployment of its own, and the damage done to it.

    Attributes:
        kills: how often something was killed, frozen, emptied or otherwise harmed.
        recovery_s: the longest time from the end of a fault until no lag was left.
        logs: what was to be judged, where that is not simply what the topic holds in the end.
    """

    def __init__(self, stack: Stack, site: Site) -> None:
        self.stack = stack
        self.site = site
        self.kills = 0
        self.recovery_s: float | None = None
        self.logs: Sequence[Log] = ()
        self._members: list[Program] = []
        self._sent = 0

    @contextmanager
    def load(self, *arguments: str, rate: int = RATE) -> Iterator[Program]:
        """The producer while the context lasts; in the end, what it acknowledged must be there."""
        world = (*WORLD, "--seed", "12", "--rate", str(rate), "--give-up-after", "600")
        with self.site.running("producer.py", *world, *arguments) as producer:
            producer.expect_output("simulating")
            yield producer
            producer.terminate()
            producer.expect_exit(0)
            last = producer.output().splitlines()[-1]
            found = re.search(r"delivered=(\d+) failed=0", last)
            assert found, last
            self._sent += int(found[1])
            assert self._sent == sum(ends(self.site).values())

    def fill(self, messages: int, *, seed: int = 12) -> None:
        """Publish so many messages at once."""
        self.site.produce(*WORLD, "--seed", str(seed), "--rate", "0", "--limit", str(messages))
        self._sent += messages

    def publish(self, messages: Sequence[Message]) -> None:
        """Publish these messages in their order."""
        ensure_topics(
            self.site.kafka,
            transactions=self.site.topic,
            dead_letters=self.site.dead_letter_topic,
            partitions=PARTITIONS,
            replication_factor=1,
        )
        with KafkaPublisher(self.site.kafka, self.site.topic) as publisher:
            for message in messages:
                while not publisher.wait_for_room(1.0):
                    pass
                publisher.publish(message.key, message.value)
            publisher.flush()
        self._sent += len(messages)

    @contextmanager
    def member(self, *rigs: str, env: Mapping[str, str] | None = None) -> Iterator[Program]:
        """A detector, asked to stop in the end; with rigs, one that fails as they say."""
        command = ("-m", "tests.chaos.rigged_detector", *rigs) if rigs else ("detector.py",)
        with self.site.running(*command, env={**PATIENT_SESSIONS, **(env or {})}) as program:
            self._members.append(program)
            yield program
            if program.alive:
                # Before that it may not know yet what to do when asked to stop.
                program.expect_output("partitions assigned")
                program.terminate()
                program.expect_exit(0)
        assert "Traceback" not in program.output(), program.output()

    @contextmanager
    def working(self, *rigs: str, env: Mapping[str, str] | None = None) -> Iterator[Program]:
        """A detector under load; in the end the load stops and the detector has to settle."""
        with self.member(*rigs, env=env) as member:
            with self.load():
                self.site.wait_for_progress()
                yield member
            self.settle()

    def refused(self, *words: str, env: Mapping[str, str] | None = None) -> None:
        """Start a detector, and insist that it stops loudly for a reason with these words."""
        with self.member(env=env) as member:
            expect_loud_stop(member, *words)

    def kill(self, program: Program) -> None:
        """End a program as a crash would."""
        program.kill()
        self.kills += 1

    def recover(self) -> None:
        """Measure how long, from now, until all that the topic now holds has had its effects."""
        began_s = time.monotonic()
        self._wait_for_levels(lambda level, end: level >= end)
        self.recovery_s = max(self.recovery_s or 0.0, time.monotonic() - began_s)

    def settle(self) -> None:
        """Wait, once nothing more arrives, until all levels are the very ends of the topic."""
        began_s = time.monotonic()
        self._wait_for_levels(lambda level, end: level == end)
        if self.recovery_s is None:
            self.recovery_s = time.monotonic() - began_s

    def expect_level(self) -> None:
        """Insist that PostgreSQL, Redis and Kafka agree on how far all is done."""
        found = levels(self.site, self.stack.redis_url, range(PARTITIONS))
        assert found["PostgreSQL"] == found["Redis"] == found["Kafka"], found

    def _wait_for_levels(self, reached: Any) -> None:  # noqa: ANN401 - see the two callers
        target: Offsets = {}
        found: dict[str, Offsets] = {}

        def all_reached() -> bool:
            # The end of a fault is not yet the end of what it broke.
            with suppress(KafkaError, ServiceUnavailable, psycopg2.Error):
                target.update(target or ends(self.site))
                found.update(levels(self.site, self.stack.redis_url, target))
                return all(
                    reached(level[p], end) for level in found.values() for p, end in target.items()
                )
            return False

        try:
            # Each look makes clients anew, which costs what the detector needs to catch up.
            wait_for(all_reached, "all lag to go", every_s=0.2)
        except TimeoutError as error:
            told = "\n".join(member.output()[-2_000:] for member in self._members[-3:])
            raise AssertionError(f"{error}: {target}, not {found}\n{told}") from None


def expect_loud_stop(member: Program, *words: str) -> None:
    """Wait for the detector to end by itself, with code 1 and one line that says these words."""
    member.expect_exit(1)
    errors = [line for line in member.output().splitlines() if line.startswith("error: ")]
    assert len(errors) == 1, member.output()
    assert all(word in errors[0] for word in words), errors[0]


def wait_until_frozen(program: Program) -> None:
    """Wait until a program has stopped itself."""
    process = psutil.Process(program.pid)
    wait_for(lambda: process.status() == psutil.STATUS_STOPPED, "the program to freeze")


def outage_ends(program: Program) -> None:
    """Wait until a detector has told of the end of each outage that it has told of."""
    wait_for(lambda: told(program, OVER) == told(program, OUTAGE), "the outage to be over")


def told(program: Program, text: str) -> int:
    """How often a program has said a text."""
    return program.output().count(text)
