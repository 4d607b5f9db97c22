"""The test bed: PostgreSQL and Redis of the bench's own, and the API as a process beside."""

import os
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import httpx

from bench.command import BenchError
from devstack.console import Console
from devstack.launch import daemon_of, launch_all, stop_all
from devstack.layout import CHECKOUT, Layout
from devstack.postgres import Postgres
from devstack.redis import Redis
from devstack.settings import POSTGRES_SETTING, REDIS_SETTING, free_ports
from finguard.settings import DEVELOPMENT_PASSWORD

READY_WITHIN_S: Final = 60.0


@dataclass(frozen=True, kw_only=True)
class Bed:
    """Running services, whose data stay for the next run.

    Attributes:
        dsn: of PostgreSQL. redis_url: of Redis. folder: for data and logs.
    """

    dsn: str
    redis_url: str
    folder: Path
    console: Console


@dataclass(frozen=True, kw_only=True)
class Served:
    """A running API that takes this token."""

    port: int
    token: str
    pid: int


@contextmanager
def running_bed(console: Console, name: str = "api") -> Iterator[Bed]:
    """Run PostgreSQL and Redis until the context ends; each name has data of its own."""
    checkout = Layout.of_checkout()
    folder = checkout.folder / "bench" / name
    layout = Layout(folder=folder, cache=checkout.cache)
    postgres_port, redis_port = free_ports(2)
    dsn = f"postgresql://finguard:finguard@127.0.0.1:{postgres_port}/finguard"
    redis_url = f"redis://127.0.0.1:{redis_port}/0"
    services = (Postgres(dsn=dsn, layout=layout), Redis(url=redis_url, layout=layout))
    with layout.locked():
        pairs = {each.name: (each, daemon_of(each, layout)) for each in services}
        # Those that a run left which was itself killed.
        stop_all(list(pairs.values()))
        try:
            with checkout.locked():
                for each in services:
                    each.fetch(console)
            launch_all(pairs, console)
            yield Bed(dsn=dsn, redis_url=redis_url, folder=folder, console=console)
        finally:
            stop_all(list(pairs.values()))


@contextmanager
def serving(bed: Bed, *, workers: int = 1) -> Iterator[Served]:
    """Run the API as the README says, with its default settings, until the context ends."""
    (port,) = free_ports(1)
    command = ["uvicorn", "api:app", "--port", str(port)]
    if workers > 1:
        command += ["--workers", str(workers)]
    url = f"http://127.0.0.1:{port}"
    own = {POSTGRES_SETTING: bed.dsn, REDIS_SETTING: bed.redis_url}
    with running_program(bed, "api", command, own, f"{url}/health/ready") as pid:
        yield Served(port=port, token=log_in(url), pid=pid)


@contextmanager
def running_program(
    bed: Bed, name: str, command: Sequence[str], own: Mapping[str, str], ready: str
) -> Iterator[int]:
    """Run one of the project's programs until the context ends.

    Settings of this process' own environment do not reach it.

    Args:
        bed: in whose folder it logs.
        name: of the log.
        command: a module and its arguments.
        own: settings by their variables.
        ready: an address that answers once it is.

    Yields:
        Its process id, when it is ready.
    """
    inherited = {key: value for key, value in os.environ.items() if not key.startswith("FINGUARD_")}
    log = bed.folder / "logs" / f"{name}.log"
    with log.open("wb") as output:
        process = subprocess.Popen(  # noqa: S603 - the project's own program
            [sys.executable, "-m", *command],
            cwd=CHECKOUT,
            env={**inherited, **own},
            stdout=output,
            stderr=subprocess.STDOUT,
        )
    try:
        _await_ready(name, ready, process, log)
        yield process.pid
    finally:
        process.terminate()
        process.wait()


def _await_ready(name: str, url: str, process: "subprocess.Popen[bytes]", log: Path) -> None:
    deadline_s = time.monotonic() + READY_WITHIN_S
    while time.monotonic() < deadline_s and process.poll() is None:
        try:
            if httpx.get(url, timeout=2).is_success:
                return
        except httpx.TransportError:
            pass
        time.sleep(0.1)
    raise BenchError(f"{name} did not get ready:\n{log.read_text('utf-8', 'replace')[-2000:]}")


def log_in(url: str) -> str:
    """An access token of a session of its own, from the API at an address."""
    form = {"username": "admin", "password": DEVELOPMENT_PASSWORD}
    answer = httpx.post(f"{url}/api/v1/auth/token", data=form, timeout=10)
    if not answer.is_success:
        raise BenchError(f"the API lets nobody in: {answer.text}")
    return str(answer.json()["access_token"])
