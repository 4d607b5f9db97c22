"""Runs the programs of a Procfile: shows what they say, and restarts one that dies."""

import contextlib
import os
import queue
import re
import signal
import subprocess
import threading
import time
from collections import deque
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from devstack.console import Console
from devstack.errors import StackError
from devstack.layout import Layout
from devstack.processes import Daemon

FIRST_DELAY_S = 0.5
LONGEST_DELAY_S = 8.0
DEATHS_ALLOWED = 4
DEATHS_WITHIN_S = 60.0
STOP_GRACE_S = 10.0
# Nobody reads what these say any more, and some never end for trying to say it.
LEFTOVER_GRACE_S = 2.0
# What a dead program has said arrives at once, unless a child in a session of its own goes on.
LAST_WORDS_S = 5.0
TAIL_LINES = 12
COLOURS = ("\x1b[36m", "\x1b[33m", "\x1b[32m", "\x1b[35m")
NO_COLOUR = "\x1b[0m"


def read_procfile(text: str) -> dict[str, str]:
    """Return the commands of a Procfile by their names, in its order."""
    return dict(re.findall(r"^([\w-]+):[ \t]*(\S.*)$", text, flags=re.MULTILINE))


def restart_delay_s(deaths: int, first_delay_s: float = FIRST_DELAY_S) -> float:
    """Return how long to wait after so many recent deaths: twice as long each time."""
    return min(first_delay_s * 2.0 ** (deaths - 1), LONGEST_DELAY_S)


class Program:
    """One program: its process of the moment, its latest lines, and its recent deaths."""

    def __init__(self, name: str, command: str, daemon: Daemon) -> None:
        self.name = name
        self.command = command
        self.daemon = daemon
        self.tail: deque[str] = deque(maxlen=TAIL_LINES)
        self.due_s = 0.0
        self.started_s = 0.0
        self._deaths_s: deque[float] = deque()
        self._child: subprocess.Popen[bytes] | None = None
        self._reader: threading.Thread | None = None

    @property
    def exit_code(self) -> int | None:
        """Return the exit code if the process has ended."""
        return self._child.poll() if self._child else None

    @property
    def is_running(self) -> bool:
        """Tell whether it runs now."""
        return self._child is not None and self._child.poll() is None

    def start(self, environment: Mapping[str, str], folder: Path, show: "ShowLine") -> None:
        """Start it in a session of its own and pass on its lines from a thread."""
        self.due_s, self.started_s = 0.0, time.monotonic()
        self.tail.clear()
        self._child = subprocess.Popen(  # noqa: S603 - the project's own Procfile
            # `exec` leaves no shell between the program and its signals.
            ("/bin/sh", "-c", f"exec {self.command}"),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            env=environment,
            cwd=folder,
            start_new_session=True,
        )
        self.daemon.remember(self._child.pid, self.name)
        self._reader = threading.Thread(target=self._read, args=(self._child, show), daemon=True)
        self._reader.start()

    def note_death(self) -> int:
        """Clear away what the dead process left; return the number of recent deaths."""
        self._sweep()
        self._child = None
        now_s = time.monotonic()
        self._deaths_s.append(now_s)
        while self._deaths_s[0] < now_s - DEATHS_WITHIN_S:
            self._deaths_s.popleft()
        return len(self._deaths_s)

    def stop(self, grace_s: float = STOP_GRACE_S) -> None:
        """Ask it to end, make it end after the grace period, and forget it."""
        self.daemon.stop(grace_s=grace_s)
        self._sweep()

    def _sweep(self) -> None:
        """End the children that a process has left when it ended, and hear its last words."""
        if self._child is not None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self._child.pid, signal.SIGKILL)
        if self._reader is not None:
            self._reader.join(LAST_WORDS_S)

    def _read(self, child: "subprocess.Popen[bytes]", show: "ShowLine") -> None:
        if child.stdout is not None:
            with child.stdout:
                for line in child.stdout:
                    if line.strip():
                        show(self, line.decode(errors="replace").rstrip())


ShowLine = Callable[[Program, str], None]


class Supervisor:
    """Keeps the programs of a Procfile running until told to stop them."""

    def __init__(
        self,
        commands: Mapping[str, str],
        *,
        layout: Layout,
        folder: Path,
        console: Console,
        first_delay_s: float = FIRST_DELAY_S,
    ) -> None:
        self.programs = [
            Program(name, command, Daemon(state=layout.state(name), log=layout.log(name)))
            for name, command in commands.items()
        ]
        self._folder = folder
        self._console = console
        self._first_delay_s = first_delay_s
        self._width = max(map(len, commands), default=0)
        self._lines: queue.SimpleQueue[tuple[Program, str]] = queue.SimpleQueue()

    def stop_leftovers(self) -> None:
        """Stop programs that an earlier supervisor could not stop because it was killed."""
        for program in self.programs:
            if program.daemon.pid is not None:
                self._console.line(f"  stopping {program.name}, left over from an earlier run")
                program.stop(LEFTOVER_GRACE_S)

    def turn(self, environment: Mapping[str, str], timeout_s: float = 0.2) -> None:
        """Start what is due, show what was said; raise `StackError` for a hopeless program."""
        for program in self.programs:
            if program.exit_code is not None:
                self._bury(program)
            elif not program.is_running and time.monotonic() >= program.due_s:
                program.start(environment, self._folder, self._queue_line)
        self._show_lines(timeout_s)

    def stop(self) -> None:
        """Stop all programs side by side, and show their last words."""
        with ThreadPoolExecutor(max_workers=len(self.programs)) as pool:
            stops = [pool.submit(program.stop) for program in self.programs]
            while not all(stop.done() for stop in stops):
                self._show_lines(timeout_s=0.1)
        self._show_lines(timeout_s=0.1)

    def _bury(self, program: Program) -> None:
        exit_code, deaths = program.exit_code, program.note_death()
        self._show_lines(timeout_s=0.1)
        if deaths > DEATHS_ALLOWED:
            last_lines = "\n     ".join(program.tail) or "(nothing)"
            raise StackError(
                f"{program.name} ends again and again, with exit code {exit_code}",
                f"mend what it says at its end:\n     {last_lines}",
            )
        delay_s = restart_delay_s(deaths, self._first_delay_s)
        program.due_s = time.monotonic() + delay_s
        self._show(program, f"ended with exit code {exit_code}; restarting in {delay_s:g} s")

    def _queue_line(self, program: Program, line: str) -> None:
        self._lines.put((program, line))

    def _show_lines(self, timeout_s: float) -> None:
        """Show all lines that have come, waiting a moment for the first."""
        with contextlib.suppress(queue.Empty):
            while True:
                program, line = self._lines.get(timeout=timeout_s)
                program.tail.append(line)
                self._show(program, line)
                timeout_s = 0.0

    def _show(self, program: Program, line: str) -> None:
        prefix = f"{time.strftime('%H:%M:%S')} {program.name:<{self._width}} | "
        if self._console.has_colours:
            colour = COLOURS[self.programs.index(program) % len(COLOURS)]
            prefix = f"{colour}{prefix}{NO_COLOUR}"
        self._console.line(prefix + line)
