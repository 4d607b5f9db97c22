"""What the routes work with, made once by the application."""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Annotated

from fastapi import Depends
from starlette.requests import Request

from finguard.api.bootstrap import FirstUser
from finguard.api.database import Database
from finguard.api.feed import AlertFeed
from finguard.api.letter_desk import LetterDesk
from finguard.api.questions import Questions
from finguard.api.recent import RecentTransactions
from finguard.api.redis_probe import RedisProbe
from finguard.api.security import Tokens
from finguard.api.sessions import Sessions
from finguard.api.throttle import LoginThrottle


@dataclass(frozen=True, kw_only=True)
class Services:
    """The API's parts.

    Attributes:
        production: cookies are for TLS alone.
        first_user: knows whether the development password is in force.
        statistics: answers, as JSON, to whoever asks for the same at the same time.
        stream_heartbeat_s: the longest silence of a stream.
        units_per_usd: rough equivalents of one US dollar, by currency.
    """

    production: bool
    database: Database
    first_user: FirstUser
    redis: RedisProbe
    tokens: Tokens
    sessions: Sessions
    throttle: LoginThrottle
    recent: RecentTransactions
    feed: AlertFeed
    letters: LetterDesk
    statistics: Questions[bytes]
    stream_heartbeat_s: float
    units_per_usd: Mapping[str, Decimal]


async def _services(request: Request) -> Services:
    """Asynchronous only to spare a change of thread."""
    services: Services = request.app.state.services
    return services


Provided = Annotated[Services, Depends(_services)]
"""For a route's parameter that wants the services."""
