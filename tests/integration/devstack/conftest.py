"""What the stack's own tests share: a place for a stack, and what was said to the user."""

import io
from pathlib import Path

import pytest

from devstack.console import Console
from devstack.layout import Layout
from devstack.lifecycle import Lifecycle
from devstack.redis import Redis
from devstack.settings import free_ports


@pytest.fixture
def layout(tmp_path: Path) -> Layout:
    """An empty place for a stack, which shares the checkout's downloads."""
    return Layout(folder=tmp_path / "a place", cache=Layout.of_checkout().cache)


@pytest.fixture
def said() -> io.StringIO:
    """What the user saw."""
    return io.StringIO()


@pytest.fixture
def redis(layout: Layout) -> Redis:
    """A Redis that does not run yet: of the three, the quickest to start."""
    (port,) = free_ports(1)
    return Redis(url=f"redis://:se%22cret@localhost:{port}/0", layout=layout)


@pytest.fixture
def life(redis: Redis, layout: Layout, said: io.StringIO) -> Lifecycle:
    """The life of a stack that is nothing but that Redis."""
    return Lifecycle(services=[redis], layout=layout, console=Console(said))
