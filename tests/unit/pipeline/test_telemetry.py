"""What the loop tells of itself: the truth, all of it, and at no price to the loop."""

from collections.abc import Sequence
from random import Random
from typing import TypeVar

import msgspec
from structlog.testing import capture_logs

from finguard.adapters.memory import MemorySource, MemoryTelemetry
from finguard.domain.telemetry import (
    STEPS,
    Assigned,
    BatchDone,
    Event,
    LagSeen,
    OutageBegan,
    OutageEnded,
    RebuildBegan,
    RebuildMoved,
    Rejoined,
    Stored,
    Turned,
)
from finguard.errors import OwnershipLost, ServiceUnavailable
from finguard.pipeline.outage import Outage
from finguard.pipeline.ports import Ports, Telemetry
from finguard.pipeline.reporter import Reporter
from tests.unit.pipeline.worlds import TOPIC, Faulty, World, oracle, topic

LOG = topic()
ORACLE = oracle(LOG)
ALL = frozenset(LOG)

E = TypeVar("E", bound=Event)


def watched(
    ports: Ports, *listeners: Telemetry, port: str = "", method: str = "", **plan: object
) -> Ports:
    """The ports with listeners and, where one is named, a method that fails by plan."""
    watched = msgspec.structs.replace(ports, telemetry=listeners)
    if not port:
        return watched
    broken = Faulty(getattr(ports, port), method, **plan)  # type: ignore[arg-type] # named by the caller
    return msgspec.structs.replace(watched, **{port: broken})


def of(kind: type[E], events: Sequence[Event]) -> list[E]:
    """The events of one kind."""
    return [event for event in events if isinstance(event, kind)]


def test_all_effects_are_told_once() -> None:
    """What was told adds up to what the ledger holds, and each batch to what was polled."""
    told, world = MemoryTelemetry(), World(LOG)
    world.run(wrap=lambda ports: watched(ports, told))
    effects = [stored.effects for stored in of(Stored, told.events)]
    assert len(world.ledger.alerts) == sum(len(each.alerts) for each in effects)
    assert len(world.ledger.dead_letters) == sum(len(each.dead_letters) for each in effects)
    counted = sum(sum(each.transactions.values()) for each in effects)
    assert sum(world.ledger.transactions.values()) == counted
    batches = of(BatchDone, told.events)
    assert sum(map(len, LOG.values())) == sum(batch.records for batch in batches)


def test_every_step_of_a_batch_is_measured() -> None:
    """Steps come in their order, and none takes less than no time."""
    told = MemoryTelemetry()
    World(LOG).run(wrap=lambda ports: watched(ports, told))
    batches = of(BatchDone, told.events)
    whole = [batch.steps for batch in batches if len(batch.steps) == len(STEPS)]
    assert whole
    assert all(tuple(steps) == STEPS for steps in whole)
    assert all(seconds >= 0 for steps in whole for seconds in steps.values())


def test_an_assignment_and_each_turn_are_told() -> None:
    """The first thing told is what the group has assigned; turns follow one another."""
    told = MemoryTelemetry()
    World(LOG).run(wrap=lambda ports: watched(ports, told))
    assert Assigned(ALL) == told.events[0]
    assert len(of(Turned, told.events)) > len(of(BatchDone, told.events))


def test_the_lag_begins_with_the_whole_log() -> None:
    """Right after the assignment everything still waits, and every partition is at its begin."""
    told = MemoryTelemetry()
    World(LOG).run(wrap=lambda ports: watched(ports, told))
    waiting = {p: len(records) for p, records in LOG.items()}
    assert LagSeen(waiting, dict.fromkeys(LOG, 0)) == of(LagSeen, told.events)[0]


def test_an_outage_is_told_with_its_service_when_it_begins_and_when_it_ends() -> None:
    """However often the step is tried: once each, with signs of life between."""

    def away(number: int) -> BaseException | None:
        return ServiceUnavailable("away", service="redis") if number in {2, 3, 4} else None

    told = MemoryTelemetry()
    World(LOG).run(
        wrap=lambda ports: watched(ports, told, port="profiles", method="load", fails=away)
    )
    outages = [e for e in told.events if isinstance(e, OutageBegan | OutageEnded)]
    assert ["redis", None] == [getattr(event, "service", None) for event in outages]
    begin, end = (told.events.index(event) for event in outages)
    assert Turned() in told.events[begin:end]


def test_another_service_that_fails_meanwhile_is_told_too() -> None:
    """PostgreSQL first, then Kafka: the loop waits for the latter."""

    def away(number: int) -> BaseException | None:
        services = {0: "postgresql", 1: "kafka"}
        return ServiceUnavailable("away", service=services[number]) if number in services else None  # type: ignore[arg-type] # two of the names

    told = MemoryTelemetry()
    World(LOG).run(
        wrap=lambda ports: watched(ports, told, port="ledger", method="claim", fails=away)
    )
    assert ["postgresql", "kafka"] == [e.service for e in of(OutageBegan, told.events)]
    assert 1 == len(of(OutageEnded, told.events))


def test_a_member_left_without_partitions_waits_for_nothing() -> None:
    """An outage during which the group takes everything away ends with that."""

    def away(number: int) -> BaseException | None:
        return ServiceUnavailable("away", service="redis") if number == 1 else None

    told, world = MemoryTelemetry(), World(LOG)
    world.run(
        wrap=lambda ports: watched(ports, told, port="profiles", method="load", fails=away),
        assignments=[ALL, frozenset(), ALL],
    )
    at = told.events.index(Assigned(frozenset()))
    assert isinstance(told.events[at + 1], OutageEnded)
    assert world.answer() == ORACLE


def test_a_rebuild_is_told_with_its_size_and_its_end() -> None:
    """Redis loses everything: what is folded again is what was done, and then nothing remains."""
    world = World(LOG)
    world.run()
    world.profiles.pages.clear()
    world.profiles.watermarks.clear()
    told = MemoryTelemetry()
    world.log = {p: [*records, records[0]] for p, records in LOG.items()}
    world.log = {
        p: [*records[:-1], msgspec.structs.replace(records[-1], offset=len(records) - 1)]
        for p, records in world.log.items()
    }
    world.run(wrap=lambda ports: watched(ports, told))
    (began,) = of(RebuildBegan, told.events)
    assert {p: len(records) for p, records in LOG.items()} == began.records
    moves = of(RebuildMoved, told.events)
    assert sum(began.records.values()) == sum(move.folded for move in moves)
    assert {} == moves[-1].remaining


def test_a_member_that_lost_its_partitions_says_that_it_joins_anew() -> None:
    """The new assignment follows."""

    def lost(number: int) -> BaseException | None:
        return OwnershipLost("another member") if number == 1 else None

    told = MemoryTelemetry()
    World(LOG).run(
        wrap=lambda ports: watched(ports, told, port="ledger", method="record", fails=lost)
    )
    at = told.events.index(Rejoined())
    assert Assigned(ALL) in told.events[at:]


class Broken:
    """A listener that fails at every word."""

    def tell(self, event: Event) -> None:
        """Raise."""
        raise ZeroDivisionError(event)


def test_a_listener_that_raises_harms_nobody() -> None:
    """The loop and the other listeners go on; the log says it once."""
    told, world = MemoryTelemetry(), World(LOG)
    with capture_logs() as lines:
        world.run(wrap=lambda ports: watched(ports, Broken(), told))
    assert world.answer() == ORACLE
    assert of(Stored, told.events)
    assert ["Broken"] == [line["of"] for line in lines if line["log_level"] == "warning"]


def test_ends_that_cannot_be_told_harm_nobody() -> None:
    """A client that does not know the lag costs the lag and nothing else."""
    world = World(LOG)
    told = MemoryTelemetry()
    world.run(
        wrap=lambda ports: watched(
            ports, told, port="source", method="ends", fails=lambda _: ZeroDivisionError()
        )
    )
    assert world.answer() == ORACLE


def outage(now: list[float]) -> tuple[Outage, MemoryTelemetry]:
    """A wait for services by a clock that the test sets, and what it tells."""
    told = MemoryTelemetry()

    def clock() -> float:
        return now[0]

    waiting = Outage(
        MemorySource({}, identity=TOPIC),
        clock=clock,
        stopping=lambda: False,
        random=Random(1),  # noqa: S311 - jitter
        report=Reporter((told,), clock),
    )
    return waiting, told


def test_brokers_that_stay_away_are_an_outage() -> None:
    """A moment without a connection is none; after two seconds it is told, once, and its end."""
    now = [0.0]
    waiting, told = outage(now)
    for moment, reachable in ((0, False), (1, True), (2, False), (3.9, False)):
        now[0] = moment
        waiting.heard(reachable=reachable)
    assert [] == told.events
    for moment in (4.0, 9.0):
        now[0] = moment
        waiting.heard(reachable=False)
    assert ["kafka"] == [event.service for event in of(OutageBegan, told.events)]
    waiting.forget()
    assert 1 == len(told.events), "to lose its partitions does not bring the brokers back"
    waiting.heard(reachable=True)
    waiting.heard(reachable=True)
    assert 1 == len(of(OutageEnded, told.events))
    assert waiting.since_s is None
