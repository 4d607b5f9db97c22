"""The real services that tests run against, started once, and a clean database for each test."""

import gc
import os
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from uuid import uuid4

import psycopg2
import pytest
from hypothesis import HealthCheck, settings
from psycopg2.extensions import make_dsn, parse_dsn

from devstack import Stack, running_stack
from finguard.adapters.kafka import connection as kafka_connection
from finguard.adapters.postgres.migrate import migrate
from finguard.errors import ServiceUnavailable
from tests.patience import PATIENCE_S, wait_for

TEMPLATE = "finguard_template"

HERE = Path(__file__).parent
SLOW_ROOMS = {"acceptance", "chaos", "fuzz"}
"""Whose tests run whole programs."""

END_SESSIONS = """
SELECT pg_terminate_backend(pid) FROM pg_stat_activity
WHERE datname = %s AND usename = current_user
"""

# The machine may be shared: how long examples take says nothing of the code.
settings.register_profile("finguard", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("finguard")


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Spread the slow files over the others, and let none be the last.

    All at once they would keep one another from working, and in the end a worker would go on alone.
    Within both kinds the order stays as it is, which is random.
    """
    files = list(dict.fromkeys(item.path for item in items))
    slow = [file for file in files if file.relative_to(HERE).parts[0] in SLOW_ROOMS]
    quick = [file for file in files if file not in slow]
    places = {file: 0.7 * place / len(slow) for place, file in enumerate(slow)}
    places |= {file: place / len(quick) for place, file in enumerate(quick)}
    items.sort(key=lambda item: places[item.path])


@pytest.fixture(scope="module", autouse=True)
def _left_behind() -> Iterator[None]:
    """Let each file answer for the sockets and files that it leaves open.

    They are told of, as errors, when the collector finds them, which may be tests later.
    """
    yield
    gc.collect()


@pytest.fixture(scope="session", autouse=True)
def _patient_with_kafka() -> Iterator[None]:
    """Let clients in the tests' own process wait for a Kafka that a busy machine keeps waiting."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(kafka_connection, "BOOTSTRAP_TIMEOUT_MS", int(1_000 * PATIENCE_S))
        yield


@pytest.fixture(scope="session")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """Kafka, Redis and PostgreSQL on free ports, for the whole session; fails, never skips."""
    with running_stack(tmp_path_factory.mktemp("stack")) as running:
        yield running


@pytest.fixture(scope="session")
def template(stack: Stack) -> str:
    """The name of a migrated database that is never used itself, only cloned."""
    return make_template(stack)


@pytest.fixture
def database(stack: Stack, template: str) -> Iterator[str]:
    """The DSN of a fresh, migrated database, which goes with the test.

    A killed PostgreSQL reads again what was written since its last checkpoint and syncs each file:
    with the databases of hundreds of tests still there, that takes longer than a start may take.
    """
    dsn = clone_database(stack, template)
    yield dsn
    name = parse_dsn(dsn)["dbname"]
    # Not by FORCE, which is refused while PostgreSQL itself, an autovacuum worker, is at it.
    _administer(stack, END_SESSIONS, name)
    _administer(stack, f"DROP DATABASE {name}")


@pytest.fixture(scope="session")
def data_folder() -> Path:
    """Real transactions, which are not part of the project: beside it, or where a variable says."""
    beside_the_checkout = Path(__file__).parents[2] / "shared" / "data"
    folder = Path(os.environ.get("FINGUARD_TEST_DATA", beside_the_checkout))
    if not folder.is_dir():
        pytest.fail(f"the real data are missing: no folder {folder}; set FINGUARD_TEST_DATA")
    return folder


def make_template(stack: Stack) -> str:
    """Make a migrated database to clone, and tell its name."""
    _administer(stack, f"CREATE DATABASE {TEMPLATE}")
    wait_for(lambda: _migrated(database_dsn(stack, TEMPLATE)), "the tables")
    return TEMPLATE


def clone_database(stack: Stack, template: str) -> str:
    """The DSN of a new copy of the template."""
    name = f"test_{uuid4().hex}"
    _administer(stack, f"CREATE DATABASE {name} TEMPLATE {template}")
    return database_dsn(stack, name)


def create_database(stack: Stack) -> str:
    """The name of a new database without any table."""
    name = f"test_{uuid4().hex}"
    _administer(stack, f"CREATE DATABASE {name}")
    return name


def database_dsn(stack: Stack, name: str) -> str:
    """The stack's DSN with another database."""
    return str(make_dsn(stack.postgres_dsn, dbname=name))


def _migrated(dsn: str) -> bool:
    """Make the tables; false where PostgreSQL was too slow for it, which does no harm."""
    with suppress(ServiceUnavailable):
        migrate(dsn)
        return True
    return False


def _administer(stack: Stack, statement: str, *parameters: object) -> None:
    wait_for(lambda: _is_done(stack, statement, parameters), statement)


def _is_done(stack: Stack, statement: str, parameters: Sequence[object]) -> bool:
    """Execute a statement; false while somebody who is about to leave still uses the database."""
    connection = psycopg2.connect(stack.postgres_dsn)
    connection.autocommit = True
    try:
        with connection.cursor() as cursor:
            cursor.execute(statement, parameters)
    except psycopg2.errors.ObjectInUse:
        return False
    finally:
        connection.close()
    return True
