"""`make demo`: four programs under one supervisor, with stand-ins for programs and services."""

import io
import os
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

from devstack.console import Console
from devstack.demo import run_demo
from devstack.errors import StackError
from devstack.layout import Layout
from devstack.lifecycle import Lifecycle
from devstack.processes import Daemon, is_alive
from devstack.settings import StackSettings, free_ports
from devstack.supervisor import Supervisor
from tests.patience import PATIENCE_S, wait_for

# Two that only live, and two web servers, whose `health` file and folder stand for their pages.
PROCFILE = """\
producer: sleep 1000
detector: sleep 1000
api: python -m http.server --bind 127.0.0.1 $FINGUARD_API_PORT
dashboard: python -m http.server --bind 127.0.0.1 $FINGUARD_DASHBOARD_PORT
"""
# What `python -m devstack demo` does, with another checkout and Redis alone.
DEMO = """
import os, signal, sys
from pathlib import Path
from devstack.console import Console
from devstack.demo import run_demo
from devstack.errors import StackError
from devstack.layout import Layout
from devstack.lifecycle import Lifecycle
from devstack.redis import Redis
from devstack.settings import StackSettings

checkout = Path(sys.argv[1])
layout = Layout(folder=checkout / ".finguard", cache=Layout.of_checkout().cache)
settings = StackSettings.load(os.environ)
services = [Redis(url=settings.redis_url, layout=layout)]
life = Lifecycle(services=services, layout=layout, console=Console(sys.stdout))
# Where the tests run in the background, shells have Ctrl-C ignored by all that they start.
signal.signal(signal.SIGINT, signal.default_int_handler)
try:
    run_demo(checkout, settings, life)
except KeyboardInterrupt:
    sys.exit(0)
except StackError as error:
    sys.exit(str(error))
"""
PROGRAMS = ("producer", "detector", "api", "dashboard")


class Demo:
    """A demo that runs in a process of its own."""

    def __init__(self, folder: Path, ports: list[int]) -> None:
        self.layout = Layout(folder=folder / ".finguard", cache=Layout.of_checkout().cache)
        self.output = folder / "output"
        redis_port, self.api_port, dashboard_port = ports
        variables = {
            "FINGUARD_REDIS_URL": f"redis://localhost:{redis_port}/0",
            "FINGUARD_API_PORT": str(self.api_port),
            "FINGUARD_DASHBOARD_PORT": str(dashboard_port),
        }
        with self.output.open("wb") as output:
            self.process = subprocess.Popen(  # noqa: S603 - the script above
                (sys.executable, "-c", DEMO, str(folder)),
                stdout=output,
                stderr=subprocess.STDOUT,
                env={**os.environ, **variables},
                cwd=Path(__file__).parents[3],
            )

    def pid(self, name: str) -> int | None:
        """Return the pid of a program or service."""
        return Daemon(state=self.layout.state(name), log=self.layout.log(name)).pid

    def pids(self) -> dict[str, int | None]:
        """Return the pids of the four programs."""
        return {name: self.pid(name) for name in PROGRAMS}

    def said(self, pattern: str) -> bool:
        """Tell whether its output has a match."""
        return re.search(pattern, self.output.read_text()) is not None

    def wait_until(self, condition: Callable[[], bool]) -> None:
        """Wait a while for a condition; fail with what the demo said."""
        try:
            wait_for(condition, "the demo")
        except TimeoutError:
            pytest.fail(self.output.read_text())

    def wait_until_ready(self) -> dict[str, int | None]:
        """Wait for the banner; return the pids of the four programs."""
        self.wait_until(lambda: self.said(r"Login +admin / password123"))
        return self.pids()

    def end(self) -> int:
        """Press Ctrl-C once it is ready; return the exit code."""
        self.wait_until_ready()
        self.process.send_signal(signal.SIGINT)
        return self.process.wait(timeout=PATIENCE_S)


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Callable[[], Demo]]:
    """A function that starts a demo in the same checkout each time."""
    (tmp_path / "Procfile").write_text(PROCFILE)
    (tmp_path / "health").touch()
    (tmp_path / "_stcore").mkdir()
    (tmp_path / "_stcore" / "health").touch()
    ports, demos = free_ports(3), list[Demo]()

    def start() -> Demo:
        demos.append(Demo(tmp_path, ports))
        return demos[-1]

    yield start
    for demo in demos:
        demo.process.terminate()
        demo.process.wait(timeout=PATIENCE_S)
        for name in (*PROGRAMS, "redis"):
            Daemon(state=demo.layout.state(name), log=demo.layout.log(name)).kill()


def test_the_demo_lives_through_deaths_and_ends_in_order(start: Callable[[], Demo]) -> None:
    """Any program may die: it comes back, the others stay; Ctrl-C ends all of it, every time."""
    assert start().end() == 0
    demo = start()
    before = demo.wait_until_ready()
    os.kill(before["api"] or 0, signal.SIGKILL)
    demo.wait_until(lambda: demo.pid("api") not in {before["api"], None})
    after = demo.pids()
    assert before == {**after, "api": before["api"]}
    processes = [psutil.Process(pid) for pid in after.values()]
    assert demo.end() == 0
    assert demo.pid("redis") is None
    assert not any(map(is_alive, processes))


def test_a_demo_cleans_up_after_one_that_was_killed(start: Callable[[], Demo]) -> None:
    """Programs left over from a killed supervisor are stopped, and its services used again."""
    killed = start()
    left_over = psutil.Process(killed.wait_until_ready()["producer"])
    redis = killed.pid("redis")
    killed.process.kill()
    killed.process.wait()
    demo = start()
    assert demo.wait_until_ready()["producer"] not in {left_over.pid, None}
    assert demo.said("stopping producer, left over")
    assert not is_alive(left_over)
    assert demo.pid("redis") == redis


def test_a_second_demo_at_the_same_time_is_refused(start: Callable[[], Demo]) -> None:
    """One checkout has one demo, and the first goes on."""
    first = start()
    first.wait_until_ready()
    second = start()
    assert second.process.wait(timeout=PATIENCE_S) == 1
    assert second.said(rf"the demo already runs \(pid {first.process.pid}\)")
    assert first.process.poll() is None


def test_a_taken_port_is_told_before_anything_starts(tmp_path: Path, layout: Layout) -> None:
    """The error names the port, who has it, and the variable that chooses another."""
    (tmp_path / "Procfile").write_text(PROCFILE)
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        settings = StackSettings.load({"FINGUARD_API_PORT": str(port)})
        life = Lifecycle(services=(), layout=layout, console=Console(io.StringIO()))
        with pytest.raises(StackError, match=rf"port {port}, .* \(pid {os.getpid()}\)") as caught:
            run_demo(tmp_path, settings, life)
    assert "FINGUARD_API_PORT" in caught.value.remedy


def test_a_hopeless_program_ends_the_demo(layout: Layout, tmp_path: Path) -> None:
    """After five deaths within a minute there is an error with the program's last words."""
    commands = {"good": "sleep 1000", "bad": "sh -c 'echo no such topic; exit 3'"}
    supervisor = Supervisor(
        commands,
        layout=layout,
        folder=tmp_path,
        console=Console(io.StringIO()),
        first_delay_s=0.05,
    )

    def run_on() -> None:
        while True:
            supervisor.turn(os.environ)

    with pytest.raises(StackError, match="bad ends again and again, with exit code 3") as caught:
        run_on()
    supervisor.stop()
    assert "no such topic" in caught.value.remedy
    assert not any(program.is_running for program in supervisor.programs)
