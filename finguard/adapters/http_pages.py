"""A few read-only pages over HTTP, served beside the main work and never in its way."""

import errno
import json
import socket
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from http import HTTPStatus
from socketserver import BaseRequestHandler, ThreadingTCPServer
from threading import BoundedSemaphore, Thread
from time import monotonic
from typing import Any, Final

import msgspec
import structlog

from finguard.domain.telemetry import Health
from finguard.errors import ConfigurationError

_log = structlog.get_logger()

MAX_CLIENTS: Final = 8
"""Served at a time. Whoever comes on top of them is hung up on at once."""

EXCHANGE_S: Final = 5.0
"""From the connection to the last byte of the answer; a client that drips is cut off then."""

MAX_HEAD_BYTES: Final = 8 * 1024

_JSON: Final = "application/json"


class Page(msgspec.Struct, frozen=True):
    """What a path answers with."""

    status: int
    content_type: str
    body: bytes


def health_page(health: Health) -> Page:
    """The answer to a probe: 200 or 503, and the facts."""
    status = HTTPStatus.OK if health.well else HTTPStatus.SERVICE_UNAVAILABLE
    return _json_page(status, health.facts)


def _json_page(status: int, value: Mapping[str, Any]) -> Page:
    return Page(status, _JSON, json.dumps(value).encode() + b"\n")


@contextmanager
def serve_pages(
    host: str, port: int, pages: Mapping[str, Callable[[], Page]]
) -> Iterator[str | None]:
    """Serve pages on daemon threads until the context ends.

    Args:
        host: the address to listen on.
        port: 0 serves nothing. Where the port is taken, as by another detector on this machine, a
            free one is used instead.
        pages: by path, what makes the page anew for each request.

    Yields:
        The address, such as `http://127.0.0.1:9464`; None where nothing is served.

    Raises:
        ConfigurationError: when the host is none of this machine's, or the port is not allowed.
    """
    if not port:
        yield None
        return
    with _listening(host, port, pages) as server:
        Thread(target=server.serve_forever, name="http-pages", daemon=True).start()
        _log.info("serving metrics and health", address=server.url)
        try:
            yield server.url
        finally:
            server.shutdown()


def _listening(host: str, port: int, pages: Mapping[str, Callable[[], Page]]) -> "_Server":
    try:
        try:
            return _Server(host, port, pages)
        except OSError as error:
            if error.errno != errno.EADDRINUSE:
                raise
            server = _Server(host, 0, pages)
            _log.warning(
                "port taken; using a free one", port=port, instead=server.server_address[1]
            )
            return server
    except OSError as error:
        raise ConfigurationError(
            f"FINGUARD_DETECTOR_HTTP_HOST, FINGUARD_DETECTOR_HTTP_PORT: cannot listen on "
            f"{host} port {port}: {error.strerror or error}"
        ) from error


class _Server(ThreadingTCPServer):
    """Takes at most `MAX_CLIENTS` at a time, each on a daemon thread."""

    allow_reuse_address = True
    daemon_threads = True
    block_on_close = False
    request_queue_size = MAX_CLIENTS

    def __init__(self, host: str, port: int, pages: Mapping[str, Callable[[], Page]]) -> None:
        self.pages = pages
        self._room = BoundedSemaphore(MAX_CLIENTS)
        self.address_family = socket.AF_INET6 if ":" in host else socket.AF_INET
        super().__init__((host, port), _Exchange)
        shown = f"[{host}]" if ":" in host else host
        self.url = f"http://{shown}:{self.server_address[1]}"

    def process_request(self, request: Any, client_address: Any) -> None:  # noqa: ANN401 - the base class's types
        """Hand a client to a thread of its own, if there is room."""
        if not self._room.acquire(blocking=False):
            request.close()
            return
        try:
            super().process_request(request, client_address)
        except BaseException:
            self._room.release()
            raise

    def process_request_thread(self, request: Any, client_address: Any) -> None:  # noqa: ANN401 - as above
        """Serve a client, and make room for the next."""
        try:
            super().process_request_thread(request, client_address)
        finally:
            self._room.release()

    def handle_error(self, request: Any, client_address: Any) -> None:  # noqa: ANN401 - as above
        """A client that goes away or is too slow is nobody's error; a broken page is ours."""
        del request, client_address
        _log.debug("a client was not served", exc_info=True)


class _Exchange(BaseRequestHandler):
    """One request, one answer, and the connection is closed.

    The standard library's HTTP server bounds each read but not their number, so that a client that
    sends a byte now and then keeps its thread for ever. Nothing is read here but the request line.
    """

    server: _Server

    def handle(self) -> None:
        """Read, answer, and be done in time."""
        self._until_s = monotonic() + EXCHANGE_S
        head = self._read_head()
        if not head:
            return
        method, page = self._answer(head)
        body = b"" if method == b"HEAD" else page.body
        phrase = HTTPStatus(page.status).phrase
        lines = [
            f"HTTP/1.1 {page.status} {phrase}",
            f"Content-Type: {page.content_type}",
            f"Content-Length: {len(page.body)}",
            "Cache-Control: no-store",
            "X-Content-Type-Options: nosniff",
            "Connection: close",
        ]
        if page.status == HTTPStatus.METHOD_NOT_ALLOWED:
            lines.append("Allow: GET, HEAD")
        self._wait_at_most()
        # With a time-out set, sendall as a whole takes no longer than that.
        self.request.sendall("\r\n".join([*lines, "", ""]).encode() + body)

    def _read_head(self) -> bytes:
        """The bytes up to the empty line; one too many of them where there is none."""
        head = b""
        while b"\r\n\r\n" not in head and b"\n\n" not in head and len(head) <= MAX_HEAD_BYTES:
            self._wait_at_most()
            received = self.request.recv(MAX_HEAD_BYTES + 1 - len(head))
            if not received:
                return b""
            head += received
        return head

    def _wait_at_most(self) -> None:
        left_s = self._until_s - monotonic()
        if left_s <= 0:
            raise TimeoutError
        self.request.settimeout(left_s)

    def _answer(self, head: bytes) -> tuple[bytes, Page]:
        method, _, rest = head.splitlines()[0].partition(b" ")
        target, _, version = rest.partition(b" ")
        if len(head) > MAX_HEAD_BYTES:
            return method, _refusal(HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE)
        if not version.startswith(b"HTTP/1."):
            return method, _refusal(HTTPStatus.BAD_REQUEST)
        if method not in {b"GET", b"HEAD"}:
            return method, _refusal(HTTPStatus.METHOD_NOT_ALLOWED)
        make = self.server.pages.get(target.partition(b"?")[0].decode("latin-1"))
        if make is None:
            return method, _refusal(HTTPStatus.NOT_FOUND, pages=sorted(self.server.pages))
        try:
            return method, make()
        except Exception:  # noqa: BLE001 - told to the client, and in the log
            _log.warning("a page could not be made", path=target.decode("latin-1"), exc_info=True)
            return method, _refusal(HTTPStatus.INTERNAL_SERVER_ERROR)


def _refusal(status: HTTPStatus, **facts: object) -> Page:
    return _json_page(status, {"error": status.phrase, **facts})
