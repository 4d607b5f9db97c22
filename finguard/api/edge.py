"""What every request passes through: its id, its limits, its headers, and its line in the log."""

import re
from collections.abc import Callable
from time import perf_counter
from typing import Final
from uuid import uuid4

import structlog
from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from finguard.api.paths import routed
from finguard.api.problems import (
    ProblemError,
    body_too_large,
    from_http_exception,
    internal_error,
)

_log = structlog.get_logger()

_REQUEST_ID: Final = re.compile(r"[A-Za-z0-9._-]{1,64}")

_HEADERS: Final = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
    "Cache-Control": "no-store",
}
"""For every answer that does not say otherwise itself, as the pages of `/docs` do."""

Observe = Callable[[str, str, int | None, float], None]

_QUIET: Final = ("/health", "/metrics")
"""What programs ask every few seconds."""

_HSTS: Final = "max-age=31536000; includeSubDomains"


class Edge:
    """The outermost layer of the API.

    Plain ASGI, since a middleware built on Starlette's `BaseHTTPMiddleware` copies every body and
    every context.

    Args:
        app: what is inside.
        max_body_bytes: larger bodies are answered with 413, whether announced or merely sent.
        observe: told of each request at its end, if given: its method, its path's template, its
            status and its seconds.
    """

    def __init__(
        self, app: ASGIApp, *, max_body_bytes: int, observe: Observe | None = None
    ) -> None:
        self._app = app
        self._observe = observe
        self._max_body_bytes = max_body_bytes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, _without_traceback(scope, send))
            return
        scope = routed(scope)
        request_id = _request_id(Headers(scope=scope))
        scope.setdefault("state", {})["request_id"] = request_id
        exchange = _Exchange(scope, send, request_id)
        with structlog.contextvars.bound_contextvars(request_id=request_id):
            try:
                await self._serve(scope, receive, exchange)
            finally:
                exchange.end(self._observe)

    async def _serve(self, scope: Scope, receive: Receive, exchange: "_Exchange") -> None:
        if _announced_bytes(scope) > self._max_body_bytes:
            too_large = from_http_exception(body_too_large(self._max_body_bytes))
            await exchange.answer(too_large, receive)
            return
        try:
            await self._app(scope, self._limited(receive), exchange.send)
        except Exception:
            _log.exception("request failed")
            if exchange.status is not None:
                raise
            await exchange.answer(internal_error(), receive)

    def _limited(self, receive: Receive) -> Receive:
        """The body until it is too large; the exception becomes the answer further in."""
        received_bytes = 0

        async def limited() -> Message:
            nonlocal received_bytes
            message = await receive()
            received_bytes += len(message.get("body", b""))
            if received_bytes > self._max_body_bytes:
                raise body_too_large(self._max_body_bytes)
            return message

        return limited


class _Exchange:
    """One request and its answer, as far as it has got."""

    def __init__(self, scope: Scope, send: Send, request_id: str) -> None:
        self._scope = scope
        self._send = send
        self._request_id = request_id
        self._began_s = perf_counter()
        self.status: int | None = None

    async def send(self, message: Message) -> None:
        """Send a part of the answer, its headers completed."""
        if message["type"] == "http.response.start":
            self.status = message["status"]
            headers = MutableHeaders(scope=message)
            headers["X-Request-ID"] = self._request_id
            for name, value in _HEADERS.items():
                headers.setdefault(name, value)
            if self._scope["scheme"] == "https":
                headers["Strict-Transport-Security"] = _HSTS
        await self._send(message)

    async def answer(self, problem: ProblemError, receive: Receive) -> None:
        """Send a problem."""
        await problem.response(self._request_id)(self._scope, receive, self.send)

    def end(self, observe: Observe | None) -> None:
        """One line: the path's template, never the path or the query, which may hold anything."""
        route = self._scope.get("route")
        # As the description has it, without the names of converters.
        path = getattr(route, "path_format", "(none)")
        seconds = perf_counter() - self._began_s
        if observe is not None:
            observe(self._scope["method"], path, self.status, seconds)
        emit = _log.debug if path.startswith(_QUIET) else _log.info
        emit(
            "request",
            method=self._scope["method"],
            path=path,
            status=self.status,
            ms=round(seconds * 1000, 1),
            account=self._scope["state"].get("account"),
        )


def _request_id(headers: Headers) -> str:
    """The caller's own id, where it is one that a log can take; else a new one."""
    given = headers.get("x-request-id", "")
    return given if _REQUEST_ID.fullmatch(given) else uuid4().hex


def _announced_bytes(scope: Scope) -> int:
    """What the request says of its body's length; the server has checked that it is a number."""
    announced = Headers(scope=scope).get("content-length", "")
    return int(announced) if announced.isdecimal() else 0


def _without_traceback(scope: Scope, send: Send) -> Send:
    """Spare the operator a traceback where start-up was refused with a clear line."""

    async def quiet(message: Message) -> None:
        if message["type"] == "lifespan.startup.failed" and scope["app"].state.was_refused:
            message = {**message, "message": ""}
        await send(message)

    return quiet
