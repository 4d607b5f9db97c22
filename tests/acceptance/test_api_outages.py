"""The API as a process, under load, while PostgreSQL and Redis go away, hang and come back."""

import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from threading import Event, Thread
from typing import Any, Final
from urllib.parse import quote

import httpx
import pytest

from devstack import ServiceHandle, Stack
from tests.acceptance.programs import Site
from tests.acceptance.whole import free_port, is_healthy
from tests.integration.api.serving import sign_in
from tests.integration.api.world import World, alert
from tests.patience import LONGEST_ANSWER_S, PATIENCE_S, wait_for

CLIENTS: Final = 8
AWAY_S: Final = 3.0
"""Long enough for what is away to be looked for again and again."""
KEPT_OPEN: Final = ("--timeout-keep-alive", "900")
"""A connection that is closed just when the next question is sent is reset."""
FAULTS: Final = ("stopped", "killed", "frozen")
WITHOUT_REDIS: Final = ("/api/v1/alerts", "/api/v1/stats", "/api/v1/admin", "/api/v1/audit")
LEFT_OUT: Final = ("/health", "/stream", "/export")
"""Of health itself tests are elsewhere; the others are streams, which are over when they are."""


@dataclass(frozen=True)
class Ask:
    """One request, and what it is answered while all is well."""

    method: str
    path: str
    body: dict[str, Any] | None
    status: int


@dataclass
class Seen:
    """What clients have been answered."""

    faults: list[str] = field(default_factory=list)
    good: int = 0
    good_paths: Counter[str] = field(default_factory=Counter)
    refused: int = 0

    def note(self, ask: Ask, answer: httpx.Response) -> None:
        """Judge one answer."""
        if answer.status_code == ask.status:
            self.good += 1
            self.good_paths[ask.path] += 1
        elif answer.status_code == 503 and int(answer.headers.get("Retry-After", 0)) > 0:
            self.refused += 1
        else:
            self.faults.append(f"{ask.method} {ask.path}: {answer.status_code} {answer.text[:200]}")


class Crowd:
    """Clients that ask all there is to ask, over and over.

    Args:
        client: signed in. asks: what to ask.
    """

    def __init__(self, client: httpx.Client, asks: list[Ask]) -> None:
        self._client = client
        self._asks = asks
        self._over = Event()
        self.seen = Seen()

    @contextmanager
    def asking(self) -> Iterator[None]:
        """While the context lasts, they ask."""
        threads = [Thread(target=self._ask_all, args=(number,)) for number in range(CLIENTS)]
        for thread in threads:
            thread.start()
        try:
            yield
        finally:
            self._over.set()
            for thread in threads:
                thread.join()

    def good_again(self) -> None:
        """Wait until as many requests in a row succeed as there are kinds, and none is refused."""

        def all_good() -> bool:
            good, refused = self.seen.good, self.seen.refused
            wait_for(lambda: self.seen.good >= good + 2 * len(self._asks), "good answers")
            return self.seen.refused == refused

        wait_for(all_good, "the API to recover")

    def all_answered_in_time(self) -> None:
        """Ask all there is to ask once more, while something is away and none of it may hang."""

        def timed(ask: Ask) -> float:
            began_s = time.monotonic()
            answer = self._client.request(ask.method, ask.path, json=ask.body)
            self.seen.note(ask, answer)
            return time.monotonic() - began_s

        with ThreadPoolExecutor(CLIENTS) as threads:
            took_s = list(threads.map(timed, self._asks))
        assert max(took_s) < LONGEST_ANSWER_S

    def all_good_below(self, *prefixes: str) -> None:
        """Wait until whatever is asked below these paths has had one more good answer."""
        paths = {ask.path for ask in self._asks if ask.path.startswith(prefixes)}
        assert paths
        before = Counter(self.seen.good_paths)

        def answered() -> bool:
            return all(self.seen.good_paths[path] > before[path] for path in paths)

        wait_for(answered, "a good answer to everything else")

    def _ask_all(self, number: int) -> None:
        while not self._over.is_set():
            for ask in self._asks[number:] + self._asks[:number]:
                try:
                    answer = self._client.request(ask.method, ask.path, json=ask.body)
                except httpx.TransportError as error:
                    self.seen.faults.append(f"{ask.method} {ask.path}: {type(error).__name__}")
                    continue
                self.seen.note(ask, answer)


@pytest.fixture
def crowd(site: Site) -> Iterator[Crowd]:
    """Clients of an API that runs as the README says, but for how long it keeps connections."""
    url = f"http://127.0.0.1:{free_port()}"
    ids = World(site.database).store_alerts([alert() for _ in range(300)])
    with site.running("-m", "uvicorn", "api:app", "--port", url.rpartition(":")[2], *KEPT_OPEN):
        wait_for(lambda: is_healthy(f"{url}/health"), "the API")
        with httpx.Client(base_url=url, timeout=PATIENCE_S) as client:
            sign_in(client)
            yield Crowd(client, list(_asks(client, ids)))


def _asks(client: httpx.Client, ids: list[int]) -> Iterator[Ask]:
    """Every operation that only reads, and triage."""
    values = {"alert_id": str(ids[0]), "username": "admin", "user_id": "u-1"}
    for template, operations in client.get("/openapi.json").json()["paths"].items():
        path = template
        for name, value in values.items():
            path = path.replace(f"{{{name}}}", quote(value))
        is_streamed = any(part in path for part in LEFT_OUT)
        if "get" in operations and not is_streamed and "{" not in path:
            yield _asked(client, "GET", path)
    yield _asked(client, "GET", "/api/v1/alerts?status=open&sort=amount")
    items = [{"alert_id": each, "version": 1} for each in ids[1:4]]
    body = {"items": items, "status": "investigating", "note": "Called."}
    yield _asked(client, "POST", "/api/v1/alerts/triage", body)


def _asked(client: httpx.Client, method: str, path: str, body: dict[str, Any] | None = None) -> Ask:
    answer = client.request(method, path, json=body)
    assert answer.status_code < 500, answer.text
    return Ask(method, path, body, answer.status_code)


@contextmanager
def failing(service: ServiceHandle, fault: str) -> Iterator[None]:
    """Within the context the service is away, or hangs."""
    {"stopped": service.stop, "killed": service.kill, "frozen": service.freeze}[fault]()
    try:
        yield
    finally:
        (service.thaw if fault == "frozen" else service.start)()


@pytest.mark.parametrize("fault", FAULTS)
def test_without_postgres_requests_are_refused_in_time(
    stack: Stack, crowd: Crowd, fault: str
) -> None:
    """None fails otherwise than with 503 and Retry-After, none hangs, and all is well again."""
    with crowd.asking():
        crowd.good_again()
        before = crowd.seen.refused
        with failing(stack.postgres, fault):
            time.sleep(AWAY_S)
            crowd.all_answered_in_time()
        crowd.good_again()
    assert crowd.seen.faults == []
    assert crowd.seen.refused > before


@pytest.mark.parametrize("fault", FAULTS)
def test_without_redis_everything_else_is_answered(stack: Stack, crowd: Crowd, fault: str) -> None:
    """Each of them is answered well while Redis is away: alerts, statistics, and triage."""
    with crowd.asking():
        crowd.good_again()
        with failing(stack.redis, fault):
            time.sleep(AWAY_S)
            crowd.all_answered_in_time()
            crowd.all_good_below(*WITHOUT_REDIS)
        crowd.good_again()
    assert crowd.seen.faults == []
