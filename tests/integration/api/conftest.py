"""An API in front of a database of its own, for each test."""

from collections.abc import Iterator

import httpx
import pytest

from devstack import Stack
from finguard.api.app import create_app
from finguard.api.throttle import Limit, ThrottlePolicy
from tests.integration.api.history import History, random_history
from tests.integration.api.poison import Poison
from tests.integration.api.serving import let_the_api_wait, served, sign_in
from tests.integration.api.world import World
from tests.patience import PATIENCE_S
from tests.unit.api.configuration import api_settings


@pytest.fixture(autouse=True)
def _patience(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Give the API time, but in tests of how long it waits: those are marked as hasty."""
    hasty = request.node.get_closest_marker("hasty")
    let_the_api_wait(monkeypatch, hasty=hasty.args if hasty else ())


@pytest.fixture
def world(database: str) -> World:
    """The API's database, to fill and to look into."""
    return World(database)


@pytest.fixture
def history(world: World) -> History:
    """Three random days of alerts and transactions."""
    return random_history(world)


@pytest.fixture
def api(world: World) -> Iterator[httpx.Client]:
    """A client of the API that has not signed in."""
    with served(create_app(api_settings(world.dsn))) as client:
        yield client


@pytest.fixture
def client(api: httpx.Client) -> httpx.Client:
    """A client of the API that has signed in as the administrator."""
    sign_in(api)
    return api


@pytest.fixture
def strict(world: World) -> Iterator[httpx.Client]:
    """One of an API whose throttle lets everybody wait for longer than a test takes."""
    pair, account, address = (
        Limit(free, PATIENCE_S, first_wait_s=PATIENCE_S) for free in (5, 10, 20)
    )
    policy = ThrottlePolicy(pair=pair, account=account, address=address)
    with served(create_app(api_settings(world.dsn), throttle=policy)) as client:
        yield client


@pytest.fixture
def poison(stack: Stack, world: World) -> Iterator[Poison]:
    """Topics for dead letters, and a hand that writes them into the API's database."""
    made = Poison(stack.kafka_bootstrap_servers, world)
    yield made
    made.close()


@pytest.fixture
def desk(poison: Poison) -> Iterator[httpx.Client]:
    """A client of an API that works with those topics, signed in as the administrator."""
    with served(create_app(poison.settings())) as client:
        sign_in(client)
        yield client
