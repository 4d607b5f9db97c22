"""A client of the stream of alerts, as a browser's or another program's would be."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from json import loads
from threading import Event, Lock, Thread
from typing import Any

import httpx

from tests.patience import PATIENCE_S, wait_for

STREAM = "/api/v1/alerts/stream"


@dataclass(frozen=True)
class ServerSentEvent:
    """One event; `number` is the part of its id that counts."""

    name: str
    id: str
    data: dict[str, Any]

    @property
    def number(self) -> int:
        """Its place in the log."""
        return int(self.id.rpartition("-")[2])

    @property
    def what(self) -> tuple[str, int]:
        """What happened to which alert."""
        return self.name, self.data["alert_id"]


def parsed(lines: Iterator[str], on_id: Callable[[str], None]) -> Iterator[ServerSentEvent]:
    """Events of a stream, by the WHATWG's rules as far as they matter here."""
    name, data = "message", ""
    last_id = ""
    for line in lines:
        key, _, value = line.partition(": ")
        match key:
            case "":
                on_id(last_id)
                if data and not line:
                    yield ServerSentEvent(name, last_id, loads(data))
                name, data = ("message", "") if not line else (name, data)
            case "event":
                name = value
            case "data":
                data = value
            case "id":
                last_id = value


@dataclass
class Follower:
    """Follows a stream in a thread, and comes again with the last id whenever it is cut."""

    client: httpx.Client
    params: dict[str, Any] = field(default_factory=dict)
    last_id: str | None = None
    events: list[ServerSentEvent] = field(default_factory=list)
    is_open: Event = field(default_factory=Event)
    ended: Event = field(default_factory=Event)
    reconnects: bool = True
    connections: int = 0
    statuses: list[int] = field(default_factory=list)
    _stopping: Event = field(default_factory=Event)
    _response: httpx.Response | None = None
    _lock: Lock = field(default_factory=Lock)

    def run(self) -> None:
        """Follow until told to stop."""
        while not self._stopping.is_set():
            with suppress(httpx.HTTPError):
                self._follow()
            if not self.reconnects:
                break
            self._stopping.wait(0.05)
        self.ended.set()

    def await_events(self, count: int) -> list[ServerSentEvent]:
        """The events, as soon as there are so many."""
        self.await_that(lambda: len(self.events) >= count)
        return self.events

    def await_that(self, condition: Callable[[], bool]) -> None:
        """Wait for a condition."""
        try:
            wait_for(condition, "events", every_s=0.02)
        except TimeoutError as error:
            raise AssertionError(f"{error}: {len(self.events)}, {self.statuses[-3:]}") from None

    def cut(self) -> None:
        """Break the connection, as a network may."""
        with self._lock:
            if self._response is not None:
                stream = self._response.extensions["network_stream"]
                sock = stream.get_extra_info("socket")
                if sock is not None:
                    try:
                        sock.shutdown(2)
                    except OSError:
                        return

    def stop(self) -> None:
        """Stop following."""
        self._stopping.set()
        self.cut()

    def _follow(self) -> None:
        headers = {"Last-Event-ID": self.last_id} if self.last_id else {}
        with self.client.stream(
            "GET", STREAM, params=self.params, headers=headers, timeout=PATIENCE_S
        ) as response:
            self.statuses.append(response.status_code)
            if response.status_code != 200:
                self._stopping.wait(0.2)
                return
            with self._lock:
                self._response = response
            self.connections += 1
            for event in parsed(response.iter_lines(), self._on_id):
                self.events.append(event)

    def _on_id(self, last_id: str) -> None:
        if last_id:
            self.last_id = last_id
            self.is_open.set()


@contextmanager
def following(client: httpx.Client, **options: Any) -> Iterator[Follower]:  # noqa: ANN401 - of a follower
    """A follower that has been told where the stream stands."""
    with httpx.Client(base_url=client.base_url, headers=client.headers, timeout=PATIENCE_S) as own:
        follower = Follower(own, **options)
        thread = Thread(target=follower.run, daemon=True)
        thread.start()
        try:
            assert follower.is_open.wait(PATIENCE_S), follower.statuses
            yield follower
        finally:
            follower.stop()
            thread.join(PATIENCE_S)
