"""Starts services side by side, and waits until each answers as its clients need it."""

import os
import subprocess
import threading
import time
from collections.abc import Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait

from devstack.console import Console
from devstack.errors import LoginRefusedError, NotServingError, StackError
from devstack.layout import Layout
from devstack.processes import Command, Daemon, telling_lines
from devstack.service import Service

# For a slow or busy machine: a service that ends instead of serving is told at once.
READY_WITHIN_S = 300.0
PROBE_EVERY_S = 0.05


def daemon_of(service: Service, layout: Layout) -> Daemon:
    """Return the process that runs, or would run, a service of this stack."""
    return Daemon(state=layout.state(service.name), log=layout.log(service.name))


def launch(service: Service, daemon: Daemon, cancelled: threading.Event) -> None:
    """Start the service unless it runs, and wait until it is ready; raise `StackError`."""
    if daemon.pid is None:
        command = _prepare(service)
        if not cancelled.is_set():
            daemon.start(command, str(service.address))
    _await_ready(service, daemon, cancelled)


def launch_all(launches: Mapping[str, tuple[Service, Daemon]], console: Console) -> None:
    """Launch side by side; when one fails, stop those that this call has started."""
    ours = [(service, daemon) for service, daemon in launches.values() if daemon.pid is None]
    cancelled = threading.Event()
    with ThreadPoolExecutor(max_workers=max(1, len(launches))) as pool:
        try:
            _watch(
                {
                    pool.submit(launch, service, daemon, cancelled): service
                    for service, daemon in launches.values()
                },
                console,
            )
        except BaseException:
            cancelled.set()
            pool.shutdown()
            stop_all(ours)
            raise


def stop_all(running: Sequence[tuple[Service, Daemon]]) -> None:
    """Stop services in an orderly way, side by side."""
    with ThreadPoolExecutor(max_workers=max(1, len(running))) as pool:
        list(pool.map(lambda pair: pair[1].stop(pair[0].stop_signal), running))


def _watch(pending: "dict[Future[None], Service]", console: Console) -> None:
    begun_s = time.monotonic()
    while pending:
        done, _ = wait(pending, timeout=0.1, return_when=FIRST_COMPLETED)
        elapsed_s = time.monotonic() - begun_s
        for future in done:
            service = pending.pop(future)
            future.result()
            console.line(f"  {service.title:<11}ready on {service.address} after {elapsed_s:.1f} s")
        if pending:
            console.waiting({service.title: elapsed_s for service in pending.values()})


def _prepare(service: Service) -> Command:
    try:
        return service.prepare()
    except subprocess.CalledProcessError as error:
        complaint = telling_lines(error.stdout).replace("\n", "\n     ")
        raise StackError(
            f"{service.title} could not make its data folder",
            f"mend what stopped it, or begin afresh with `make clean`:\n     {complaint}",
        ) from error


def _await_ready(service: Service, daemon: Daemon, cancelled: threading.Event) -> None:
    reason, deadline_s = "", time.monotonic() + READY_WITHIN_S
    while not cancelled.is_set():
        if daemon.pid is None:
            raise _failure(service, daemon, "it ended while starting")
        try:
            service.probe()
        except LoginRefusedError as error:
            raise StackError(
                f"{service.title} {error}",
                "use the login that its data were made with, or drop the data: make clean",
            ) from error
        except NotServingError as error:
            reason = str(error)
        else:
            return
        if time.monotonic() > deadline_s:
            raise _failure(service, daemon, f"after {READY_WITHIN_S:.0f} s it {reason}")
        cancelled.wait(PROBE_EVERY_S)


def _failure(service: Service, daemon: Daemon, reason: str) -> StackError:
    complaint = daemon.complaint().replace("\n", "\n     ") or "(nothing)"
    return StackError(
        f"{service.title} did not start: {reason}",
        f"mend what {os.path.relpath(daemon.log)} says at its end, or begin afresh with"
        " `make clean`:"
        f"\n     {complaint}",
    )
