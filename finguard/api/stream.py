"""The live stream: new and changed alerts as server-sent events."""

import asyncio
import re
from collections.abc import AsyncIterator
from http import HTTPStatus
from time import monotonic
from typing import Annotated, Final

from anyio import to_thread
from fastapi import APIRouter, Depends, Header, Query
from starlette.requests import Request
from starlette.responses import Response

from finguard.adapters.postgres import alert_log
from finguard.adapters.postgres.alert_log import Head
from finguard.api.access import require
from finguard.api.alert_inputs import StreamQuery
from finguard.api.database import Database
from finguard.api.feed import PAGE, Batch, Subscriber, batch_of, selected
from finguard.api.problems import GUARDED, documented
from finguard.api.security import InvalidToken
from finguard.api.services import Provided, Services
from finguard.api.streaming import Streamed
from finguard.errors import ServiceUnavailable

MEDIA_TYPE: Final = "text/event-stream"

_EVENT: Final = {
    "type": "object",
    "description": "One event of the stream.",
    "properties": {
        "id": {"type": "string", "description": "For `Last-Event-ID`."},
        "event": {"enum": ["created", "changed", "reset"]},
        "data": {"type": "string", "description": "The alert as JSON; of `reset`, the reason."},
    },
    "required": ["id", "event", "data"],
}
"""OpenAPI describes a stream by what it is a sequence of."""

_RECONNECT_MS: Final = 2_000
_PAUSE_S: Final = 0.5
_EVENT_ID: Final = re.compile(r"([0-9a-f]{8})-(0|[1-9][0-9]{0,17})")

_EXAMPLE: Final = """retry: 2000
id: 5f0c1d2e-41

id: 5f0c1d2e-42
event: created
data: {"alert_id": 4711, "rule": "impossible_travel", "severity": "high", "version": 1, …}

"""

router = APIRouter(
    prefix="/api/v1/alerts", tags=["alerts"], dependencies=[Depends(require("viewer"))]
)


@router.get(
    "/stream",
    summary="Follow alerts",
    response_class=Response,
    response_description="Events, as long as both sides like.",
    responses={
        200: {"content": {MEDIA_TYPE: {"schema": _EVENT, "example": _EXAMPLE}}},
        **documented(*GUARDED, HTTPStatus.UNPROCESSABLE_ENTITY),
    },
)
async def follow_alerts(
    query: Annotated[StreamQuery, Query()],
    request: Request,
    services: Provided,
    last_event_id: Annotated[
        str | None,
        Header(max_length=64, description="The last `id` received: the stream goes on behind it."),
    ] = None,
) -> Response:
    """New alerts as `created` and triaged ones as `changed`, each once and in order.

    The data of an event is the alert as it is when the event is sent. Without `Last-Event-ID` the
    stream begins now. Where it cannot go on from there, since that was too long ago or in another
    database, it says `reset`: load what you show afresh. Comments come while nothing happens. A
    client that does not keep up is disconnected, as is one whose token has ended; it comes again
    with its `Last-Event-ID` and misses nothing. New alerts that are suppressed are left out unless
    `suppressed` asks for them; what a person makes of them is told to all.
    """
    subscriber = services.feed.subscribe()
    try:
        tail = _Tail(request, services, query, subscriber)
        chunks = tail.chunks(await tail.place(last_event_id))
    except BaseException:
        services.feed.unsubscribe(subscriber)
        raise
    return Streamed(
        chunks,
        media_type=MEDIA_TYPE,
        # Proxies such as nginx would otherwise collect what is to go out at once.
        headers={"X-Accel-Buffering": "no"},
        until=subscriber.ended.wait(),
        is_whole_when_ended=True,
        on_end=lambda: services.feed.unsubscribe(subscriber),
    )


class _Place:
    """Where a stream begins, and whether that is where the client has asked for."""

    def __init__(self, event_id: int, *, is_reset: bool) -> None:
        self.event_id = event_id
        self.is_reset = is_reset


class _Tail:
    """One client's view of the log: first what it has missed, then what comes."""

    def __init__(
        self, request: Request, services: Services, query: StreamQuery, subscriber: Subscriber
    ) -> None:
        self._request = request
        self._services = services
        self._query = query
        self._subscriber = subscriber
        self._epoch = services.feed.epoch
        self._sent_id = subscriber.position
        self._heartbeat_s = services.stream_heartbeat_s

    async def place(self, last_event_id: str | None) -> _Place:
        """Where to begin."""
        if last_event_id is None:
            return _Place(self._subscriber.position, is_reset=False)
        head = await to_thread.run_sync(_read_head, self._services.database)
        matched = _EVENT_ID.fullmatch(last_event_id)
        if matched and matched[1] == self._epoch == head.epoch:
            event_id = int(matched[2])
            if head.pruned_id <= event_id <= head.last_event_id:
                return _Place(event_id, is_reset=False)
        return _Place(self._subscriber.position, is_reset=True)

    async def chunks(self, place: _Place) -> AsyncIterator[bytes]:
        """Everything behind the place, and heartbeats, until the user may no longer see it."""
        self._sent_id = place.event_id
        yield f"retry: {_RECONNECT_MS}\n".encode() + self._id_line() + b"\n"
        if place.is_reset:
            yield self._reset()
        async for batch in self._missed():
            yield self._text(batch)
        beat_at_s = monotonic() + self._heartbeat_s
        while True:
            try:
                async with asyncio.timeout(beat_at_s - monotonic()):
                    batches = await self._subscriber.next_batches()
            except TimeoutError:
                if not await _may_still(self._request, self._services):
                    return
                beat_at_s = monotonic() + self._heartbeat_s
                yield b": heartbeat\n" + self._id_line() + b"\n"
                continue
            if text := b"".join(map(self._text, batches)):
                yield text

    async def _missed(self) -> AsyncIterator[Batch]:
        """What lies between the client's place and the subscription's, from the log itself."""
        while self._sent_id < self._subscriber.position:
            try:
                rows = await to_thread.run_sync(
                    _read_events, self._services.database, self._sent_id
                )
            except ServiceUnavailable:
                await asyncio.sleep(_PAUSE_S)
                continue
            if not rows:
                return
            batch = batch_of(rows, self._epoch)
            if rows[0]["event_id"] != self._sent_id + 1:
                # Numbers have no gaps: what the client has missed was dropped before it was read.
                position = self._subscriber.position
                batch = Batch(frames=(), last_event_id=position, epoch=self._epoch, is_reset=True)
            yield batch

    def _text(self, batch: Batch) -> bytes:
        """What this client is to see of a batch: nothing it has seen before or does not want."""
        if batch.is_reset:
            self._epoch, self._sent_id = batch.epoch, batch.last_event_id
            return self._reset()
        new = [frame for frame in batch.frames if frame.event_id > self._sent_id]
        self._sent_id = max(self._sent_id, batch.last_event_id)
        query = self._query
        wanted = selected(new, rules=query.rule, severities=query.severity, quiet=query.suppressed)
        return b"".join(frame.text for frame in wanted)

    def _reset(self) -> bytes:
        return self._id_line() + b'event: reset\ndata: {"reason": "events were missed"}\n\n'

    def _id_line(self) -> bytes:
        """Moves the client's place on even while nothing comes that it wants."""
        return f"id: {self._epoch}-{self._sent_id}\n".encode()


def _read_head(database: Database) -> Head:
    with database.cursor() as cursor:
        return alert_log.read_head(cursor)


def _read_events(database: Database, after: int) -> list[dict[str, object]]:
    with database.cursor() as cursor:
        return alert_log.read_events(cursor, after=after, limit=PAGE)


async def _may_still(request: Request, services: Services) -> bool:
    """Whether the token that opened the stream would still open one."""
    token = request.headers.get("Authorization", "").partition(" ")[2]
    try:
        await services.sessions.caller(token)
    except InvalidToken:
        return False
    except ServiceUnavailable:
        # Nobody can tell, and nothing can come meanwhile either.
        return True
    return True
