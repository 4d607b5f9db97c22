"""Connections to PostgreSQL that never hang, and its errors in FinGuard's terms."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any, Final

import psycopg2
from psycopg2 import errorcodes
from psycopg2.extensions import connection as Connection  # noqa: N812 - psycopg2's own lower case
from psycopg2.extensions import make_dsn

from finguard.errors import ConfigurationError, ServiceUnavailable

CONNECT_TIMEOUT_S: Final = 3
TCP_USER_TIMEOUT_MS: Final = 5_000

_UNAVAILABLE_CLASSES: Final = (
    errorcodes.CLASS_CONNECTION_EXCEPTION,
    errorcodes.CLASS_INSUFFICIENT_RESOURCES,
    errorcodes.CLASS_OPERATOR_INTERVENTION,
    errorcodes.CLASS_TRANSACTION_ROLLBACK,
    errorcodes.CLASS_SYSTEM_ERROR,
    errorcodes.CLASS_OBJECT_NOT_IN_PREREQUISITE_STATE,
)
"""SQLSTATE classes that the same statement may survive later: restarts, full disks, deadlocks,
time-outs, a server still starting."""

_UNAVAILABLE_CODES: Final = (
    errorcodes.READ_ONLY_SQL_TRANSACTION,
    errorcodes.IDLE_IN_TRANSACTION_SESSION_TIMEOUT,
)
"""Single codes of the same kind, of classes that otherwise mean a fault of ours."""


def connect(
    dsn: str,
    *,
    sslmode: str | None = None,
    application_name: str,
    statement_timeout_ms: int = 5_000,
) -> Connection:
    """Open a connection whose every wait is bounded and whose time zone is UTC.

    Raises:
        ServiceUnavailable: when the server cannot be reached or refuses.
        ConfigurationError: when the DSN is none.
    """
    extras: dict[str, Any] = {"sslmode": sslmode} if sslmode else {}
    try:
        full_dsn = make_dsn(dsn, **extras)
    except psycopg2.ProgrammingError:
        # The driver's own text would quote the password.
        raise ConfigurationError(
            "FINGUARD_POSTGRES_DSN is none: it looks like postgresql://user:password@host:port/name"
        ) from None
    with _reaching(), translated():
        opened: Connection = psycopg2.connect(
            full_dsn,
            application_name=application_name,
            connect_timeout=CONNECT_TIMEOUT_S,
            tcp_user_timeout=TCP_USER_TIMEOUT_MS,
            keepalives=1,
            keepalives_idle=5,
            keepalives_interval=2,
            keepalives_count=3,
            client_encoding="UTF8",
            options=(
                f"-c statement_timeout={statement_timeout_ms} "
                f"-c lock_timeout={statement_timeout_ms} "
                f"-c idle_in_transaction_session_timeout={6 * statement_timeout_ms} "
                # Compiling a plan takes longer than any of ours runs.
                "-c timezone=UTC -c jit=off"
            ),
        )
    return opened


@contextmanager
def _reaching() -> Iterator[None]:
    try:
        yield
    except ServiceUnavailable as error:
        raise ServiceUnavailable(
            f"{error}. Start it with `make up`, or say where it is with FINGUARD_POSTGRES_DSN",
            service="postgresql",
        ) from error


def connector(
    dsn: str, *, sslmode: str | None = None, application_name: str
) -> Callable[[], Connection]:
    """A function that opens such a connection, anew at each call."""
    return partial(connect, dsn, sslmode=sslmode, application_name=application_name)


@contextmanager
def translated() -> Iterator[None]:
    """Turn every driver error that means "not now" into `ServiceUnavailable`.

    The first error after a server's immediate restart is a bare `DatabaseError` without a code on
    a connection that still calls itself open, so an error without a code counts as "not now" too.
    Errors that mean a fault of ours, such as a violated constraint, pass through.

    Raises:
        ServiceUnavailable: with the driver's own first line.
    """
    try:
        yield
    except psycopg2.InterfaceError as error:
        raise _away(error) from error
    except psycopg2.Error as error:
        if _means_not_now(error.pgcode):
            raise _away(error) from error
        raise


def _away(error: psycopg2.Error) -> ServiceUnavailable:
    return ServiceUnavailable(f"PostgreSQL: {_first_line(error)}", service="postgresql")


def _means_not_now(code: str | None) -> bool:
    return code is None or code[:2] in _UNAVAILABLE_CLASSES or code in _UNAVAILABLE_CODES


def _first_line(error: Exception) -> str:
    return next(iter(str(error).strip().splitlines()), type(error).__name__)
