"""`make demo`: the services and the four programs, in one terminal, until Ctrl-C."""

import contextlib
import fcntl
import os
import signal
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import httpx

from devstack.console import Console
from devstack.errors import StackError
from devstack.lifecycle import Lifecycle, listener_of
from devstack.processes import Daemon
from devstack.settings import API_PORT_SETTING, DASHBOARD_PORT_SETTING, Address, StackSettings
from devstack.supervisor import Program, Supervisor, read_procfile

API_URL_SETTING = "FINGUARD_DASHBOARD_API_URL"
ADMIN_PASSWORD_SETTING = "FINGUARD_API_ADMIN_PASSWORD"  # noqa: S105 - the name of a variable
READY_WITHIN_S = 300.0
HEALTH_EVERY_S = 0.5
HEALTH_TIMEOUT_S = 2.0
# Four programs, side by side, have ten seconds to end, and then the services twenty.
STOP_GRACE_S = 40.0
# A program without a health page counts as well once it has lived this long.
ALIVE_AFTER_S = 2.0

BANNER = """\
FinGuard is running.
  Dashboard   http://{dashboard}
  API         http://{api}/docs
  Login       admin / {password}
  Stop        Ctrl-C\
"""


def run_demo(checkout: Path, settings: StackSettings, life: Lifecycle) -> None:
    """Run everything until interrupted; raise `StackError` when it cannot run."""
    supervisor = _supervisor(checkout, life)
    with _only_demo(life):
        supervisor.stop_leftovers()
        _require_free(settings.api, "the API", API_PORT_SETTING)
        _require_free(settings.dashboard, "the dashboard", DASHBOARD_PORT_SETTING)
        life.console.line("Starting the services ...")
        started = life.up()
        try:
            _supervise(supervisor, settings, life.console)
        finally:
            _ignore_signals()
            life.console.line("Stopping ...")
            supervisor.stop()
            life.down(started)
            _tell_what_stays(life)


def stop_demo(checkout: Path, life: Lifecycle) -> None:
    """Stop a demo that runs in another terminal, or what is left of one that was killed."""
    demo = _demo_daemon(life)
    if demo.pid is not None:
        life.console.line("Stopping the demo that is running ...")
        demo.stop(grace_s=STOP_GRACE_S)
    _supervisor(checkout, life).stop_leftovers()


def _supervisor(checkout: Path, life: Lifecycle) -> Supervisor:
    commands = read_procfile((checkout / "Procfile").read_text(encoding="utf-8"))
    return Supervisor(commands, layout=life.layout, folder=checkout, console=life.console)


def _demo_daemon(life: Lifecycle) -> Daemon:
    return Daemon(state=life.layout.state("demo"), log=life.layout.log("demo"))


@contextlib.contextmanager
def _only_demo(life: Lifecycle) -> Iterator[None]:
    """Hold the demo's lock, which the system frees however this process ends."""
    demo = _demo_daemon(life)
    life.layout.folder.mkdir(parents=True, exist_ok=True)
    with (life.layout.folder / "demo.lock").open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise StackError(
                f"the demo already runs (pid {demo.pid})", "use that one, or run: make down"
            ) from None
        demo.remember(os.getpid(), "demo")
        try:
            yield
        finally:
            demo.state.unlink(missing_ok=True)


def _tell_what_stays(life: Lifecycle) -> None:
    staying = [service.title for service in life.services if life.daemon(service).pid is not None]
    if staying:
        names = ", ".join(staying)
        life.console.line(f"  {names}: running as before; to stop them too: make down")


def _ignore_signals() -> None:
    """Let nothing interrupt the stopping, which takes a bounded time."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)


def _supervise(supervisor: Supervisor, settings: StackSettings, console: Console) -> None:
    environment = _program_environment(settings)
    checks = _checks(supervisor, settings)
    waiting = {program.name: program for program in supervisor.programs}
    begun_s = checked_s = time.monotonic()
    while True:
        supervisor.turn(environment)
        if waiting and time.monotonic() - checked_s > HEALTH_EVERY_S:
            checked_s = time.monotonic()
            waiting = {name: each for name, each in waiting.items() if not checks[name](each)}
            if not waiting:
                _show_banner(settings, console)
        if waiting:
            _show_waiting(waiting, time.monotonic() - begun_s, console)


def _program_environment(settings: StackSettings) -> dict[str, str]:
    """Return variables that make `python` this one, and its output appear line by line."""
    folders = [str(Path(sys.executable).parent), os.environ.get("PATH", os.defpath)]
    return {
        API_URL_SETTING: f"http://{settings.api}",
        **os.environ,
        "PATH": os.pathsep.join(folders),
        "PYTHONUNBUFFERED": "1",
    }


def _checks(
    supervisor: Supervisor, settings: StackSettings
) -> Mapping[str, Callable[[Program], bool]]:
    pages = {
        "api": f"http://{settings.api}/health",
        "dashboard": f"http://{settings.dashboard}/_stcore/health",
    }
    return {
        program.name: _page_check(pages[program.name]) if program.name in pages else _is_alive
        for program in supervisor.programs
    }


def _page_check(url: str) -> Callable[[Program], bool]:
    def check(program: Program) -> bool:
        try:
            # No proxy of the environment has anything to do with this machine's own address.
            with httpx.Client(timeout=HEALTH_TIMEOUT_S, trust_env=False) as client:
                return program.is_running and client.get(url).is_success
        except httpx.HTTPError:
            return False

    return check


def _is_alive(program: Program) -> bool:
    return program.is_running and time.monotonic() - program.started_s > ALIVE_AFTER_S


def _show_waiting(waiting: Mapping[str, Program], elapsed_s: float, console: Console) -> None:
    if elapsed_s > READY_WITHIN_S:
        raise StackError(
            f"{', '.join(waiting)} did not become ready within {READY_WITHIN_S:.0f} s",
            "look at what it says above, and try again",
        )
    console.waiting(dict.fromkeys(waiting, elapsed_s))


def _show_banner(settings: StackSettings, console: Console) -> None:
    given = os.environ.get(ADMIN_PASSWORD_SETTING)
    password = f"the one in {ADMIN_PASSWORD_SETTING}" if given else "password123"
    banner = BANNER.format(api=settings.api, dashboard=settings.dashboard, password=password)
    lines = banner.splitlines()
    width = max(map(len, lines))
    edge = "+" + "-" * (width + 2) + "+"
    for line in [edge, *(f"| {line:<{width}} |" for line in lines), edge]:
        console.line(line)


def _require_free(address: Address, title: str, setting: str) -> None:
    if address.is_listening():
        raise StackError(
            f"port {address.port}, wanted for {title}, is taken by {listener_of(address)}",
            f"stop that program, or choose another port with {setting}",
        )
