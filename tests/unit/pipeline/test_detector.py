"""The loop: every effect happens once, whatever fails and whenever."""

from collections.abc import Callable
from copy import deepcopy

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from finguard.domain.profile import PastTransaction, Profile
from finguard.domain.rules import RuleLimits, rules
from finguard.domain.stream import Claim, Record
from finguard.domain.transaction import Transaction
from finguard.domain.verdict import Finding, Rule
from finguard.errors import DataLossError, OwnershipLost, ServiceUnavailable
from finguard.pipeline.dead_letter_limit import DeadLetterLimit, PoisonFlood
from finguard.pipeline.ports import Ports
from tests.unit.pipeline.worlds import (
    ALL_HELD,
    NONE_HELD,
    SOME_HELD,
    START_MS,
    Faulty,
    World,
    oracle,
    topic,
)

STEPS = [
    ("profiles", "load"),
    ("dead_letters", "publish"),
    ("ledger", "claim"),
    ("ledger", "record"),
    ("profiles", "save"),
    ("source", "commit"),
    ("archive", "bounds"),
]

LOG = topic()
ORACLE = oracle(LOG)


class Crash(BaseException):
    """The process dies here."""


def faulty(
    port: str,
    method: str,
    *,
    fails: Callable[[int], BaseException | None] = lambda _: None,
    fails_after: Callable[[int], BaseException | None] = lambda _: None,
) -> Callable[[Ports], Ports]:
    """A wrapper that makes one method of one port fail by plan."""

    def wrap(ports: Ports) -> Ports:
        broken = Faulty(getattr(ports, port), method, fails=fails, fails_after=fails_after)
        return msgspec.structs.replace(ports, **{port: broken})

    return wrap


def test_the_world_has_everything_worth_testing() -> None:
    """The oracle itself sees alerts of each rule, dead letters, copies and several partitions."""
    alerts, letters, published, transactions, profiles, watermarks, _ = ORACLE
    assert {rule for _, _, rule in alerts} == {"impossible_travel", "high_value", "velocity"}
    assert len(letters) > 3
    assert published == letters.keys()
    assert sum(transactions.values()) + len(letters) < sum(map(len, LOG.values()))
    assert len(profiles) == len(watermarks) == 3


@pytest.mark.parametrize("batch", [1, 7, 1000])
def test_batch_size_does_not_matter(batch: int) -> None:
    """One record at a time or all at once: the same effects."""
    world = World(LOG)
    world.run(max_records=batch)
    assert world.answer() == ORACLE


@pytest.mark.parametrize(("port", "method"), STEPS)
@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
@pytest.mark.parametrize("call", [0, 1, 3])
def test_a_crash_at_any_step_heals(port: str, method: str, *, after: bool, call: int) -> None:
    """Whether a step was about to happen or had just happened, a new member puts things right."""
    world = World(LOG)

    def crash(number: int) -> BaseException | None:
        return Crash() if number == call else None

    wrap = faulty(port, method, **{"fails_after" if after else "fails": crash})
    try:
        world.run(wrap=wrap)
    except Crash:
        world.run()
    assert world.answer() == ORACLE


@given(
    crashes=st.lists(
        st.tuples(st.sampled_from(STEPS), st.booleans(), st.integers(0, 12), st.integers(1, 60)),
        max_size=8,
    ),
    held=st.sampled_from([NONE_HELD, SOME_HELD, ALL_HELD]),
)
@settings(max_examples=60, deadline=None)
def test_any_sequence_of_crashes_heals(
    crashes: list[tuple[tuple[str, str], bool, int, int]], held: int
) -> None:
    """Members that die one after the other, anywhere, leave what one long run leaves."""
    world = World(LOG)
    for (port, method), after, call, batch in crashes:
        kind = "fails_after" if after else "fails"

        def crash(number: int, call: int = call) -> BaseException | None:
            return Crash() if number == call else None

        try:
            world.run(wrap=faulty(port, method, **{kind: crash}), max_records=batch, held=held)
        except Crash:
            continue
        break
    world.run()
    assert world.answer() == ORACLE


@pytest.mark.parametrize(("port", "method"), STEPS)
@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
def test_an_outage_at_any_step_is_waited_out(port: str, method: str, *, after: bool) -> None:
    """Every third call fails, with the effect unknown: nothing is lost, doubled, or buried."""
    world = World(LOG)

    def away(number: int) -> BaseException | None:
        return ServiceUnavailable("away") if number % 3 == 1 else None

    world.run(wrap=faulty(port, method, **{"fails_after" if after else "fails": away}))
    assert world.answer() == ORACLE


def test_a_crash_heals_when_the_next_batches_are_cut_otherwise() -> None:
    """Records with and without effects may meet in one batch; each still counts once."""
    world = World(LOG)

    def crash(number: int) -> BaseException | None:
        return Crash() if number == 3 else None

    with pytest.raises(Crash):
        world.run(wrap=faulty("profiles", "save", fails=crash), max_records=20)
    world.run(max_records=33)
    assert world.answer() == ORACLE


def test_an_assignment_that_comes_during_an_outage_counts() -> None:
    """While PostgreSQL is away the group gives this member more partitions; it serves them all."""
    world = World(LOG)

    def away(number: int) -> BaseException | None:
        return ServiceUnavailable("away") if number in {1, 2} else None

    world.run(
        wrap=faulty("ledger", "record", fails=away),
        assignments=[frozenset({0}), frozenset({0, 1, 2})],
    )
    assert world.answer() == ORACLE


@pytest.mark.parametrize("held", [NONE_HELD, SOME_HELD, ALL_HELD])
@pytest.mark.parametrize("lost_at", ["load", "save"])
def test_a_lost_redis_is_rebuilt_before_new_transactions_are_judged(
    lost_at: str, held: int
) -> None:
    """Everything vanishes from Redis half-way; alerts and profiles come out the same."""
    world = World(LOG)
    lost: list[int] = []

    def lose(number: int) -> BaseException | None:
        if number == 2:
            lost.append(sum(world.profiles.watermarks.values()))
            world.profiles.pages.clear()
            world.profiles.watermarks.clear()
        return None

    world.run(wrap=faulty("profiles", lost_at, fails=lose), held=held)
    assert world.answer() == ORACLE
    assert lost
    assert lost[0] > 0


@pytest.mark.parametrize("held", [NONE_HELD, ALL_HELD])
@pytest.mark.parametrize("restored_at", ["load", "save"])
def test_an_older_copy_of_redis_is_brought_up_to_date(restored_at: str, held: int) -> None:
    """Redis is set back by some batches; they are folded again without a second effect."""
    world = World(LOG)
    kept: list[tuple[dict[int, int], dict[int, dict[str, list[bytes]]]]] = []

    def restore(number: int) -> BaseException | None:
        if number == 1:
            kept.append(deepcopy((world.profiles.watermarks, world.profiles.pages)))
        if number == 3:
            world.profiles.watermarks, world.profiles.pages = kept.pop()
            kept.clear()
        return None

    world.run(wrap=faulty("profiles", restored_at, fails=restore), held=held, max_records=8)
    assert world.answer() == ORACLE
    assert not kept


def test_a_zombie_changes_nothing() -> None:
    """A member that sleeps before its commit while another does all the work wakes up harmless."""
    world = World(LOG)

    def sleep(number: int) -> BaseException | None:
        if number == 2:
            world.run()
        return None

    world.run(wrap=faulty("ledger", "record", fails=sleep))
    assert world.answer() == ORACLE


def test_a_zombie_between_postgresql_and_redis_changes_nothing() -> None:
    """Its profiles come too late and are refused: the other member has folded them itself."""
    world = World(LOG)

    def sleep(number: int) -> BaseException | None:
        if number == 2:
            world.run()
        return None

    world.run(wrap=faulty("profiles", "save", fails=sleep))
    assert world.answer() == ORACLE


def test_a_failed_commit_costs_nothing() -> None:
    """Offsets in Kafka are for the eye: progress stands in PostgreSQL."""
    world = World(LOG)

    def fail(number: int) -> BaseException | None:
        return OwnershipLost("rebalancing") if number == 1 else None

    world.run(wrap=faulty("source", "commit", fails=fail))
    assert world.answer() == ORACLE


def test_records_deleted_before_they_were_judged_stop_the_detector() -> None:
    """A gap is told with its size, and nothing is written."""
    world = World(LOG)
    world.run()
    world.log = {p: [*records, *_more(p, len(records) + 5)] for p, records in LOG.items()}
    world.log = {p: records[-2:] for p, records in world.log.items()}
    with pytest.raises(DataLossError, match=r"partition \d: 5 transactions .* deleted"):
        world.run()
    assert world.answer() == ORACLE


def test_a_log_that_ends_too_early_stops_the_detector() -> None:
    """Kafka restored from an old copy would hand out used offsets again."""
    world = World(LOG)
    world.run()
    world.log = {p: records[:-1] for p, records in LOG.items()}
    with pytest.raises(DataLossError, match="truncated"):
        world.run()


def test_a_flood_of_poison_stops_the_detector_with_nothing_committed() -> None:
    """After a bad deploy the topic is not drained into the dead-letter queue."""
    bad = [Record("transactions", 0, n, START_MS, b"k", b"?") for n in range(50)]
    world = World({0: bad})
    with pytest.raises(PoisonFlood):
        world.run(limit=DeadLetterLimit(max_ratio=1, max_run=30), max_records=100)
    assert world.dead_letters.letters == []
    assert world.ledger.claims == {0: Claim(0, 1, 0)}


def test_a_rule_that_always_raises_is_a_flood() -> None:
    """The bad deploy itself: it stops the detector, and nothing of the batch is published."""

    def broken(*_: object) -> Finding | None:
        raise ZeroDivisionError

    world = World(LOG)
    with pytest.raises(PoisonFlood):
        world.run(
            rules_used=(Rule("broken", broken),),
            limit=DeadLetterLimit(max_ratio=1, max_run=30),
            max_records=100,
        )
    assert world.dead_letters.letters == []


def test_a_rule_that_raises_now_and_then_is_none() -> None:
    """Good and bad messages are counted in the order in which they came."""

    def moody(transaction: Transaction, *_: object) -> Finding | None:
        if transaction.transaction_id.endswith("3"):
            raise ZeroDivisionError
        return None

    World(LOG).run(rules_used=(Rule("moody", moody),), limit=DeadLetterLimit(0.5, 30, window=50))


def test_a_rule_that_raises_sends_its_message_to_the_dead_letters_alone() -> None:
    """The other rules' findings stand, and no other message is touched."""

    def moody(
        transaction: Transaction, _past: PastTransaction, _profile: Profile
    ) -> Finding | None:
        if transaction.transaction_id == "t42":
            raise ZeroDivisionError("moody")
        return None

    world = World(LOG)
    world.run(rules_used=(Rule("moody", moody), *rules(RuleLimits())))
    ruled = [d for d in world.ledger.dead_letters.values() if d.stage == "rule"]
    assert {(d.reason, d.error_class) for d in ruled} == {("rule_failed", "ZeroDivisionError")}
    assert {b'"t42"' in (d.record.value or b"") for d in ruled} == {True}
    others = {key: value for key, value in ORACLE[0].items() if key[1] != "t42"}
    assert {k: v for k, v in world.answer()[0].items() if k[1] != "t42"}.keys() == others.keys()


def _more(partition: int, first: int) -> list[Record]:
    return [Record("transactions", partition, first + n, START_MS, b"k", b"?") for n in range(2)]
