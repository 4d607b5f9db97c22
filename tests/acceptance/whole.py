"""All of FinGuard as its users run it: the four programs, on a deployment of their own."""

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from typing import NamedTuple

import httpx

from devstack.settings import free_ports
from tests.acceptance.programs import Site, wait_for


class Whole(NamedTuple):
    """The four programs side by side, as their four terminals run them.

    Attributes:
        site: with their topics and their database.
        api: its address.
        dashboard: its address, with a slash at the end.
    """

    site: Site
    api: str
    dashboard: str


@contextmanager
def running_whole(site: Site, world: Sequence[str] | None) -> Iterator[Whole]:
    """Run them until the context ends.

    Args:
        site: where.
        world: what the producer is told; None for no producer.
    """
    api, dashboard = (f"http://127.0.0.1:{port}" for port in free_ports(2))
    producer = [] if world is None else [("producer.py", *world)]
    with ExitStack() as programs:
        for command in (
            *producer,
            ("detector.py",),
            ("-m", "uvicorn", "api:app", "--port", api.rpartition(":")[2]),
            (
                *("-m", "streamlit", "run", "dashboard.py", "--server.headless", "true"),
                *("--server.address", "127.0.0.1"),
                *("--server.port", dashboard.rpartition(":")[2]),
            ),
        ):
            env = {"FINGUARD_DASHBOARD_API_URL": api}
            programs.enter_context(site.running(*command, env=env))
        wait_for(lambda: is_healthy(f"{api}/health"), "the API")
        wait_for(lambda: is_healthy(f"{dashboard}/_stcore/health"), "the dashboard")
        yield Whole(site, api, f"{dashboard}/")


def is_healthy(url: str) -> bool:
    """Whether a page answers with 200."""
    try:
        return httpx.get(url, timeout=2).is_success
    except httpx.TransportError:
        return False


def free_port() -> int:
    """A port of this machine that nobody listens on."""
    (port,) = free_ports(1)
    return port
