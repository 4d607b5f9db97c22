"""A deployment for each fault."""

from tests.acceptance.conftest import site  # noqa: F401 - a fixture
