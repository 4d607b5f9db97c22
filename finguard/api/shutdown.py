"""Streams end when the server is told to stop, which waits for every answer to be complete."""

import asyncio
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Final

GRACE_S: Final = 5.0
"""How long answers may take to complete; a client that reads nothing would keep the server up."""


@contextmanager
def on_stop(call: Callable[[], None]) -> Iterator[None]:
    """Call something on the running loop as soon as a signal says stop.

    ASGI tells an application of the end only after all its answers are complete, and a stream's
    answer never is. The server's own handler of the signal is called first. After the grace it is
    called as for a second Ctrl-C, upon which uvicorn waits for nobody.

    Elsewhere than in the main thread, where no signal arrives, this does nothing.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    loop = asyncio.get_running_loop()
    former = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}

    def handle(number: int, frame: FrameType | None) -> None:
        _pass_on(former[signal.Signals(number)], number, frame)
        loop.call_soon_threadsafe(call)
        loop.call_soon_threadsafe(
            loop.call_later, GRACE_S, _pass_on, former[signal.SIGINT], signal.SIGINT, None
        )

    for number in former:
        signal.signal(number, handle)
    try:
        yield
    finally:
        for number, handler in former.items():
            if signal.getsignal(number) is handle:
                signal.signal(number, handler)


def _pass_on(handler: object, number: int, frame: FrameType | None) -> None:
    if callable(handler):
        handler(number, frame)
