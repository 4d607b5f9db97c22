"""The API's way to PostgreSQL: brought up in the background, and back after every outage."""

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from time import perf_counter
from typing import Final, Literal

import msgspec
import psycopg2
import structlog
from anyio import CapacityLimiter, to_thread
from psycopg2.extensions import connection as Connection  # noqa: N812 - psycopg2's own lower case
from psycopg2.extras import RealDictCursor

from finguard.adapters.postgres import statistics
from finguard.adapters.postgres.connection import connect
from finguard.adapters.postgres.migrate import migrate, migrations
from finguard.adapters.postgres.pool import ConnectionPool, SchemaMissing
from finguard.errors import ConfigurationError, FinGuardError, ServiceUnavailable

_log = structlog.get_logger()

_STATEMENT_TIMEOUT_MS: Final = 3_500
_WAIT_S: Final = 1.0
_HOLD_S: Final = 4.0
_PROBE_TIMEOUT_MS: Final = 1_000
_PROBE_WAIT_S: Final = 1.0
_PROBE_HOLD_S: Final = 1.5
_EXPORT_STATEMENT_TIMEOUT_MS: Final = 30_000
_EXPORT_WAIT_S: Final = 1.0
_FIRST_PAUSE_S: Final = 0.5
_LONGEST_PAUSE_S: Final = 5.0
_IDLE_PAUSE_S: Final = 1.0

MAX_EXPORTS: Final = 2
MAX_EXPORT_S: Final = 120.0

State = Literal["pending", "ready", "failed"]


class Probe(msgspec.Struct, frozen=True):
    """What one look at PostgreSQL found.

    Attributes:
        latency_ms: of one small query; None when there was no answer.
        applied: names of the migrations that the database has.
    """

    latency_ms: float | None
    applied: list[str]

    @property
    def pending(self) -> list[str]:
        """Names of the migrations that the database lacks."""
        return [name for name in migrations() if name not in self.applied]


class Database:
    """Lends connections once the schema is there, and sees to it that it comes to be.

    Args:
        dsn: where PostgreSQL is. sslmode: as libpq has it.
        pool_size: connections at most, besides one for health.
        prepare: what to do right after migrating, with the pool; may be done again.
    """

    def __init__(
        self,
        dsn: str,
        *,
        sslmode: str | None,
        pool_size: int,
        prepare: Callable[[ConnectionPool], None],
    ) -> None:
        self._dsn = dsn
        self._sslmode = sslmode
        self._prepare = prepare
        self._state: State = "pending"
        self._probing: asyncio.Task[Probe] | None = None
        self.pool = ConnectionPool(
            self._opener(_STATEMENT_TIMEOUT_MS), size=pool_size, wait_s=_WAIT_S, hold_s=_HOLD_S
        )
        # Its own, so that a busy pool does not look like a dead server.
        self._probe_pool = ConnectionPool(
            self._opener(_PROBE_TIMEOUT_MS), size=1, wait_s=_PROBE_WAIT_S, hold_s=_PROBE_HOLD_S
        )

        # Few, since each may be held for long.
        self._export_pool = ConnectionPool(
            self._opener(_EXPORT_STATEMENT_TIMEOUT_MS),
            size=MAX_EXPORTS,
            wait_s=_EXPORT_WAIT_S,
            hold_s=MAX_EXPORT_S,
        )

    @property
    def state(self) -> State:
        """Whether the schema is there: not yet, yes, or not without a person's help."""
        return self._state

    @contextmanager
    def cursor(self) -> Iterator[RealDictCursor]:
        """A cursor whose statements each stand alone.

        Raises:
            ServiceUnavailable: while the schema is not there, or PostgreSQL is not.
        """
        with self._ready_pool() as pool, pool.cursor() as cursor:
            yield cursor

    @contextmanager
    def transaction(self) -> Iterator[RealDictCursor]:
        """A cursor whose statements happen together.

        Raises:
            ServiceUnavailable: as for `cursor`.
        """
        with self._ready_pool() as pool, pool.transaction() as cursor:
            yield cursor

    @contextmanager
    def snapshot(self) -> Iterator[RealDictCursor]:
        """A cursor whose queries all see one moment.

        Raises:
            ServiceUnavailable: as for `cursor`.
        """
        with self._ready_pool() as pool, pool.snapshot() as cursor:
            yield cursor

    @contextmanager
    def long_snapshot(self) -> Iterator[RealDictCursor]:
        """A cursor for `MAX_EXPORT_S` whose queries all see one moment; `MAX_EXPORTS` at a time.

        Raises:
            ServiceUnavailable: as for `cursor`.
        """
        with self._ready_pool(), self._export_pool.snapshot() as cursor:
            yield cursor

    def listening(self) -> Connection:
        """A new connection beside the pool, for whoever waits on it for long.

        Raises:
            ServiceUnavailable: when PostgreSQL is not there.
        """
        return self._opener(_STATEMENT_TIMEOUT_MS)()

    async def start(self) -> None:
        """Try to bring the schema up once; an unreachable server is no reason to fail.

        Raises:
            ConfigurationError: when no later attempt could succeed.
        """
        try:
            await to_thread.run_sync(self._bring_up)
        except ServiceUnavailable as error:
            _log.warning("PostgreSQL is away: answering 503 until it comes", reason=str(error))

    async def keep_up(self) -> None:
        """Bring the schema up whenever it is missing, until cancelled."""
        pause_s = _FIRST_PAUSE_S
        while True:
            await asyncio.sleep(_IDLE_PAUSE_S if self._state == "ready" else pause_s)
            if self._state == "ready":
                pause_s = _FIRST_PAUSE_S
                continue
            pause_s = min(2 * pause_s, _LONGEST_PAUSE_S)
            await self._try_again()

    async def probe(self) -> Probe:
        """Look at PostgreSQL; whoever asks while somebody looks shares what that one sees."""
        if self._probing is None or self._probing.done():
            self._probing = asyncio.create_task(self._probe())
        return await asyncio.shield(self._probing)

    def close(self) -> None:
        """Give all connections back."""
        self.pool.close()
        self._probe_pool.close()
        self._export_pool.close()

    @contextmanager
    def _ready_pool(self) -> Iterator[ConnectionPool]:
        if self._state != "ready":
            raise ServiceUnavailable("PostgreSQL: the tables are not there yet")
        try:
            yield self.pool
        except SchemaMissing:
            self._state = "pending"
            raise

    def _opener(self, statement_timeout_ms: int) -> Callable[[], Connection]:
        return lambda: connect(
            self._dsn,
            sslmode=self._sslmode,
            application_name="finguard-api",
            statement_timeout_ms=statement_timeout_ms,
        )

    def _bring_up(self) -> None:
        try:
            migrate(self._dsn, sslmode=self._sslmode)
            self._prepare(self.pool)
        except ConfigurationError:
            self._state = "failed"
            raise
        except psycopg2.Error as error:
            self._state = "failed"
            reason = " ".join(str(error).split())
            raise ConfigurationError(f"PostgreSQL refuses to make the tables: {reason}") from error
        self._state = "ready"

    async def _try_again(self) -> None:
        was_failed = self._state == "failed"
        try:
            await to_thread.run_sync(self._bring_up, abandon_on_cancel=True)
        except ServiceUnavailable:
            return
        except FinGuardError as error:
            if not was_failed:
                _log.error("PostgreSQL cannot be used", reason=str(error))
            return
        except Exception:  # noqa: BLE001 - whatever it is, the next attempt must still come
            _log.exception("bringing PostgreSQL up failed")
            return
        _log.info("PostgreSQL is ready")

    async def _probe(self) -> Probe:
        """Look in a thread that no other request can keep busy."""
        return await to_thread.run_sync(self._look, limiter=CapacityLimiter(1))

    def _look(self) -> Probe:
        began_s = perf_counter()
        try:
            with self._probe_pool.cursor() as cursor:
                began_s = perf_counter()
                applied = statistics.applied_migrations(cursor)
        except SchemaMissing:
            applied = []
        except ServiceUnavailable:
            return Probe(None, [])
        return Probe(round((perf_counter() - began_s) * 1000, 2), applied)
