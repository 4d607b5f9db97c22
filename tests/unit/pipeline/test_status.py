"""What probes are told: live while the loop turns, ready while it judges what comes."""

from finguard.domain.effects import Effects
from finguard.domain.telemetry import (
    Assigned,
    LagSeen,
    OutageBegan,
    OutageEnded,
    RebuildBegan,
    RebuildMoved,
    Rejoined,
    Stored,
    Turned,
)
from finguard.pipeline.status import Status

BOTH = frozenset({0, 1})


def assigned() -> Status:
    """A member that owns two partitions."""
    status = Status(max_turn_s=60)
    status.tell(Assigned(BOTH))
    return status


def reasons(status: Status) -> list[str]:
    """Why it is not ready."""
    ready = status.ready()
    found = [reason["reason"] for reason in ready.facts["reasons"]]
    assert ready.well == (not found)
    assert ready.facts["status"] == ("not_ready" if found else "ready")
    return found


def test_it_is_not_ready_before_the_group_has_decided() -> None:
    """No assignment, no judging; an empty one is a decision as well: to stand by."""
    status = Status(max_turn_s=60)
    assert ["no_assignment"] == reasons(status)
    status.tell(Assigned(frozenset()))
    assert [] == reasons(status)


def test_it_is_not_ready_between_two_assignments() -> None:
    """After it has left the group, until it is let in again."""
    status = assigned()
    status.tell(Rejoined())
    assert ["no_assignment"] == reasons(status)
    assert status.snapshot().partitions is None
    status.tell(Assigned(BOTH))
    assert [] == reasons(status)


def test_an_outage_is_named_with_its_beginning() -> None:
    """The service and the moment, in UTC; all is well again afterwards."""
    status = assigned()
    status.tell(OutageBegan("redis", 1_767_225_600.25))
    assert [
        {"reason": "outage", "service": "redis", "since": "2026-01-01T00:00:00.250+00:00"}
    ] == status.ready().facts["reasons"]
    status.tell(OutageEnded())
    assert [] == reasons(status)


def test_a_rebuild_ends_with_the_last_record() -> None:
    """What is left is told; a second rebuild during the first adds to it."""
    status = assigned()
    status.tell(RebuildBegan({0: 10}))
    status.tell(RebuildBegan({1: 5}))
    assert [
        {"reason": "rebuilding", "partitions": [0, 1], "records_left": 15}
    ] == status.ready().facts["reasons"]
    status.tell(RebuildMoved(12, {1: 3}))
    assert 3 == status.ready().facts["reasons"][0]["records_left"]
    status.tell(RebuildMoved(3, {}))
    assert [] == reasons(status)


def test_the_lag_is_that_of_the_partitions_owned() -> None:
    """What was taken away is forgotten."""
    status = assigned()
    status.tell(LagSeen({0: 4, 1: 0}, {0: 100, 1: 50}))
    status.tell(LagSeen({1: 2}, {1: 60}))
    assert {"0": 4, "1": 2} == status.ready().facts["lag"]
    assert {0: 100, 1: 60} == status.snapshot().positions
    status.tell(Assigned(frozenset({1})))
    assert {} == status.ready().facts["lag"]
    assert {} == status.snapshot().positions


def test_transactions_add_up() -> None:
    """The heartbeat makes a rate of them."""
    status = assigned()
    for minute in range(2):
        status.tell(Stored(Effects((), (), (), {(0, minute): 3, (1, minute): 1}), 0))
    assert 8 == status.snapshot().transactions


def test_it_lives_while_the_loop_turns() -> None:
    """Exactly at the limit it still lives; a moment later it hangs, until it turns again."""
    now = [0.0]
    status = Status(max_turn_s=60, clock=lambda: now[0])
    now[0] = 60.0
    assert status.live().well
    now[0] = 60.5
    assert not status.live().well
    assert {"status": "stuck", "last_turn_s": 60.5, "limit_s": 60} == status.live().facts
    status.tell(Turned())
    assert status.live().well
    assert "live" == status.live().facts["status"]


def test_other_news_is_no_turn() -> None:
    """Only a loop that comes round is alive."""
    now = [0.0]
    status = Status(max_turn_s=60, clock=lambda: now[0])
    now[0] = 61.0
    status.tell(OutageBegan("redis", 0))
    assert not status.live().well
