"""Every error as problem details (RFC 9457), whatever went wrong and wherever."""

import json
from collections.abc import Mapping
from http import HTTPStatus
from typing import Annotated, Any, Final, NamedTuple

import structlog
from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, Field
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from finguard.api.links import described_headers
from finguard.api.routing import allowed_methods
from finguard.errors import ServiceUnavailable

MEDIA_TYPE: Final = "application/problem+json"
RETRY_AFTER_S: Final = 2

_NAMES: Final = {
    HTTPStatus.BAD_REQUEST: "bad-request",
    HTTPStatus.NOT_FOUND: "not-found",
    HTTPStatus.METHOD_NOT_ALLOWED: "method-not-allowed",
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE: "body-too-large",
}
"""Kinds of problems that the framework finds. Not by phrase: Python has changed some of those."""

_MAX_ERRORS: Final = 20
_MAX_TEXT: Final = 200

_log = structlog.get_logger()


class FieldError(BaseModel):
    """One thing wrong with the request."""

    where: Annotated[str, Field(description="`query.limit`, `body.password`, …")]
    message: Annotated[str, Field(description="What it takes instead.")]


class Problem(BaseModel):
    """Why a request was not answered as asked (RFC 9457)."""

    type: Annotated[str, Field(description="A name for the kind of problem that never changes.")]
    title: Annotated[str, Field(description="The same in words.")]
    status: Annotated[int, Field(description="The HTTP status, again.")]
    detail: Annotated[str, Field(description="What to know or do about this one.")]
    request_id: Annotated[str, Field(description="Also in `X-Request-ID` and in the server's log.")]
    errors: Annotated[
        list[FieldError] | None, Field(description="Each wrong field of an invalid request.")
    ] = None
    current: Annotated[
        dict[str, Any] | None,
        Field(description="The thing as it is now, where it was not what the request expected."),
    ] = None


class ProblemError(Exception):
    """A request that is answered with a problem.

    Args:
        status: the HTTP status.
        name: the kind of problem, as `type` ends with it.
        detail: a sentence for whoever sent the request; never text that came with it.
        headers: to send along.
        errors: what is wrong with each field.
        current: the thing as it is, JSON-ready, where the request expected another state.
    """

    def __init__(
        self,
        status: HTTPStatus,
        name: str,
        detail: str,
        *,
        headers: Mapping[str, str] | None = None,
        errors: list[FieldError] | None = None,
        current: dict[str, Any] | None = None,
    ) -> None:
        super().__init__(detail)
        self.status = status
        self.name = name
        self.detail = detail
        self.headers = headers
        self.errors = errors
        self.current = current

    def response(self, request_id: str) -> Response:
        """The answer to send."""
        problem = Problem(
            type=f"urn:finguard:problem:{self.name}",
            title=self.status.phrase,
            status=int(self.status),
            detail=self.detail,
            request_id=request_id,
            errors=self.errors,
            current=self.current,
        )
        # A field's name may come from the request and hold a lone surrogate, which has no UTF-8.
        text = json.dumps(problem.model_dump(exclude_none=True), ensure_ascii=False)
        return Response(
            text.encode("utf-8", "replace"),
            int(self.status),
            headers=dict(self.headers or {}),
            media_type=MEDIA_TYPE,
        )


def unavailable() -> ProblemError:
    """PostgreSQL cannot serve right now."""
    return ProblemError(
        HTTPStatus.SERVICE_UNAVAILABLE,
        "service-unavailable",
        "A service that this needs cannot answer right now; try again shortly.",
        headers={"Retry-After": str(RETRY_AFTER_S)},
    )


def internal_error() -> ProblemError:
    """A fault of ours; the log has the rest under the request's id."""
    return ProblemError(
        HTTPStatus.INTERNAL_SERVER_ERROR,
        "internal-error",
        "Something went wrong on this side; the log knows it by the request's id.",
    )


def body_too_large(max_bytes: int) -> HTTPException:
    """The body has more bytes than allowed.

    An `HTTPException`, since FastAPI lets those alone pass while it is reading a body.
    """
    return HTTPException(
        HTTPStatus.REQUEST_ENTITY_TOO_LARGE, f"The body may have {max_bytes} bytes at most."
    )


def from_http_exception(error: HTTPException) -> ProblemError:
    """The problem that one of the framework's own exceptions stands for."""
    status = HTTPStatus(error.status_code)
    name = _NAMES.get(status, "http-error")
    return ProblemError(status, name, str(error.detail), headers=error.headers)


GUARDED: Final = (
    HTTPStatus.UNAUTHORIZED,
    HTTPStatus.FORBIDDEN,
    HTTPStatus.SERVICE_UNAVAILABLE,
)
"""What every route that takes a token and reads the database can answer."""


class _Kind(NamedTuple):
    """A kind of problem as the documentation shows it."""

    name: str
    meaning: str
    detail: str


_KINDS: Final = {
    HTTPStatus.BAD_REQUEST: _Kind(
        "bad-request", "The body cannot be read.", "There was an error parsing the body"
    ),
    HTTPStatus.UNAUTHORIZED: _Kind(
        "not-authenticated",
        "Nobody is signed in with this.",
        "This takes a valid access token from /api/v1/auth/token.",
    ),
    HTTPStatus.FORBIDDEN: _Kind(
        "forbidden",
        "The user's role does not suffice.",
        "This takes the role analyst or a higher one.",
    ),
    HTTPStatus.NOT_FOUND: _Kind(
        "no-such-alert", "There is no such thing.", "There is no such alert."
    ),
    HTTPStatus.CONFLICT: _Kind(
        "last-admin",
        "As things are, this cannot be done.",
        "Nobody would be left who may manage users.",
    ),
    HTTPStatus.GONE: _Kind(
        "message-gone",
        "Kafka holds the message no longer; `current` is what is left.",
        "Dead letter 17: Kafka holds its message no longer; discard it.",
    ),
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE: _Kind(
        "body-too-large", "The body is too large.", "The body may have 1048576 bytes at most."
    ),
    HTTPStatus.CONFLICT: _Kind(
        "no-such-transition",
        "The thing's state does not allow it; `current` is that state.",
        "An alert that is confirmed_fraud can become investigating or open.",
    ),
    HTTPStatus.PRECONDITION_FAILED: _Kind(
        "stale",
        "It has changed since; `current` is what stands now.",
        "Somebody has changed the alert since; nothing was done.",
    ),
    HTTPStatus.PRECONDITION_REQUIRED: _Kind(
        "version-required",
        "`If-Match` is missing.",
        "This takes If-Match with the alert's ETag, so that nobody's change is overwritten.",
    ),
    HTTPStatus.UNPROCESSABLE_ENTITY: _Kind(
        "invalid-request",
        "A field is wrong; `errors` says which and why.",
        "The request does not have the form that this takes.",
    ),
    HTTPStatus.TOO_MANY_REQUESTS: _Kind(
        "too-many-attempts",
        "Too many failures; `Retry-After` says how many seconds to wait.",
        "Too many failed attempts; the next may come in 8 seconds.",
    ),
    HTTPStatus.SERVICE_UNAVAILABLE: _Kind(
        "service-unavailable",
        "Not right now; `Retry-After` says in how many seconds to come again.",
        "A service that this needs cannot answer right now; try again shortly.",
    ),
}


_RETRY_AFTER: Final = {"Retry-After": "In how many seconds to come again."}
_HEADERS: Final = {
    HTTPStatus.UNAUTHORIZED: {"WWW-Authenticate": "How to say who one is."},
    HTTPStatus.TOO_MANY_REQUESTS: _RETRY_AFTER,
    HTTPStatus.SERVICE_UNAVAILABLE: _RETRY_AFTER,
}
"""What comes with every problem of these kinds."""

_WITH_CURRENT: Final = {HTTPStatus.CONFLICT, HTTPStatus.PRECONDITION_FAILED}


def documented(*statuses: HTTPStatus) -> dict[int | str, dict[str, Any]]:
    """The problems that a route can answer with, as its `responses` for the API's description."""
    return {int(status): _documented(status) for status in statuses}


def _documented(status: HTTPStatus) -> dict[str, Any]:
    kind = _KINDS[status]
    example: dict[str, Any] = {
        "type": f"urn:finguard:problem:{kind.name}",
        "title": status.phrase,
        "status": int(status),
        "detail": kind.detail,
        "request_id": "0f5b6c0e9d8a4b0d8f5e2a1c3b4d5e6f",
    }
    if status == HTTPStatus.UNPROCESSABLE_ENTITY:
        example["errors"] = [{"where": "query.limit", "message": "Input should be at most 200"}]
    if status == HTTPStatus.GONE:
        example["current"] = {"dead_letter_id": 17, "status": "open"}
    if status in _WITH_CURRENT:
        example["current"] = {"alert_id": 4711, "status": "confirmed_fraud", "version": 3}
    schema = {"$ref": "#/components/schemas/Problem"}
    return {
        "description": kind.meaning,
        **described_headers(_HEADERS.get(status, {})),
        "content": {MEDIA_TYPE: {"schema": schema, "example": example}},
    }


def install(app: FastAPI) -> None:
    """Answer every exception that a route raises on purpose with a problem."""
    app.add_exception_handler(ProblemError, _on_problem)
    app.add_exception_handler(HTTPException, _on_http_exception)
    app.add_exception_handler(RequestValidationError, _on_invalid_request)
    app.add_exception_handler(ServiceUnavailable, _on_service_unavailable)


def request_id(request: Request) -> str:
    """The id under which the log has this request."""
    return str(request.state.request_id)


def _on_problem(request: Request, error: Exception) -> Response:
    assert isinstance(error, ProblemError)  # noqa: S101 - Starlette types handlers too widely
    return error.response(request_id(request))


def _on_http_exception(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)  # noqa: S101 - as above
    problem = from_http_exception(error)
    if problem.status == HTTPStatus.METHOD_NOT_ALLOWED and (methods := allowed_methods(request)):
        problem.headers = {"Allow": methods}
    return problem.response(request_id(request))


def _on_invalid_request(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)  # noqa: S101 - as above
    problem = ProblemError(
        HTTPStatus.UNPROCESSABLE_ENTITY,
        "invalid-request",
        "The request does not have the form that this takes.",
        errors=[_field_error(invalid) for invalid in error.errors()[:_MAX_ERRORS]],
    )
    return problem.response(request_id(request))


def _on_service_unavailable(request: Request, error: Exception) -> Response:
    _log.warning("service unavailable", reason=str(error))
    return unavailable().response(request_id(request))


def _field_error(invalid: Mapping[str, Any]) -> FieldError:
    """Where and what, without the value: it may be a secret, and may not even be JSON."""
    where = ".".join(str(part) for part in invalid["loc"])
    return FieldError(
        where=where[:_MAX_TEXT], message=invalid["msg"].removeprefix("Value error, ")[:_MAX_TEXT]
    )
