"""The API as an ASGI application."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager, suppress
from datetime import timedelta

import structlog
from anyio import to_thread
from fastapi import FastAPI
from fastapi.routing import APIRoute
from redis import Redis

from finguard import __version__
from finguard.adapters.postgres.sessions import Lifetime
from finguard.adapters.redis_profiles import connect_redis
from finguard.api import (
    alerts,
    audit,
    auth,
    browser,
    customers,
    docs,
    export,
    health,
    letter_stats,
    letter_work,
    letters,
    metrics,
    problems,
    rules,
    stats,
    stream,
    suppressions,
    system,
    triage,
    users,
)
from finguard.api.bootstrap import FirstUser
from finguard.api.database import Database
from finguard.api.edge import Edge
from finguard.api.feed import AlertFeed
from finguard.api.letter_desk import LetterDesk
from finguard.api.metrics import ApiMetrics
from finguard.api.questions import WAIT_S, Questions
from finguard.api.recent import RecentTransactions
from finguard.api.redis_probe import RedisProbe
from finguard.api.security import Tokens
from finguard.api.services import Services
from finguard.api.sessions import Sessions
from finguard.api.shutdown import on_stop
from finguard.api.throttle import LoginThrottle, ThrottlePolicy
from finguard.domain.currencies import UNITS_PER_USD
from finguard.errors import FinGuardError
from finguard.settings import DEVELOPMENT_PASSWORD, Settings

_log = structlog.get_logger()

_TAGS = [
    {"name": "auth", "description": "Signing in and out."},
    {"name": "alerts", "description": "What the rules found."},
    {"name": "triage", "description": "What analysts make of it."},
    {"name": "dead letters", "description": "Messages that were no transactions."},
    {"name": "customers", "description": "Whom it concerns, and whose alerts are kept quiet."},
    {"name": "statistics", "description": "How much of it."},
    {"name": "rules", "description": "What transactions are judged by."},
    {"name": "administration", "description": "Users, and who changed what."},
    {"name": "system", "description": "For operators: what runs, and how far it has got."},
    {"name": "health", "description": "For supervisors; takes no token."},
]

_REDIS_TIMEOUT_S = 0.5

_Lifespan = Callable[[FastAPI], AbstractAsyncContextManager[None]]


def create_app(settings: Settings, *, throttle: ThrottlePolicy | None = None) -> FastAPI:
    """Build the API; nothing is connected before it starts.

    Args:
        settings: everything it needs to know.
        throttle: how failed logins are slowed down; None for the usual way.
    """
    services = _services(settings, throttle or ThrottlePolicy())
    app = FastAPI(
        title="FinGuard",
        version=__version__,
        description=docs.DESCRIPTION,
        openapi_tags=_TAGS,
        openapi_url="/openapi.json" if settings.api_docs else None,
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
        lifespan=_lifespan(services),
        generate_unique_id_function=_operation_id,
    )
    app.state.services = services
    app.state.was_refused = False
    app.openapi = docs.describe(app)  # type: ignore[method-assign] # as FastAPI documents it
    counted = ApiMetrics() if settings.api_metrics else None
    app.add_middleware(
        Edge,
        max_body_bytes=settings.api_max_body_bytes,
        observe=counted.observe if counted else None,
    )
    problems.install(app)
    # Paths with a word where others have an alert's id come first.
    routers = (
        *(auth, browser, stream, export, alerts, triage, customers, suppressions),
        *(letter_work, letters, letter_stats),
        *(stats, rules, users, audit, system, health),
    )
    for routes in routers:
        app.include_router(routes.router)
    if counted:
        app.include_router(metrics.router(counted))
    if settings.api_docs:
        docs.install(app)
    return app


def _services(settings: Settings, throttle: ThrottlePolicy) -> Services:
    given = settings.api_admin_password
    first_user = FirstUser(
        environment=settings.environment,
        password=given.get_secret_value() if given else None,
        development_password=DEVELOPMENT_PASSWORD,
    )
    database = Database(
        settings.postgres_dsn.get_secret_value(),
        sslmode=settings.postgres_sslmode,
        pool_size=settings.api_pool_size,
        prepare=first_user.ensure,
    )
    tokens = Tokens(
        settings.api_secret_key.get_secret_value(), lifetime_s=60 * settings.api_token_minutes
    )
    lifetime = Lifetime(
        idle=timedelta(minutes=settings.api_session_idle_minutes),
        longest=timedelta(hours=settings.api_session_hours),
    )
    return Services(
        production=settings.environment == "production",
        database=database,
        first_user=first_user,
        redis=RedisProbe(_redis(settings)),
        tokens=tokens,
        sessions=Sessions(database, tokens, lifetime),
        throttle=LoginThrottle(database, throttle),
        recent=RecentTransactions(
            _redis(settings),
            group=settings.kafka_group,
            topic=settings.kafka_topic,
            history=settings.history(),
            memory_s=settings.memory_s(),
        ),
        feed=AlertFeed(database, database.listening),
        letters=LetterDesk.of(settings, database),
        statistics=Questions(wait_s=WAIT_S),
        stream_heartbeat_s=settings.api_stream_heartbeat_s,
        units_per_usd={**UNITS_PER_USD, **settings.units_per_usd},
    )


def _redis(settings: Settings) -> Redis:
    return connect_redis(
        settings.redis_url.get_secret_value(),
        ssl_cafile=settings.redis_ssl_cafile,
        timeout_s=_REDIS_TIMEOUT_S,
    )


def _lifespan(services: Services) -> _Lifespan:
    database = services.database

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        try:
            await database.start()
        except FinGuardError as error:
            _log.critical("the API does not start", reason=str(error))
            app.state.was_refused = True
            raise
        keeper = asyncio.create_task(database.keep_up())
        services.feed.start()
        try:
            with on_stop(services.feed.end):
                yield
        finally:
            services.feed.end()
            await to_thread.run_sync(services.feed.join)
            await to_thread.run_sync(services.letters.close)
            keeper.cancel()
            with suppress(asyncio.CancelledError):
                await keeper
            database.close()
            services.recent.close()
            services.redis.close()

    return lifespan


def _operation_id(route: APIRoute) -> str:
    """The function's name: stable, readable, and what a generated client calls its method."""
    return route.name
