"""Who is calling, and whether they may."""

from collections.abc import Callable
from http import HTTPStatus
from typing import Annotated, Final

import structlog
from fastapi import Depends
from fastapi.security import OAuth2PasswordBearer
from starlette.requests import Request

from finguard.adapters.postgres import users
from finguard.adapters.postgres.users import Role, User
from finguard.api.problems import ProblemError
from finguard.api.security import InvalidToken
from finguard.api.services import Provided, Services

_log = structlog.get_logger()

_RANKS: Final[dict[Role, int]] = {"viewer": 0, "analyst": 1, "admin": 2}

_bearer = OAuth2PasswordBearer(
    # Relative to the API's description, so that it is right behind a proxy's path as well.
    tokenUrl="api/v1/auth/token",
    scheme_name="password",
    description="Sign in with a user name and a password; leave the client's fields empty.",
    auto_error=False,
)


def current_user(
    request: Request, token: Annotated[str | None, Depends(_bearer)], services: Provided
) -> User:
    """The user whose valid token came with the request.

    Raises:
        ProblemError: 401, the same whatever is wrong with the token.
        ServiceUnavailable: when the user cannot be looked up.
    """
    if token is None:
        raise _not_authenticated("Bearer")
    try:
        user = _user_of(token, services)
    except InvalidToken as error:
        _log.info("token refused", reason=str(error)[:100])
        raise _not_authenticated('Bearer error="invalid_token"') from error
    request.state.account = user.id
    return user


def require(role: Role) -> Callable[[User], User]:
    """A dependency that lets users with this role pass, and those with a higher one.

    Raises:
        ProblemError: 403 for all others.
    """

    def permitted(user: Annotated[User, Depends(current_user)]) -> User:
        if _RANKS[user.role] < _RANKS[role]:
            raise ProblemError(
                HTTPStatus.FORBIDDEN, "forbidden", f"This takes the role {role} or a higher one."
            )
        return user

    return permitted


Viewer = Annotated[User, Depends(require("viewer"))]
"""For a route's parameter: any user."""


def _user_of(token: str, services: Services) -> User:
    claims = services.tokens.verify(token)
    with services.database.cursor() as cursor:
        user = users.find_user(cursor, claims.user_id)
    if user is None:
        raise InvalidToken("no such user")
    if user.disabled:
        raise InvalidToken("the user is disabled")
    if user.token_epoch != claims.epoch:
        raise InvalidToken("revoked")
    return user


def _not_authenticated(challenge: str) -> ProblemError:
    return ProblemError(
        HTTPStatus.UNAUTHORIZED,
        "not-authenticated",
        "This takes a valid access token from /api/v1/auth/token.",
        headers={"WWW-Authenticate": challenge},
    )
