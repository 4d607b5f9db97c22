"""Signing in, and who one is."""

from http import HTTPStatus
from typing import Annotated

import structlog
from fastapi import APIRouter, Form
from starlette.requests import Request

from finguard.adapters.postgres import users
from finguard.adapters.postgres.users import User
from finguard.api.access import Viewer
from finguard.api.inputs import LoginForm
from finguard.api.outputs import Me, Token
from finguard.api.problems import GUARDED, ProblemError, documented
from finguard.api.security import verify_password
from finguard.api.services import Provided, Services
from finguard.api.throttle import LoginAttempt

_log = structlog.get_logger()

router = APIRouter(prefix="/api/v1/auth", tags=["auth"])


@router.post(
    "/token",
    summary="Sign in",
    response_description="The token, for `Authorization: Bearer …`.",
    responses=documented(
        HTTPStatus.BAD_REQUEST,
        HTTPStatus.UNAUTHORIZED,
        HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
        HTTPStatus.UNPROCESSABLE_ENTITY,
        HTTPStatus.TOO_MANY_REQUESTS,
        HTTPStatus.SERVICE_UNAVAILABLE,
    ),
)
def issue_token(request: Request, form: Annotated[LoginForm, Form()], services: Provided) -> Token:
    """Exchange a user name and a password for an access token.

    After some failures further attempts must wait: the answer is then 429 and `Retry-After` says
    how many seconds. The answer to a wrong name is the same as that to a wrong password.
    """
    address = request.client.host if request.client else ""
    attempt = LoginAttempt.of(form.username.lower(), address)
    wait_s = services.throttle.charge(attempt)
    if wait_s:
        _log.warning("login throttled", address=address, wait_s=wait_s)
        raise _too_many_attempts(wait_s)
    user = _authenticated(form, services)
    if user is None:
        _log.warning("login failed", address=address)
        raise _wrong_credentials()
    services.throttle.forgive(attempt)
    request.state.account = user.id
    _log.info("login", address=address, account=user.id)
    return Token(
        access_token=services.tokens.issue(user.id, epoch=user.token_epoch),
        expires_in=services.tokens.lifetime_s,
    )


@router.get(
    "/me",
    summary="Who am I",
    response_description="The user.",
    responses=documented(*GUARDED),
)
def read_me(user: Viewer) -> Me:
    """The name and the role of the user whose token this is."""
    return Me(username=user.username, role=user.role)


def _authenticated(form: LoginForm, services: Services) -> User | None:
    """The user, found with the same effort whether there is one or not."""
    with services.database.cursor() as cursor:
        user = users.find_user_by_name(cursor, form.username.lower())
    password_hash = user.password_hash if user else None
    is_right = verify_password(form.password.get_secret_value(), password_hash)
    return user if user and is_right and not user.disabled else None


def _wrong_credentials() -> ProblemError:
    return ProblemError(
        HTTPStatus.UNAUTHORIZED,
        "wrong-credentials",
        "There is no such user with such a password.",
        headers={"WWW-Authenticate": "Bearer"},
    )


def _too_many_attempts(wait_s: int) -> ProblemError:
    return ProblemError(
        HTTPStatus.TOO_MANY_REQUESTS,
        "too-many-attempts",
        f"Too many failed attempts; the next may come in {wait_s} seconds.",
        headers={"Retry-After": str(wait_s)},
    )
