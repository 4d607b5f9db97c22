"""A session that survives a browser's refresh, without a secret that the page's scripts can read.

A server that draws pages, such as the dashboard, signs in for its user and asks for a code. The
page it draws lets the browser exchange the code for a cookie that no script can read. After a
refresh the browser sends that cookie to the server, which brings its value here for an access
token. No operation of this API takes a cookie that a browser sends along as proof of anything.
"""

from http import HTTPStatus
from typing import Annotated, Final
from urllib.parse import urlsplit

import structlog
from fastapi import APIRouter, Form, Response
from starlette.requests import Request

from finguard.api.access import CurrentCaller, Viewer, not_authenticated
from finguard.api.account_models import AccessToken, CookieForm, Handoff, HandoffForm
from finguard.api.links import Link, leads_to
from finguard.api.problems import GUARDED, ProblemError, documented
from finguard.api.services import Provided
from finguard.api.sessions import HANDOFF_LIFETIME_S

COOKIE: Final = "finguard_session"
HOST_COOKIE: Final = f"__Host-{COOKIE}"
"""Its name behind TLS: the prefix keeps other hosts of the domain from setting it."""

_log = structlog.get_logger()

router = APIRouter(prefix="/api/v1/auth/browser", tags=["auth"])

_EXCHANGE = documented(
    HTTPStatus.BAD_REQUEST,
    HTTPStatus.UNAUTHORIZED,
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
    HTTPStatus.UNPROCESSABLE_ENTITY,
    HTTPStatus.SERVICE_UNAVAILABLE,
)


@router.post(
    "/handoff",
    summary="Hand the session to a browser",
    response_description="The code, for the browser.",
    responses=leads_to(HTTPStatus.OK, Link("set_cookie", body={"code": "$response.body#/code"}))
    | documented(*GUARDED),
)
def offer_handoff(_: Viewer, caller: CurrentCaller, services: Provided) -> Handoff:
    """A code with which the user's browser may fetch a cookie of this session, once and soon."""
    return Handoff(code=services.sessions.offer_handoff(caller), expires_in=HANDOFF_LIFETIME_S)


@router.post(
    "/cookie",
    status_code=HTTPStatus.NO_CONTENT,
    summary="Fetch the browser's cookie",
    response_description="The cookie is set: `HttpOnly` and `SameSite=Strict`.",
    responses=_EXCHANGE | documented(HTTPStatus.FORBIDDEN),
)
def set_cookie(
    request: Request, form: Annotated[HandoffForm, Form()], services: Provided
) -> Response:
    """Exchange a code for the cookie; for a page of the host that this API answers at.

    Another site's page is refused, so that none can sign a visitor in as somebody else.
    """
    if not _is_from_this_host(request):
        raise ProblemError(
            HTTPStatus.FORBIDDEN, "foreign-origin", "This is for pages of this host only."
        )
    cookie = services.sessions.take_handoff(form.code.get_secret_value())
    if cookie is None:
        _log.warning("handoff refused")
        raise not_authenticated()
    is_secure = services.production or request.url.scheme == "https"
    response = Response(status_code=HTTPStatus.NO_CONTENT)
    response.set_cookie(
        HOST_COOKIE if is_secure else COOKIE,
        cookie,
        path="/",
        secure=is_secure,
        httponly=True,
        samesite="strict",
    )
    # The page may come from another port of this host, which browsers do not take for the same site
    # where the host is an address. There is nothing in this answer that others could read.
    response.headers["Cross-Origin-Resource-Policy"] = "cross-origin"
    return response


@router.post(
    "/token",
    summary="Go on with a browser's session",
    response_description="The token, for `Authorization: Bearer …`.",
    responses=_EXCHANGE,
)
def resume_session(form: Annotated[CookieForm, Form()], services: Provided) -> AccessToken:
    """Exchange the cookie's value for an access token; may be repeated while the session lasts.

    It is taken from the body and never from the request's own cookies: whoever calls this must be
    able to read the cookie, which a page's scripts are not.
    """
    access_token = services.sessions.resume(form.cookie.get_secret_value())
    if access_token is None:
        raise not_authenticated()
    return AccessToken(access_token=access_token, expires_in=services.tokens.lifetime_s)


def _is_from_this_host(request: Request) -> bool:
    """Whether the page that sends this is of the same host; browsers always say which page it is.

    The port does not matter, since it does not for cookies either.
    """
    try:
        sender = urlsplit(request.headers.get("origin", "")).hostname
        own = urlsplit(f"//{request.headers.get('host', '')}").hostname
    except ValueError:
        return False
    return sender is not None and sender == own
