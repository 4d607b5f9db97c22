"""Deployments for the acceptance tests, and the whole of FinGuard for the browser."""

import os
import shutil
import socket
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import NamedTuple

import httpx
import pytest

from devstack import Stack
from tests.acceptance.programs import Site, wait_for
from tests.conftest import clone_database

BROWSERS = ("chromium", "chromium-browser", "google-chrome")


@pytest.fixture
def site(stack: Stack, database: str, tmp_path: Path) -> Site:
    """A deployment of its own: topics, group, database."""
    return Site(stack, database, tmp_path)


@pytest.fixture(scope="session")
def browser_path() -> Path:
    """The system's Chromium; without one the browser tests are skipped, except in CI."""
    for name in BROWSERS:
        if found := shutil.which(name):
            return Path(found)
    reason = "no Chromium on this machine; on Debian and Ubuntu: apt install chromium"
    if os.environ.get("CI"):
        pytest.fail(reason)
    pytest.skip(reason)


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


@pytest.fixture(scope="session")
def whole(stack: Stack, template: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Whole]:
    """All of FinGuard, for a browser."""
    site = Site(stack, clone_database(stack, template), tmp_path_factory.mktemp("programs"))
    api, dashboard = (f"http://127.0.0.1:{free_port()}" for _ in range(2))
    world = ("--rate", "40", "--users", "200", "--seed", "3", "--fraud-rate", "0.3")
    with ExitStack() as programs:
        for command in (
            ("producer.py", *world),
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
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
