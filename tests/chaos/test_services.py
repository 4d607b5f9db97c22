"""Faults of Kafka, PostgreSQL and Redis, in short; `make chaos` runs them at length."""

from collections.abc import Iterator

import pytest

from devstack import Stack, running_stack
from tests.acceptance.programs import Site
from tests.chaos import broker, database, profiles
from tests.chaos.outcome import run
from tests.chaos.rows import Row, quick, title
from tests.conftest import make_template

pytestmark = pytest.mark.timeout(300)


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """Services of their own: how long they take to recover follows from all that they hold.

    PostgreSQL that is killed reads again what was written since its last checkpoint, and syncs each
    file: those of hundreds of databases of other tests took it longer than a start may take.
    """
    with running_stack(tmp_path_factory.mktemp("stack")) as running:
        yield running


@pytest.fixture(scope="module")
def template(stack: Stack) -> str:
    """The database to clone, of these services."""
    return make_template(stack)


@pytest.mark.parametrize("row", quick(broker, database, profiles), ids=title)
def test_a_fault_costs_nothing_but_time(stack: Stack, site: Site, row: Row) -> None:
    """After it, PostgreSQL, Redis and the dead letters hold what the oracle says, once."""
    outcome = run(stack, site, row, row.quick)
    assert outcome.passed, outcome.failure
