"""Brings the database to the schema this version needs: numbered SQL files, each applied once."""

from hashlib import sha256
from importlib import resources
from typing import Final

import structlog
from psycopg2.extensions import connection as Connection  # noqa: N812 - psycopg2's own lower case

from finguard.adapters.postgres.connection import connect, translated
from finguard.errors import ConfigurationError

_log = structlog.get_logger()

ADVISORY_LOCK: Final = 0x46696E4775617264  # "FinGuard"
_STATEMENT_TIMEOUT_MS: Final = 60_000


def migrate(dsn: str, *, sslmode: str | None = None) -> list[str]:
    """Apply the migrations that the database lacks, each in one transaction.

    Programs that start together wait for one another under an advisory lock.

    Returns:
        The names applied now; empty when the schema was current.

    Raises:
        ServiceUnavailable: when PostgreSQL cannot be reached.
        ConfigurationError: when a migration that was applied has changed since, or when the
            database was migrated by a newer version.
    """
    connection = connect(
        dsn,
        sslmode=sslmode,
        application_name="finguard-migrate",
        statement_timeout_ms=_STATEMENT_TIMEOUT_MS,
    )
    try:
        with translated():
            return _apply_missing(connection)
    finally:
        connection.close()


def migrations() -> dict[str, str]:
    """The numbered migrations, name to SQL, in order."""
    folder = resources.files("finguard.adapters.postgres") / "migrations"
    files = sorted(
        (file for file in folder.iterdir() if file.name.endswith(".sql")),
        key=lambda file: file.name,
    )
    return {file.name.removesuffix(".sql"): file.read_text("utf-8") for file in files}


def _apply_missing(connection: Connection) -> list[str]:
    with connection, connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_lock(%s)", (ADVISORY_LOCK,))
    with connection, connection.cursor() as cursor:
        cursor.execute(
            "CREATE TABLE IF NOT EXISTS schema_migrations ("
            " name text PRIMARY KEY, checksum text NOT NULL,"
            " applied_at timestamptz NOT NULL DEFAULT now())"
        )
        cursor.execute("SELECT name, checksum FROM schema_migrations")
        applied = dict(cursor.fetchall())
    wanted = migrations()
    _refuse_surprises(applied, wanted)
    missing = [name for name in wanted if name not in applied]
    for name in missing:
        with connection, connection.cursor() as cursor:
            cursor.execute(wanted[name])
            cursor.execute(
                "INSERT INTO schema_migrations (name, checksum) VALUES (%s, %s)",
                (name, _checksum(wanted[name])),
            )
        _log.info("migration applied", migration=name)
    return missing


def _refuse_surprises(applied: dict[str, str], wanted: dict[str, str]) -> None:
    for name, checksum in applied.items():
        if name not in wanted:
            raise ConfigurationError(
                f"the database holds migration {name}, which this version does not know; "
                "run a version at least as new"
            )
        if checksum != _checksum(wanted[name]):
            raise ConfigurationError(
                f"migration {name} has changed since it was applied; "
                "restore the file and put the change into a new migration"
            )


def _checksum(text: str) -> str:
    return sha256(text.encode()).hexdigest()
