"""The writer: steps in their order, repeated where they failed, and never in anybody's way."""

from collections.abc import Iterator
from threading import Event

import pytest

from finguard.errors import OwnershipLost, ServiceUnavailable
from finguard.pipeline.writer import Step, Writer
from tests.patience import PATIENCE_S


class Work:
    """Steps that note that they were done, fail by plan, or wait to be let go."""

    def __init__(self) -> None:
        self.done: list[str] = []
        self.errors: dict[str, list[BaseException]] = {}
        self.gates: dict[str, Event] = {}
        self.begun = Event()

    def step(self, name: str) -> Step:
        """One of them."""

        def do() -> None:
            self.begun.set()
            if name in self.gates:
                self.gates[name].wait(PATIENCE_S)
            if self.errors.get(name):
                raise self.errors[name].pop(0)
            self.done.append(name)

        return Step("redis", "redis", do)


@pytest.fixture
def writer() -> Iterator[Writer]:
    """A writer whose thread ends with the test."""
    made = Writer()
    yield made
    made.close()


def test_steps_are_done_in_their_order(writer: Writer) -> None:
    """One batch after the other, each from its first step to its last."""
    work = Work()
    for batch in ("1", "2"):
        writer.start([work.step(batch + part) for part in "abc"])
        writer.settle(patience_s=PATIENCE_S)
    assert ["1a", "1b", "1c", "2a", "2b", "2c"] == work.done
    assert ["redis"] == list(writer.took)


def test_nothing_to_settle_is_settled(writer: Writer) -> None:
    """Whoever asks without having begun anything does not wait."""
    writer.settle(patience_s=0)


def test_a_step_that_failed_is_repeated_and_no_other(writer: Writer) -> None:
    """What an outage interrupts goes on with the very step, when it is asked again."""
    work = Work()
    work.errors["b"] = [ServiceUnavailable("away", service="redis")] * 2
    writer.start([work.step(part) for part in "abc"])
    for _ in range(2):
        with pytest.raises(ServiceUnavailable, match="away"):
            writer.settle(patience_s=PATIENCE_S)
        assert ["a"] == work.done
    writer.settle(patience_s=PATIENCE_S)
    assert ["a", "b", "c"] == work.done


def test_after_any_other_error_the_rest_is_forgotten(writer: Writer) -> None:
    """A partition that was lost must not be written to by a later step of the same batch."""
    work = Work()
    work.errors["a"] = [OwnershipLost("gone")]
    writer.start([work.step(part) for part in "ab"])
    with pytest.raises(OwnershipLost):
        writer.settle(patience_s=PATIENCE_S)
    writer.settle(patience_s=PATIENCE_S)
    writer.start([work.step("c")])
    writer.settle(patience_s=PATIENCE_S)
    assert ["c"] == work.done


def test_a_frozen_service_is_told_and_goes_on_by_itself(writer: Writer) -> None:
    """Whoever waits is told which service does not answer; the step is not begun a second time."""
    work = Work()
    work.gates["a"] = Event()
    writer.start([work.step("a")])
    with pytest.raises(ServiceUnavailable, match="redis does not answer") as caught:
        writer.settle(patience_s=0.01)
    assert "redis" == caught.value.service
    work.gates["a"].set()
    writer.settle(patience_s=PATIENCE_S)
    assert ["a"] == work.done


def test_what_is_abandoned_is_not_begun(writer: Writer) -> None:
    """The step under way comes to its end, which is waited for; those behind it never happen."""
    work = Work()
    work.gates["a"] = Event()
    writer.start([work.step(part) for part in "ab"])
    assert work.begun.wait(PATIENCE_S)
    with pytest.raises(ServiceUnavailable):
        writer.abandon(patience_s=0.01)
    work.gates["a"].set()
    writer.abandon(patience_s=PATIENCE_S)
    assert ["a"] == work.done
    writer.settle(patience_s=0)


def test_an_abandoned_error_is_nobodys(writer: Writer) -> None:
    """What failed before it was abandoned does not come up again in the next batch."""
    work = Work()
    work.errors["a"] = [OwnershipLost("gone")]
    writer.start([work.step("a")])
    writer.abandon(patience_s=PATIENCE_S)
    writer.start([work.step("b")])
    writer.settle(patience_s=PATIENCE_S)
    assert ["b"] == work.done
