"""All of FinGuard as its users run it: the four programs, on a deployment of their own."""

import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from http import HTTPStatus
from typing import Final

import httpx

from devstack.settings import free_ports
from tests.acceptance.programs import Program, Site
from tests.patience import PATIENCE_S, wait_for

_ASKING: Final = httpx.Client(timeout=2)
"""Made once: each client reads whom it trusts, which costs what a starting program needs."""


class Insistent(httpx.HTTPTransport):
    """Asks again after a 503: on a busy machine an answer may have taken the API too long."""

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """The first answer that is another than 503, or in the end that."""
        deadline_s = time.monotonic() + PATIENCE_S
        answer = super().handle_request(request)
        while (
            answer.status_code == HTTPStatus.SERVICE_UNAVAILABLE and time.monotonic() < deadline_s
        ):
            answer.close()
            time.sleep(float(answer.headers["Retry-After"]))
            answer = super().handle_request(request)
        return answer


def api_client(url: str) -> httpx.Client:
    """A client that gets its answers, however long they take."""
    return httpx.Client(base_url=url, timeout=PATIENCE_S, transport=Insistent())


class Whole:
    """The four programs side by side, as their four terminals run them.

    Attributes:
        site: with their topics and their database.
        api: its address.
        dashboard: its address, with a slash at the end.
    """

    def __init__(self, site: Site, programs: ExitStack) -> None:
        self.site = site
        api_port, dashboard_port = free_ports(2)
        self.api = f"http://127.0.0.1:{api_port}"
        self.dashboard = f"http://127.0.0.1:{dashboard_port}/"
        self._programs = programs
        self._api: Program | None = None

    def start(self, *command: str) -> Program:
        """Run one of the programs until the context ends."""
        env = {"FINGUARD_DASHBOARD_API_URL": self.api}
        return self._programs.enter_context(self.site.running(*command, env=env))

    def start_api(self) -> None:
        """Run the API, also once more at the same address after it was lost."""
        port = self.api.rpartition(":")[2]
        self._api = self.start("-m", "uvicorn", "api:app", "--port", port)

    def lose_api(self) -> None:
        """End the API at once."""
        assert self._api is not None
        self._api.kill()

    def start_dashboard(self) -> None:
        """Run the dashboard."""
        port = self.dashboard.rpartition(":")[2].rstrip("/")
        self.start(
            *("-m", "streamlit", "run", "dashboard.py", "--server.headless", "true"),
            *("--server.address", "127.0.0.1", "--server.port", port),
        )


@contextmanager
def running_whole(site: Site, world: Sequence[str] | None) -> Iterator[Whole]:
    """Run them until the context ends.

    Args:
        site: where.
        world: what the producer is told; None for no producer.
    """
    with ExitStack() as programs:
        whole = Whole(site, programs)
        if world is not None:
            whole.start("producer.py", *world)
        whole.start("detector.py")
        whole.start_api()
        whole.start_dashboard()
        wait_for(lambda: is_healthy(f"{whole.api}/health"), "the API")
        wait_for(lambda: is_healthy(f"{whole.dashboard}_stcore/health"), "the dashboard")
        yield whole


def is_healthy(url: str) -> bool:
    """Whether a page answers with 200."""
    try:
        return _ASKING.get(url).is_success
    except httpx.TransportError:
        return False


def free_port() -> int:
    """A port of this machine that nobody listens on."""
    (port,) = free_ports(1)
    return port
