"""The pool: it waits, it is bounded, and it never lends what is broken."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, suppress
from time import monotonic

import psycopg2
import pytest
from psycopg2.extensions import connection as Connection  # noqa: N812 - psycopg2's own lower case

from finguard.adapters.postgres.connection import connect
from finguard.adapters.postgres.pool import ConnectionPool, SchemaMissing
from finguard.errors import ServiceUnavailable
from tests.integration.api.world import World
from tests.patience import PATIENCE_S, wait_for

SIZE = 3


class Opener:
    """Opens connections and counts them.

    Args:
        dsn: to where.
    """

    def __init__(self, dsn: str) -> None:
        self._dsn = dsn
        self.opened = 0

    def __call__(self) -> Connection:
        """Open one more."""
        self.opened += 1
        return connect(
            self._dsn,
            application_name="pool-under-test",
            statement_timeout_ms=int(1_000 * PATIENCE_S),
        )


@pytest.fixture
def opener(database: str) -> Opener:
    """Counts the connections to a database."""
    return Opener(database)


@pytest.fixture
def pool(opener: Opener) -> Iterator[ConnectionPool]:
    """A pool of three."""
    pool = ConnectionPool(opener, size=SIZE, wait_s=PATIENCE_S, hold_s=PATIENCE_S)
    yield pool
    pool.close()


def backend(pool: ConnectionPool) -> int:
    """The server process behind the next connection."""
    with pool.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid() AS pid")
        row = cursor.fetchone()
    assert row is not None
    return int(row["pid"])


def test_connections_are_used_again(pool: ConnectionPool, opener: Opener) -> None:
    """One caller after another gets the same connection."""
    assert len({backend(pool) for _ in range(10)}) == opener.opened == 1


def test_never_more_connections_than_its_size(opener: Opener) -> None:
    """Thirty threads share three connections, and all get their turn."""
    pool = ConnectionPool(opener, size=SIZE, wait_s=PATIENCE_S, hold_s=PATIENCE_S)

    def work(_: int) -> None:
        with pool.cursor() as cursor:
            cursor.execute("SELECT pg_sleep(0.01)")

    with ThreadPoolExecutor(30) as threads:
        list(threads.map(work, range(60)))
    pool.close()
    assert opener.opened <= SIZE


def test_caller_waits_and_then_gives_up(opener: Opener) -> None:
    """With all connections lent, the next caller waits its time and hears why."""
    with closing(ConnectionPool(opener, size=SIZE, wait_s=0.3, hold_s=PATIENCE_S)) as pool:
        with pool.cursor(), pool.cursor(), pool.cursor():
            began_s = monotonic()
            with pytest.raises(ServiceUnavailable, match="all 3 connections"), pool.cursor():
                pass
            assert monotonic() - began_s > 0.25
        assert backend(pool)


def test_dead_connection_is_replaced(pool: ConnectionPool, opener: Opener, database: str) -> None:
    """A session that the server ended while it was idle is not lent."""
    ended = backend(pool)
    other = psycopg2.connect(database)
    terminate = "SELECT pg_terminate_backend(%s, %s)"
    other.cursor().execute(terminate, (ended, int(1_000 * PATIENCE_S)))
    other.close()
    assert backend(pool) != ended
    assert opener.opened == 2


def test_long_loan_is_cut(opener: Opener) -> None:
    """A statement that outlasts the loan ends as unavailable, and the next caller is served."""
    with closing(ConnectionPool(opener, size=SIZE, wait_s=PATIENCE_S, hold_s=1.0)) as pool:
        with pytest.raises(ServiceUnavailable), pool.cursor() as cursor:
            cursor.execute("SELECT pg_sleep(60)")

        def is_served() -> bool:
            with suppress(ServiceUnavailable):
                return backend(pool) > 0
            return False

        wait_for(is_served, "the next caller")


def test_exception_undoes_a_transaction(pool: ConnectionPool) -> None:
    """What a failed transaction did is gone, and nobody else meets its remains."""
    insert = "INSERT INTO login_attempts (key) VALUES ('k')"

    def fail() -> None:
        with pool.transaction() as transaction:
            transaction.execute(insert)
            raise LookupError

    with pytest.raises(LookupError):
        fail()
    with pool.cursor() as cursor:
        cursor.execute("SELECT count(*) AS n FROM login_attempts")
        assert cursor.fetchone() == {"n": 0}


def test_statement_that_fails_spoils_nothing(pool: ConnectionPool) -> None:
    """After a faulty statement of ours, the next caller gets a clean connection."""
    with pytest.raises(psycopg2.ProgrammingError), pool.cursor() as cursor:
        cursor.execute("SELEC 1")
    assert backend(pool)


def test_snapshot_sees_one_moment_and_writes_nothing(pool: ConnectionPool) -> None:
    """Queries of one snapshot agree, whatever is committed between them."""
    count = "SELECT count(*) AS n FROM login_attempts"
    with pool.snapshot() as snapshot:
        snapshot.execute(count)
        with pool.cursor() as other:
            other.execute("INSERT INTO login_attempts (key) VALUES ('k')")
        snapshot.execute(count)
        assert snapshot.fetchone() == {"n": 0}
    with pytest.raises(ServiceUnavailable, match="read-only"), pool.snapshot() as snapshot:
        snapshot.execute("DELETE FROM login_attempts")


def test_missing_tables_are_told_apart(pool: ConnectionPool) -> None:
    """A database without the tables is not ready, which is no fault of the query."""
    with pytest.raises(SchemaMissing), pool.cursor() as cursor:
        cursor.execute("SELECT FROM no_such_table")


def test_closed_pool_keeps_nothing(pool: ConnectionPool, world: World) -> None:
    """After closing, no session is left, not even one that was lent at that moment."""
    with pool.cursor() as cursor:
        cursor.execute("SELECT 1")
        pool.close()
    sessions = (
        "SELECT count(*) FROM pg_stat_activity"
        " WHERE application_name = 'pool-under-test' AND datname = current_database()"
    )
    # The server takes a moment to notice.
    wait_for(lambda: world.query(sessions) == [(0,)], "the sessions to end")
