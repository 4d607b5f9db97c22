"""The pages: right answers to good clients, and no harm from slow and hostile ones."""

import socket
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from functools import partial
from threading import Event
from urllib.parse import urlsplit

import httpx
import pytest

from finguard.adapters import http_pages
from finguard.adapters.http_pages import MAX_CLIENTS, MAX_HEAD_BYTES, Page, health_page, serve_pages
from finguard.domain.telemetry import Health
from finguard.errors import ConfigurationError
from tests.patience import PATIENCE_S, wait_for

get = partial(httpx.get, timeout=PATIENCE_S)


def broken() -> Page:
    """A page that cannot be made."""
    raise ZeroDivisionError


PAGES = {
    "/metrics": lambda: Page(200, "text/plain", b"a 1\n"),
    "/health/ready": lambda: health_page(Health(well=False, facts={"status": "not_ready"})),
    "/broken": broken,
}


@pytest.fixture(autouse=True)
def _patience(monkeypatch: pytest.MonkeyPatch) -> None:
    """Give clients that are kept waiting by a busy machine the time they need."""
    monkeypatch.setattr(http_pages, "EXCHANGE_S", PATIENCE_S)


@pytest.fixture
def url() -> Iterator[str]:
    """The pages on a port of their own."""
    with serve_pages("127.0.0.1", taken_and_freed(), PAGES) as address:
        assert address is not None
        yield address


def taken_and_freed() -> int:
    """A port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def raw(url: str) -> socket.socket:
    """A connection with nothing sent yet."""
    parts = urlsplit(url)
    return socket.create_connection((parts.hostname, parts.port), timeout=PATIENCE_S)


def answer(url: str, request: bytes) -> bytes:
    """All that comes back for some bytes."""
    with raw(url) as wire:
        wire.sendall(request)
        return b"".join(iter(lambda: wire.recv(65_536), b""))


def drip(wire: socket.socket) -> None:
    """Send a byte at a time until the other side has had enough."""
    wire.settimeout(0.02)
    while True:
        try:
            wire.sendall(b"x")
            if wire.recv(1) == b"":
                return
        except TimeoutError:
            continue
        except OSError:
            return


def test_a_page_is_served_with_its_type(url: str) -> None:
    """A query in the address changes nothing."""
    found = get(f"{url}/metrics?name[]=a")
    assert (200, "text/plain", "a 1\n") == (
        found.status_code,
        found.headers["content-type"],
        found.text,
    )


def test_a_probe_that_fails_is_503_with_the_facts(url: str) -> None:
    """In JSON."""
    found = get(f"{url}/health/ready")
    assert (503, {"status": "not_ready"}) == (found.status_code, found.json())


def test_head_is_get_without_the_body(url: str) -> None:
    """The length is that of the body which is left out."""
    found = httpx.head(f"{url}/metrics", timeout=PATIENCE_S)
    assert (200, "4", b"") == (found.status_code, found.headers["content-length"], found.content)


def test_another_path_is_404_with_the_pages_there_are(url: str) -> None:
    """So that whoever knows the port finds the rest."""
    found = get(f"{url}/")
    assert (404, sorted(PAGES)) == (found.status_code, found.json()["pages"])


def test_nothing_can_be_changed(url: str) -> None:
    """Any other method is refused."""
    found = httpx.post(f"{url}/metrics", content=b"x", timeout=PATIENCE_S)
    assert (405, "GET, HEAD") == (found.status_code, found.headers["allow"])


def test_a_page_that_raises_is_500_and_the_next_one_works(url: str) -> None:
    """The trace goes into the log and not to the client."""
    found = get(f"{url}/broken")
    assert (500, {"error": "Internal Server Error"}) == (found.status_code, found.json())
    assert get(f"{url}/metrics").is_success


@pytest.mark.parametrize(
    ("request_", "status"),
    [
        (b"GET /metrics\r\n\r\n", b"400"),
        (b"\x16\x03\x01\x02\x00\x01\n\n", b"400"),
        (b"\r\n\r\n", b"400"),
        (b"GET /\xff\xfe%00 HTTP/1.1\r\n\r\n", b"404"),
        (b"GET /metrics HTTP/1.1\r\n" + b"x: y\r\n" * MAX_HEAD_BYTES, b"431"),
        (b"GET /metrics HTTP/1.0\n\n", b"200"),
    ],
)
def test_any_bytes_get_an_answer(url: str, request_: bytes, status: bytes) -> None:
    """Whatever is sent: a status line, and the server lives on."""
    try:
        said = answer(url, request_)
    except ConnectionResetError:
        # What it sent too much of was never read, which TCP tells it rudely.
        assert status == b"431"
    else:
        assert said.startswith(b"HTTP/1.1 " + status)
    assert get(f"{url}/metrics").is_success


def test_a_client_that_says_nothing_is_cut_off(monkeypatch: pytest.MonkeyPatch, url: str) -> None:
    """And so is one that drips, since the whole exchange is bounded and not each read."""
    with monkeypatch.context() as hurry:
        hurry.setattr(http_pages, "EXCHANGE_S", 0.3)
        with raw(url) as silent, raw(url) as dripping:
            assert silent.recv(1) == b""
            drip(dripping)
    assert get(f"{url}/metrics").is_success


def test_more_clients_than_there_is_room_for_are_hung_up_on() -> None:
    """No thread is started for them; as soon as there is room again, clients are served."""
    inside, leave = Event(), Event()

    def slow() -> Page:
        inside.set()
        leave.wait(PATIENCE_S)
        return Page(200, "text/plain", b"")

    pages = {"/slow": slow, **PAGES}
    with serve_pages("127.0.0.1", taken_and_freed(), pages) as url, ExitStack() as stack:
        assert url is not None
        waiting = [stack.enter_context(raw(url)) for _ in range(MAX_CLIENTS)]
        for wire in waiting:
            inside.clear()
            wire.sendall(b"GET /slow HTTP/1.1\r\n\r\n")
            assert inside.wait(PATIENCE_S)
        with pytest.raises(httpx.TransportError):
            get(f"{url}/metrics")
        leave.set()
        assert all(wire.recv(12) == b"HTTP/1.1 200" for wire in waiting)
        with httpx.Client(transport=httpx.HTTPTransport(retries=0), timeout=PATIENCE_S) as client:

            def is_served() -> bool:
                with suppress(httpx.TransportError):
                    return client.get(f"{url}/metrics").is_success
                return False

            wait_for(is_served, "room again")


def test_a_port_that_is_taken_is_replaced_by_a_free_one(url: str) -> None:
    """The second detector on a machine is as visible as the first."""
    port = urlsplit(url).port
    assert port is not None
    with serve_pages("127.0.0.1", port, PAGES) as second:
        assert second not in {None, url}
        assert get(f"{second}/metrics").is_success


def test_port_zero_serves_nothing() -> None:
    """Whoever wants no port open has none."""
    with serve_pages("127.0.0.1", 0, PAGES) as url:
        assert url is None


@pytest.mark.parametrize("host", ["192.0.2.1", "no such host"])
def test_an_address_of_another_machine_is_refused(host: str) -> None:
    """The message names the setting."""
    with (
        pytest.raises(ConfigurationError, match="FINGUARD_DETECTOR_HTTP_HOST"),
        serve_pages(host, taken_and_freed(), PAGES),
    ):
        pass


def test_the_port_is_free_again_afterwards() -> None:
    """A detector that is started again at once gets its old port."""
    port = taken_and_freed()
    for _ in range(2):
        with serve_pages("127.0.0.1", port, PAGES) as url:
            assert url == f"http://127.0.0.1:{port}"
            assert get(f"{url}/metrics").is_success
