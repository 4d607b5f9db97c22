"""A run from start to end: labels on disk, counts in the log, the last word."""

import json
from collections.abc import Iterator
from pathlib import Path
from threading import Event

import pytest
from structlog.testing import capture_logs

from finguard.errors import FinGuardError, ServiceUnavailable
from finguard.simulator.message import Message
from finguard.simulator.run import Job, run
from finguard.simulator.truth import Fraud, Poison
from tests.unit.simulator.memory_publisher import MemoryPublisher


def _messages() -> Iterator[Message]:
    yield Message(b"ann", b"1", 1)
    yield Message(b"bob", b"2", 2, Fraud("tx-2", "bob", "card_testing"))
    yield Message(b"bob", b"3", 3, Poison("nan", 3, "bob"))
    yield Message(None, b"4", 4, Poison("no_key", 4, None))


def _job(labels: Path | None = None, warning: str = "") -> Job:
    return Job(
        messages=_messages(),
        speed=None,
        total=lambda: 4,
        title="testing",
        facts={"seed": 7},
        warning=warning,
        labels=labels,
    )


def test_labels_are_json_lines(tmp_path: Path) -> None:
    """The truth of fraud and poison is written apart, one object a line."""
    path = tmp_path / "labels.jsonl"
    run(_job(path), MemoryPublisher(), Event())
    assert [json.loads(line) for line in path.read_text("utf-8").splitlines()] == [
        {"transaction_id": "tx-2", "user_id": "bob", "scenario": "card_testing"},
        {"poison": "nan", "sequence": 3, "key": "bob"},
        {"poison": "no_key", "sequence": 4, "key": None},
    ]


def test_labels_that_cannot_be_written_stop_the_run(tmp_path: Path) -> None:
    """Nothing is published without the truth that was asked for."""
    publisher = MemoryPublisher()
    with pytest.raises(FinGuardError, match="cannot write the labels"):
        run(_job(tmp_path / "nowhere" / "labels.jsonl"), publisher, Event())
    assert publisher.messages == []


def test_the_log_tells_the_start_and_the_result() -> None:
    """What is done and how to do it again, then what was delivered and what failed."""
    with capture_logs() as logs:
        run(_job(warning="careful"), MemoryPublisher(), Event())
    started, warned, finished = logs
    assert (started["event"], started["seed"]) == ("testing", 7)
    assert (warned["event"], warned["log_level"]) == ("careful", "warning")
    assert (finished["event"], finished["delivered"], finished["failed"]) == ("finished", 4, 0)


def test_what_is_given_up_is_reported_as_failed() -> None:
    """The last line counts what was still in flight when the broker was given up."""
    with capture_logs() as logs, pytest.raises(ServiceUnavailable):
        run(_job(), MemoryPublisher(breaks_after=1), Event())
    assert (logs[-1]["delivered"], logs[-1]["failed"]) == (1, 3)
