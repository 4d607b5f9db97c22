"""The API under attack: real services, and data in which the description's examples are real."""

import logging
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Final, NamedTuple

import structlog

from devstack import Stack
from finguard.adapters.postgres.users import Role
from finguard.api.app import create_app
from finguard.api.throttle import Limit, ThrottlePolicy
from tests.integration.api.history import random_history
from tests.integration.api.poison import BAD, Poison
from tests.integration.api.serving import PASSWORD, USERNAME, served
from tests.integration.api.world import World, alert


class Attacker(NamedTuple):
    """As whom the API is attacked."""

    username: str
    password: str
    role: Role


# None of the description's examples: what the attack does to those users does not end it.
ATTACKERS: Final[tuple[Attacker, ...]] = (
    Attacker("attacker-admin", "the admin who attacks", "admin"),
    Attacker("attacker-viewer", "the viewer who attacks", "viewer"),
)

_EXAMPLE_ALERT_ID: Final = 4711
_EXAMPLE_SUPPRESSION_ID: Final = 12
_EXAMPLES: Final = 20

# Every made-up login comes from one address. The usual throttle would refuse all but the first
# fifty unread; it has tests of its own.
_PATIENT: Final = Limit(free_failures=10**9, longest_wait_s=1)


@contextmanager
def target(stack: Stack, dsn: str) -> Iterator[str]:
    """The address of an API in front of a database that is filled here."""
    world = World(dsn)
    with closing(Poison(stack.kafka_bootstrap_servers, world)) as poison:
        # First, so that the description's example is one that Kafka has.
        poison.bury(*[BAD] * _EXAMPLES)
        settings = poison.settings(redis_url=stack.redis_url)
    _fill(world)
    throttle = ThrottlePolicy(pair=_PATIENT, account=_PATIENT, address=_PATIENT)
    with _quiet(), served(create_app(settings, throttle=throttle)) as client:
        yield str(client.base_url)


@contextmanager
def _quiet() -> Iterator[None]:
    """Thousands of requests and refusals in the log would bury what is found."""
    before = structlog.get_config()
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.ERROR))
    try:
        yield
    finally:
        structlog.configure(**before)


def _fill(world: World) -> None:
    for attacker in ATTACKERS:
        world.add_user(attacker.username, attacker.password, attacker.role)
    world.add_user(USERNAME, PASSWORD, "admin")
    world.add_user("alice", "correct horse", "analyst")
    world.add_user("ann", "correct horse", "analyst")
    world.execute(f"ALTER TABLE alerts ALTER COLUMN alert_id RESTART WITH {_EXAMPLE_ALERT_ID}")
    # Of the last hours, which statistics are about unless they are asked for others.
    now = datetime.now(UTC)
    world.store_alerts(
        [
            alert(
                user_id="u-17",
                rule="impossible_travel",
                severity="high",
                score=97,
                story="New York 1 minute after Istanbul: 8,065 km",
                amount=Decimal("129.9"),
                currency="EUR",
                assignee="alice",
                occurred_at=now - number * timedelta(hours=1),
            )
            for number in range(_EXAMPLES)
        ]
    )
    random_history(world)
    world.execute(
        "ALTER TABLE suppressions ALTER COLUMN suppression_id"
        f" RESTART WITH {_EXAMPLE_SUPPRESSION_ID}"
    )
    world.execute(
        "INSERT INTO suppressions (user_id, kind, reason, created_by)"
        " VALUES ('u-17', 'allow', 'A test.', 'alice')"
    )
