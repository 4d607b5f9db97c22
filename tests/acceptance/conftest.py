"""Deployments for the acceptance tests."""

from pathlib import Path

import pytest

from devstack import Stack
from tests.acceptance.programs import Site


@pytest.fixture
def site(stack: Stack, database: str, tmp_path: Path) -> Site:
    """A deployment of its own: topics, group, database."""
    return Site(stack, database, tmp_path)
