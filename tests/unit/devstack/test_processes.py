"""The memory of which process is ours."""

import os
from dataclasses import replace
from pathlib import Path

import psutil
import pytest

from devstack.processes import Daemon, Record, telling_lines


@pytest.fixture
def daemon(tmp_path: Path) -> Daemon:
    """A process that nothing is known of yet."""
    return Daemon(state=tmp_path / "run" / "it.json", log=tmp_path / "it.log")


def test_a_process_is_known_again_by_a_later_run(daemon: Daemon) -> None:
    """What one run of devstack remembers, the next one finds."""
    daemon.remember(os.getpid(), "localhost:1")
    later = Daemon(state=daemon.state, log=daemon.log)
    assert later.record is not None
    assert (os.getpid(), "localhost:1") == (later.pid, later.record.address)


def test_a_recycled_pid_is_never_taken_for_ours() -> None:
    """Another process with the same pid began at another time."""
    ours = Record(pid=os.getpid(), started_s=psutil.Process().create_time(), address="")
    assert ours.process() is not None
    assert replace(ours, started_s=ours.started_s - 60).process() is None


@pytest.mark.parametrize("content", ["", "{", "[]", '{"pid": 1}', '{"some": "thing"}'])
def test_a_damaged_state_file_means_nothing_runs(daemon: Daemon, content: str) -> None:
    """A file cut short by a full disk or an older version stops nobody."""
    daemon.state.parent.mkdir()
    daemon.state.write_text(content)
    assert daemon.pid is None


def test_stopping_what_does_not_run_is_no_error(daemon: Daemon) -> None:
    """`down` twice in a row is fine."""
    daemon.stop()
    daemon.kill()
    assert daemon.pid is None


def test_of_a_long_log_the_lines_that_tell_of_trouble_are_shown() -> None:
    """The reason of a failed start is shown, not the chatter after it."""
    chatter = "shutting down\n" * 10
    assert telling_lines(f"starting\nFATAL: no space left\n{chatter}") == "FATAL: no space left"
    assert telling_lines(chatter).count("\n") == 4
    assert telling_lines("unknown option\nError: giving up\n") == "unknown option\nError: giving up"
