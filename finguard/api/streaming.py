"""Answers that are sent in pieces and can be ended from outside, whatever their client does."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import suppress
from typing import Final

import structlog
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from finguard.errors import ServiceUnavailable

_log = structlog.get_logger()

_LAST_WORDS_S: Final = 1.0


class Streamed(Response):
    """Sends chunks until there are no more, the client has gone, or `until` is over.

    A client that reads nothing holds up the sending of a chunk, so nothing else waits for that.

    Args:
        chunks: what to send.
        media_type: of all of it. headers: to send along.
        until: ends the answer early.
        is_whole_when_ended: whether an answer that is ended early is complete all the same;
            otherwise its client is to notice that it is not.
        on_end: called once, however it ends.
    """

    def __init__(
        self,
        chunks: AsyncIterator[bytes],
        *,
        media_type: str,
        headers: Mapping[str, str],
        until: Awaitable[object],
        is_whole_when_ended: bool,
        on_end: Callable[[], object],
    ) -> None:
        super().__init__(headers=headers, media_type=media_type)
        del self.headers["Content-Length"]
        self._chunks = chunks
        self._until = until
        self._is_whole_when_ended = is_whole_when_ended
        self._on_end = on_end

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send it."""
        sending = asyncio.create_task(self._send_chunks(send))
        others = {
            asyncio.create_task(_disconnected(receive)),
            asyncio.ensure_future(self._until),
        }
        tasks = {sending, *others}
        try:
            await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            is_sent = sending.done()
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            self._on_end()
        if is_sent and (error := sending.exception()):
            _log.warning("an answer breaks off", path=scope["path"], reason=str(error))
            if not isinstance(error, ServiceUnavailable):
                raise error
            return
        if is_sent or self._is_whole_when_ended:
            with suppress(TimeoutError):
                async with asyncio.timeout(_LAST_WORDS_S):
                    await send({"type": "http.response.body", "body": b"", "more_body": False})

    async def _send_chunks(self, send: Send) -> None:
        await send(
            {"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers}
        )
        async for chunk in self._chunks:
            await send({"type": "http.response.body", "body": chunk, "more_body": True})


async def _disconnected(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
