"""Open dashboards without browsers: each keeps a page as fresh as a browser does, undrawn.

Twenty browsers on the machine that is measured would leave little of it; those who look have
machines of their own. So these viewers speak Streamlit's protocol: they ask for a page with the
cookie of a login, and then for its live parts, each as often as the page has told them to.

`python -m bench.dashboard.viewers PORT` takes a line of JSON, a list of `[cookie, path, query]`,
says `drawn` when all have their page, and at the end of its input what has been drawn since.
"""

import asyncio
import json
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import Final, NamedTuple

from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidHandshake

from bench.command import BenchError
from bench.dashboard.bed import Shown, browser_cookie

DRAWN_WITHIN_S: Final = 120.0
_WHOLE: Final = (
    ForwardMsg.FINISHED_SUCCESSFULLY,
    ForwardMsg.FINISHED_FRAGMENT_RUN_SUCCESSFULLY,
)


class Address(NamedTuple):
    """A page of the dashboard, such as `alerts` with `range=All`; the overview's path is empty."""

    path: str = ""
    query: str = ""


class Seen(NamedTuple):
    """What some viewers have been sent since all of them had their page.

    Attributes:
        asked: how often the clock of a live part has asked for it.
        drawn: how often one was drawn. What is asked for again while it waits is drawn once.
        lost: viewers whose connection ended.
    """

    asked: int
    drawn: int
    lost: int


class Viewers:
    """Viewers that look on until their context ends."""

    def __init__(self, process: "subprocess.Popen[str]") -> None:
        self._process = process

    def look(self, wanted: list[list[str]]) -> None:
        """Let each take its page, and wait until all have it."""
        with suppress(BrokenPipeError):
            if process_input := self._process.stdin:
                process_input.write(json.dumps(wanted) + "\n")
                process_input.flush()
        told = self._process.stdout.readline() if self._process.stdout else ""
        if told != "drawn\n":
            raise BenchError(f"the dashboard did not draw its pages: {told.strip() or 'no answer'}")

    def leave(self) -> Seen:
        """Let them go, and tell what they have seen."""
        output, _ = self._process.communicate()
        if self._process.returncode:
            raise BenchError("those who look at the dashboard have failed")
        seen = Seen(*json.loads(output))
        if seen.lost:
            raise BenchError(f"the dashboard left {seen.lost} of those who look at it")
        return seen


@contextmanager
def viewing(shown: Shown, addresses: Sequence[Address]) -> Iterator[Viewers]:
    """One viewer at each address, who has been drawn a page when this begins.

    Raises:
        BenchError: one of them never got its page.
    """
    wanted = [[browser_cookie(shown.api), *address] for address in addresses]
    with subprocess.Popen(  # noqa: S603 - this module
        [sys.executable, "-m", __name__, str(shown.port)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            viewers = Viewers(process)
            viewers.look(wanted)
            yield viewers
        finally:
            process.terminate()


class Viewer:
    """One of them: a connection, and a clock for each live part of the page."""

    def __init__(self, cookie: str, address: Address) -> None:
        self._cookie = cookie
        self._address = address
        self._page = ""
        self._clocks: dict[str, asyncio.Task[None]] = {}
        self.drawn = asyncio.Event()
        self.asked = 0
        self.parts_drawn = 0

    async def look(self, port: int) -> None:
        """Look at the page until this is cancelled; returns when the connection ends."""
        async with connect(
            f"ws://127.0.0.1:{port}/_stcore/stream",
            additional_headers={"Cookie": self._cookie},
            subprotocols=["streamlit"],  # type: ignore[list-item] # its own type is a mere name for text
            max_size=None,
        ) as socket:
            await self._ask(socket)
            with suppress(ConnectionClosed):
                while True:
                    data = await socket.recv(decode=False)
                    self.take(socket, ForwardMsg.FromString(data))
        self.leave()

    def leave(self) -> None:
        """Ask for no live part any more."""
        for part in tuple(self._clocks):
            self._stop_clock(part)

    async def _ask(self, socket: ClientConnection, part: str = "") -> None:
        message = BackMsg()
        asked = message.rerun_script
        asked.query_string = self._address.query
        asked.context_info.timezone = "Europe/Istanbul"
        asked.context_info.timezone_offset = -180
        asked.context_info.locale = "en-GB"
        if part:
            asked.page_script_hash, asked.fragment_id, asked.is_auto_rerun = self._page, part, True
        else:
            asked.page_name = self._address.path
        with suppress(ConnectionClosed):
            await socket.send(message.SerializeToString())

    def take(self, socket: ClientConnection, message: ForwardMsg) -> None:
        """Do with a message what a browser does, but for drawing."""
        kind = message.WhichOneof("type")
        if kind == "new_session":
            self._page = message.new_session.page_script_hash
            if not message.metadata.run.fragment_ids:
                # The whole page comes anew, and tells anew how often each part is to be asked for.
                self.leave()
        elif kind == "page_info_changed":
            self._address = self._address._replace(query=message.page_info_changed.query_string)
        elif kind == "auto_rerun":
            self._start_clock(socket, message.auto_rerun.fragment_id, message.auto_rerun.interval)
        elif kind == "stop_auto_rerun":
            for part in message.stop_auto_rerun.fragment_ids:
                self._stop_clock(part)
        elif kind == "script_finished":
            # Also where it says that it ended early: that is so of each run that another one waits
            # for, and such a one of mere parts is not cut off.
            if message.script_finished != ForwardMsg.FINISHED_WITH_COMPILE_ERROR:
                self.parts_drawn += len(message.metadata.run.fragment_ids)
            # The login by cookie is a run of its own, which has no live parts yet. A slow page may
            # be cut off by the first of its own clocks, and that part is drawn last.
            if message.script_finished in _WHOLE and self._clocks:
                self.drawn.set()

    def _start_clock(self, socket: ClientConnection, part: str, interval_s: float) -> None:
        if part in self._clocks:
            return

        async def tick() -> None:
            while True:
                await asyncio.sleep(interval_s)
                self.asked += 1
                await self._ask(socket, part)

        self._clocks[part] = asyncio.create_task(tick())

    def _stop_clock(self, part: str) -> None:
        if clock := self._clocks.pop(part, None):
            clock.cancel()


async def _look_all(port: int) -> None:
    loop = asyncio.get_running_loop()
    wanted = json.loads(await loop.run_in_executor(None, sys.stdin.readline))
    viewers = [Viewer(cookie, Address(path, query)) for cookie, path, query in wanted]
    looking = [asyncio.create_task(viewer.look(port)) for viewer in viewers]
    await _all_drawn(viewers, looking)
    before = [(viewer.asked, viewer.parts_drawn) for viewer in viewers]
    print("drawn", flush=True)  # noqa: T201 - to the bench
    await loop.run_in_executor(None, sys.stdin.read)
    seen = Seen(
        asked=sum(viewer.asked for viewer in viewers) - sum(asked for asked, _ in before),
        drawn=sum(viewer.parts_drawn for viewer in viewers) - sum(drawn for _, drawn in before),
        lost=sum(task.done() for task in looking),
    )
    print(json.dumps(seen))  # noqa: T201 - to the bench
    for task in looking:
        task.cancel()
    await asyncio.gather(*looking, return_exceptions=True)


async def _all_drawn(viewers: list[Viewer], looking: list[asyncio.Task[None]]) -> None:
    """Wait until each has its page; raises what ended one of them before."""
    async with asyncio.timeout(DRAWN_WITHIN_S):
        for viewer, task in zip(viewers, looking, strict=True):
            drawn = asyncio.create_task(viewer.drawn.wait())
            await asyncio.wait((task, drawn), return_when=asyncio.FIRST_COMPLETED)
            if not drawn.done():
                drawn.cancel()
                await task
                raise ConnectionError("the connection ended")


if __name__ == "__main__":
    try:
        asyncio.run(_look_all(int(sys.argv[1])))
    except (OSError, InvalidHandshake) as error:
        sys.exit(print(f"{type(error).__name__} {error}"))  # noqa: T201 - to the bench
