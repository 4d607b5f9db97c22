"""The ledger in front of a PostgreSQL that has stopped answering."""

from contextlib import closing, suppress

import psutil
import psycopg2
import pytest

from finguard.adapters.postgres.connection import connector
from finguard.adapters.postgres.ledger import PostgresLedger
from finguard.domain.stream import TopicIdentity
from finguard.errors import ServiceUnavailable
from tests.patience import wait_for

NAME = "ledger-under-test"


def test_a_frozen_server_is_given_up_and_found_again(database: str) -> None:
    """The server keeps no statement timeout then, and TCP notices nothing: the ledger does."""
    ledger = PostgresLedger(
        connector(database, application_name=NAME),
        group="g",
        identity=TopicIdentity("transactions", "id-1", 1),
        patience_s=0.5,
    )

    def claims() -> bool:
        # On a busy machine even a server that is well may take longer than the patience.
        with suppress(ServiceUnavailable):
            return ledger.claim({0: 0})[0].next_offset == 0
        return False

    with closing(ledger):
        wait_for(claims, "a first claim")
        backend = psutil.Process(_backend_pid(database))
        backend.suspend()
        try:
            with pytest.raises(ServiceUnavailable):
                ledger.claim({0: 0})
            wait_for(claims, "a claim by way of another backend")
        finally:
            backend.resume()


def _backend_pid(database: str) -> int:
    with closing(psycopg2.connect(database)) as connection, connection.cursor() as cursor:
        cursor.execute(
            "SELECT pid FROM pg_stat_activity WHERE application_name = %s"
            " ORDER BY backend_start DESC LIMIT 1",
            (NAME,),
        )
        ((pid,),) = cursor.fetchall()
    return int(pid)
