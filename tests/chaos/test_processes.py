"""Faults of programs, topics and messages, in short; `make chaos` runs them at length."""

import pytest

from devstack import Stack
from tests.acceptance.programs import Site
from tests.chaos import crashes, membership, messages, topic
from tests.chaos.outcome import run
from tests.chaos.rows import Row, quick, title


@pytest.mark.parametrize("row", quick(crashes, membership, messages, topic), ids=title)
def test_a_fault_costs_nothing_but_time(stack: Stack, site: Site, row: Row) -> None:
    """After it, PostgreSQL, Redis and the dead letters hold what the oracle says, once."""
    outcome = run(stack, site, row, row.quick)
    assert outcome.passed, outcome.failure
