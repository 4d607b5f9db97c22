"""Who is calling, and whether they may: the one place where roles are compared."""

from collections.abc import Iterator
from dataclasses import dataclass
from http import HTTPStatus
from typing import Annotated, Final

import structlog
from fastapi import Depends
from fastapi.dependencies.models import Dependant
from fastapi.security import OAuth2PasswordBearer
from starlette.requests import Request

from finguard.adapters.postgres.accounts import Author
from finguard.adapters.postgres.users import Role, User
from finguard.api.problems import ProblemError, request_id
from finguard.api.security import InvalidToken
from finguard.api.services import Provided
from finguard.api.sessions import Caller

_log = structlog.get_logger()

_RANKS: Final[dict[Role, int]] = {"viewer": 0, "analyst": 1, "admin": 2}

_bearer = OAuth2PasswordBearer(
    # Relative to the API's description, so that it is right behind a proxy's path as well.
    tokenUrl="api/v1/auth/token",
    refreshUrl="api/v1/auth/refresh",
    scheme_name="password",
    description="Sign in with a user name and a password; leave the client's fields empty.",
    auto_error=False,
)


async def current_caller(
    request: Request, token: Annotated[str | None, Depends(_bearer)], services: Provided
) -> Caller:
    """The user whose valid token came with the request, and their session.

    Raises:
        ProblemError: 401, the same whatever is wrong with the token.
        ServiceUnavailable: when the user cannot be looked up.
    """
    if token is None:
        raise not_authenticated("Bearer")
    try:
        caller = await services.sessions.caller(token)
    except InvalidToken as error:
        _log.info("token refused", reason=str(error)[:100])
        raise not_authenticated() from error
    request.state.account = caller.user.id
    return caller


CurrentCaller = Annotated[Caller, Depends(current_caller)]
"""For a route's parameter that wants the session as well; beside the role that it requires."""


@dataclass(frozen=True)
class Require:
    """A dependency that lets users with this role pass, and those with a higher one.

    It is also how an operation declares its role: the API's description says so as `x-role`.
    """

    role: Role

    async def __call__(self, caller: CurrentCaller) -> User:
        """The user.

        Raises:
            ProblemError: 403 for all whose role does not suffice.
        """
        if _RANKS[caller.user.role] < _RANKS[self.role]:
            raise ProblemError(
                HTTPStatus.FORBIDDEN,
                "forbidden",
                f"This takes the role {self.role} or a higher one.",
            )
        return caller.user


require = Require

Viewer = Annotated[User, Depends(require("viewer"))]
"""For a route's parameter: any user."""

Analyst = Annotated[User, Depends(require("analyst"))]
"""For a route's parameter: whoever may decide about alerts."""

Admin = Annotated[User, Depends(require("admin"))]
"""For a route's parameter: whoever may decide about users."""


async def _author(request: Request, caller: CurrentCaller) -> Author:
    return Author(caller.user.username, request_id(request))


CurrentAuthor = Annotated[Author, Depends(_author)]
"""For a route's parameter: how the audit log is to name who makes the request."""


def required_role(dependant: Dependant) -> Role | None:
    """The role that a route's dependencies add up to; None where anybody may call it."""
    roles = [call.role for call in _calls(dependant) if isinstance(call, Require)]
    return max(roles, key=_RANKS.__getitem__, default=None)


def not_authenticated(challenge: str = 'Bearer error="invalid_token"') -> ProblemError:
    """401, with what the client is to bring."""
    return ProblemError(
        HTTPStatus.UNAUTHORIZED,
        "not-authenticated",
        "This takes a valid access token from /api/v1/auth/token.",
        headers={"WWW-Authenticate": challenge},
    )


def _calls(dependant: Dependant) -> Iterator[object]:
    yield dependant.call
    for dependency in dependant.dependencies:
        yield from _calls(dependency)
