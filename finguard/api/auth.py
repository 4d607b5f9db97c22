"""Signing in and out, who one is, and one's own password."""

from http import HTTPStatus
from typing import Annotated

import structlog
from fastapi import APIRouter, Form
from starlette.requests import Request

from finguard.adapters.passwords import hash_password, verify_password
from finguard.adapters.postgres import users
from finguard.adapters.postgres.users import User
from finguard.api.access import CurrentAuthor, CurrentCaller, Viewer, not_authenticated
from finguard.api.account_models import LoginForm, Me, PasswordChange, RefreshForm, Token
from finguard.api.bootstrap import USERNAME as FIRST_USERNAME
from finguard.api.links import Link, leads_to
from finguard.api.problems import GUARDED, ProblemError, documented
from finguard.api.services import Provided, Services
from finguard.api.sessions import Grant
from finguard.api.throttle import LoginAttempt

_log = structlog.get_logger()

router = APIRouter(prefix="/api/v1/auth", tags=["auth"])

_GOES_ON = leads_to(
    HTTPStatus.OK, Link("refresh_token", body={"refresh_token": "$response.body#/refresh_token"})
)


@router.post(
    "/token",
    summary="Sign in",
    response_description="The tokens of a new session.",
    responses=_GOES_ON
    | documented(
        HTTPStatus.BAD_REQUEST,
        HTTPStatus.UNAUTHORIZED,
        HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
        HTTPStatus.UNPROCESSABLE_ENTITY,
        HTTPStatus.TOO_MANY_REQUESTS,
        HTTPStatus.SERVICE_UNAVAILABLE,
    ),
)
def issue_token(request: Request, form: Annotated[LoginForm, Form()], services: Provided) -> Token:
    """Exchange a user name and a password for an access token and a refresh token.

    After some failures further attempts must wait: the answer is then 429 and `Retry-After` says
    how many seconds. The answer to a wrong name is the same as that to a wrong password.
    """
    attempt = _charged(request, form.username, services)
    user = _authenticated(form, services)
    if user is None:
        _log.warning("login failed", address=_address(request))
        raise _wrong_credentials()
    services.throttle.forgive(attempt)
    request.state.account = user.id
    _log.info("login", address=_address(request), account=user.id)
    return _answer(services.sessions.start(user), services)


@router.post(
    "/refresh",
    summary="Stay signed in",
    response_description="The next tokens of the session.",
    responses=_GOES_ON
    | documented(
        HTTPStatus.BAD_REQUEST,
        HTTPStatus.UNAUTHORIZED,
        HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
        HTTPStatus.UNPROCESSABLE_ENTITY,
        HTTPStatus.SERVICE_UNAVAILABLE,
    ),
)
def refresh_token(form: Annotated[RefreshForm, Form()], services: Provided) -> Token:
    """Exchange a refresh token for the next access token and the next refresh token.

    A refresh token that comes a second time has been stolen from one of its two owners: the whole
    session ends, and its access tokens with it.
    """
    grant = services.sessions.refresh(form.refresh_token.get_secret_value())
    if grant is None:
        raise _session_over()
    return _answer(grant, services)


@router.post(
    "/logout",
    status_code=HTTPStatus.NO_CONTENT,
    summary="Sign out",
    response_description="The session has ended.",
    responses=documented(*GUARDED),
)
def log_out(_: Viewer, caller: CurrentCaller, services: Provided) -> None:
    """End this session: its access and refresh tokens are worth nothing from now on."""
    services.sessions.end(caller)
    _log.info("logout", account=caller.user.id)


@router.post(
    "/logout-everywhere",
    status_code=HTTPStatus.NO_CONTENT,
    summary="Sign out everywhere",
    response_description="All sessions of the user have ended.",
    responses=documented(*GUARDED),
)
def log_out_everywhere(_: Viewer, caller: CurrentCaller, services: Provided) -> None:
    """End all sessions of the user whose token this is, this one included."""
    services.sessions.end_all(caller)
    _log.info("logout everywhere", account=caller.user.id)


@router.get(
    "/me",
    summary="Who am I",
    response_description="The user.",
    responses=documented(*GUARDED),
)
def read_me(user: Viewer, services: Provided) -> Me:
    """The name and the role of the user whose token this is."""
    with services.database.cursor() as cursor:
        admin = users.find_user_by_name(cursor, FIRST_USERNAME)
    return Me(
        username=user.username,
        role=user.role,
        default_login=admin is not None and services.first_user.admits_anybody(admin),
    )


@router.post(
    "/password",
    status_code=HTTPStatus.NO_CONTENT,
    summary="Change one's password",
    response_description="Done; the user's other sessions have ended.",
    responses=documented(
        *GUARDED,
        HTTPStatus.BAD_REQUEST,
        HTTPStatus.CONFLICT,
        HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
        HTTPStatus.UNPROCESSABLE_ENTITY,
        HTTPStatus.TOO_MANY_REQUESTS,
    ),
)
def change_password(
    request: Request,
    change: PasswordChange,
    user: Viewer,
    caller: CurrentCaller,
    author: CurrentAuthor,
    services: Provided,
) -> None:
    """Choose another password; this session goes on and all others end.

    It takes the current one, so that a stolen token does not do. Wrong guesses are slowed down
    together with failed logins.
    """
    attempt = _charged(request, user.username, services)
    if not verify_password(change.current_password.get_secret_value(), user.password_hash):
        _log.warning("password change refused", account=user.id)
        raise ProblemError(
            HTTPStatus.FORBIDDEN, "wrong-password", "This is not your current password."
        )
    services.throttle.forgive(attempt)
    if change.new_password == change.current_password:
        raise ProblemError(
            HTTPStatus.CONFLICT,
            "same-password",
            "The new password must differ from the current one.",
        )
    password_hash = hash_password(change.new_password.get_secret_value())
    if not services.sessions.change_password(caller, author, password_hash):
        raise not_authenticated()
    _log.info("password changed", account=user.id)


def _charged(request: Request, username: str, services: Services) -> LoginAttempt:
    """An attempt to prove who one is, counted as failed until it is forgiven."""
    attempt = LoginAttempt.of(username.lower(), _address(request))
    wait_s = services.throttle.charge(attempt)
    if wait_s:
        _log.warning("login throttled", address=_address(request), wait_s=wait_s)
        raise _too_many_attempts(wait_s)
    return attempt


def _address(request: Request) -> str:
    """Whence a request comes; uvicorn has asked the proxy, where it trusts one."""
    return request.client.host if request.client else ""


def _answer(grant: Grant, services: Services) -> Token:
    return Token(
        access_token=grant.access_token,
        expires_in=services.tokens.lifetime_s,
        refresh_token=grant.refresh_token,
        refresh_expires_in=grant.refresh_expires_in_s,
    )


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


def _session_over() -> ProblemError:
    return ProblemError(
        HTTPStatus.UNAUTHORIZED,
        "session-over",
        "This refresh token is worth nothing any more; sign in again.",
        headers={"WWW-Authenticate": "Bearer"},
    )


def _too_many_attempts(wait_s: int) -> ProblemError:
    return ProblemError(
        HTTPStatus.TOO_MANY_REQUESTS,
        "too-many-attempts",
        f"Too many failed attempts; the next may come in {wait_s} seconds.",
        headers={"Retry-After": str(wait_s)},
    )
