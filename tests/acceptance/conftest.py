"""Deployments for the acceptance tests, and the whole of FinGuard for the browser."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from devstack import Stack
from devstack.chromium import NO_BROWSER, find_browser
from tests.acceptance.programs import Site
from tests.acceptance.whole import Whole, running_whole
from tests.conftest import clone_database

# Poison is what the tests of dead letters bring themselves.
WORLD = (
    *("--rate", "40", "--users", "200", "--seed", "3"),
    *("--fraud-rate", "0.3", "--poison-rate", "0"),
)


@pytest.fixture
def site(stack: Stack, database: str, tmp_path: Path) -> Site:
    """A deployment of its own: topics, group, database."""
    return Site(stack, database, tmp_path)


@pytest.fixture(scope="session")
def browser_path() -> Path:
    """The system's Chromium; without one nothing that a browser shows is proven, so that fails."""
    found = find_browser()
    if found is None:
        pytest.fail(NO_BROWSER)
    return found


@pytest.fixture(scope="session")
def whole(stack: Stack, template: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Whole]:
    """All of FinGuard, for a browser."""
    site = Site(stack, clone_database(stack, template), tmp_path_factory.mktemp("programs"))
    with running_whole(site, WORLD) as running:
        yield running
