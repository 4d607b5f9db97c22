"""Server processes that outlive the command that started them, and are never mistaken."""

import contextlib
import json
import os
import re
import signal
import subprocess
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path

import psutil

from devstack.accounts import Account

KILL_GRACE_S = 10.0
POLL_S = 0.02
# The clock behind start times may be adjusted a little while a process runs.
START_TIME_TOLERANCE_S = 2.0
# Children that this run has started, to be asked one day how they ended.
_CHILDREN: dict[int, "subprocess.Popen[bytes]"] = {}
TELLING = re.compile(r"error|fatal|exception|panic|fail|can't|could not|denied", re.IGNORECASE)


@dataclass(frozen=True, kw_only=True)
class Command:
    """A program to run: where, with which variables, and as whom."""

    argv: Sequence[str]
    folder: Path
    environment: Mapping[str, str] = field(default_factory=dict)
    account: Account | None = None

    def run(self, stdin: str = "") -> str:
        """Run to the end and return the output; raise `CalledProcessError` when it fails."""
        return subprocess.run(  # noqa: S603 - the caller's own command, no shell
            self.argv,
            input=stdin,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            check=True,
            encoding="utf-8",
            errors="replace",
            cwd=self.folder,
            env={**os.environ, **self.environment},
            user=self.account.uid if self.account else None,
            group=self.account.gid if self.account else None,
            extra_groups=[] if self.account else None,
        ).stdout

    def spawn(self, log: Path) -> "subprocess.Popen[bytes]":
        """Start in a session of its own, so that Ctrl-C in a terminal does not reach it."""
        log.parent.mkdir(parents=True, exist_ok=True)
        with log.open("ab") as output:
            return subprocess.Popen(  # noqa: S603 - the caller's own command, no shell
                self.argv,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                cwd=self.folder,
                env={**os.environ, **self.environment},
                start_new_session=True,
                user=self.account.uid if self.account else None,
                group=self.account.gid if self.account else None,
                extra_groups=[] if self.account else None,
            )


@dataclass(frozen=True, kw_only=True)
class Record:
    """What a state file remembers: enough to tell a process from a later one with its pid."""

    pid: int
    started_s: float
    address: str

    def process(self) -> psutil.Process | None:
        """Return the process if it still runs."""
        try:
            process = psutil.Process(self.pid)
            is_same = abs(process.create_time() - self.started_s) < START_TIME_TOLERANCE_S
        except psutil.NoSuchProcess:
            return None
        return process if is_same and is_alive(process) else None


class Daemon:
    """A process known by its state file, to this run of devstack and to later ones."""

    def __init__(self, *, state: Path, log: Path) -> None:
        self.state = state
        self.log = log
        self._log_start = 0

    @property
    def record(self) -> Record | None:
        """Return what the state file says about a process that still runs."""
        try:
            record = Record(**json.loads(self.state.read_text()))
        except (OSError, ValueError, TypeError):
            return None
        return record if record.process() else None

    @property
    def pid(self) -> int | None:
        """Return the pid of the process if it runs."""
        record = self.record
        return record.pid if record else None

    def start(self, command: Command, address: str) -> None:
        """Start the command and remember its process."""
        self._log_start = self.log.stat().st_size if self.log.exists() else 0
        child = command.spawn(self.log)
        _CHILDREN[child.pid] = child
        self.remember(child.pid, address)

    def remember(self, pid: int, address: str) -> None:
        """Write the state file for a process that has just started."""
        with contextlib.suppress(psutil.NoSuchProcess):
            started_s = psutil.Process(pid).create_time()
            record = Record(pid=pid, started_s=started_s, address=address)
            self.state.parent.mkdir(parents=True, exist_ok=True)
            new = self.state.with_suffix(".new")
            new.write_text(json.dumps(asdict(record)))
            new.replace(self.state)

    def stop(self, stop_signal: signal.Signals = signal.SIGTERM, grace_s: float = 20) -> None:
        """Ask the process to end, and make it end when it has not after the grace period."""
        record = self.record
        process = record.process() if record else None
        if process is not None:
            self.thaw()
            with contextlib.suppress(psutil.NoSuchProcess):
                process.send_signal(stop_signal)
            _wait([process], grace_s)
        self.kill()

    def kill(self) -> None:
        """End the process and its children at once, with no chance to tidy up."""
        end_at_once(self._signal_tree(signal.SIGSTOP))
        self.state.unlink(missing_ok=True)
        for pid, child in list(_CHILDREN.items()):
            if child.poll() is not None:
                _CHILDREN.pop(pid, None)

    def freeze(self) -> None:
        """Stop the process and its children as they are, until `thaw`."""
        self._signal_tree(signal.SIGSTOP)

    def thaw(self) -> None:
        """Let a frozen process and its children go on."""
        self._signal_tree(signal.SIGCONT)

    def complaint(self) -> str:
        """Return what this run's log says of trouble."""
        with contextlib.suppress(OSError), self.log.open("rb") as file:
            file.seek(self._log_start)
            return telling_lines(file.read().decode(errors="replace"))
        return ""

    def _signal_tree(self, number: signal.Signals) -> list[psutil.Process]:
        """Signal the process, and then its children, of which a stopped one makes no more."""
        record = self.record
        process = record.process() if record else None
        if process is None:
            return []
        _send(process, number)
        tree = [process, *_children(process)]
        for member in tree:
            _send(member, number)
        return tree


def end_at_once(processes: Sequence[psutil.Process]) -> None:
    """Kill processes and wait until they are gone."""
    for process in processes:
        _send(process, signal.SIGKILL)
    _wait(processes, KILL_GRACE_S)


def telling_lines(text: str, count: int = 5) -> str:
    """Return a short output whole, of a long one the last lines, those of trouble before others."""
    lines = text.strip().splitlines()
    if len(lines) > count:
        lines = list(filter(TELLING.search, lines)) or lines
    return "\n".join(lines[-count:])


def _children(process: psutil.Process) -> list[psutil.Process]:
    try:
        return list(process.children(recursive=True))
    except psutil.NoSuchProcess:
        return []


def is_alive(process: psutil.Process) -> bool:
    """Tell whether a process runs; one that nobody has asked how it ended does not."""
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def _wait(processes: Sequence[psutil.Process], timeout_s: float) -> None:
    """Wait until all have ended, without taking the exit code from whoever started them."""
    deadline_s = time.monotonic() + timeout_s
    while any(map(is_alive, processes)) and time.monotonic() < deadline_s:
        time.sleep(POLL_S)


def _send(process: psutil.Process, number: signal.Signals) -> None:
    with contextlib.suppress(psutil.NoSuchProcess):
        process.send_signal(number)
