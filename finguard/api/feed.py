"""The feed of alerts' events: one follower of the database, and any number of subscribers."""

import asyncio
from collections import deque
from collections.abc import Callable, Collection, Sequence
from concurrent.futures import Future
from functools import partial
from threading import Event, Thread
from typing import Final, NamedTuple, TypeVar

import msgspec
import structlog
from psycopg2.extensions import connection as Connection  # noqa: N812 - psycopg2's own lower case

from finguard.adapters.postgres import alert_log
from finguard.adapters.postgres.alert_log import Head, Listener
from finguard.adapters.postgres.pool import Row
from finguard.api.alert_outputs import Alert
from finguard.api.database import Database
from finguard.errors import ServiceUnavailable

_log = structlog.get_logger()

PAGE: Final = 500
MAX_PENDING: Final = 2_000
"""Events that may wait for one subscriber: more than a second's worth at any sane rate."""

MAX_SUBSCRIBERS: Final = 1_000

_MOVED_AT_ONCE: Final = 1_000
_KEPT_EVENTS: Final = 100_000
_PRUNED_AT_LEAST: Final = 1_000
_PRUNED_AT_MOST: Final = 10_000
_POLL_INTERVAL_S: Final = 0.5
_REST_S: Final = 0.1
_RETRY_PAUSE_S: Final = 0.5
_LOOP_PATIENCE_S: Final = 10.0

T = TypeVar("T")


class Frame(NamedTuple):
    """One event, as subscribers filter it and as it goes over the wire."""

    event_id: int
    rule: str
    severity: str
    is_quiet: bool
    text: bytes


class Batch(msgspec.Struct, frozen=True, kw_only=True):
    """Events that were read together; all subscribers share it.

    Attributes:
        frames: in order.
        last_event_id: the place behind the batch.
        epoch: of the log.
        is_reset: the log is another than before; what came from the old one no longer counts.
    """

    frames: Sequence[Frame]
    last_event_id: int
    epoch: str
    is_reset: bool = False


class Subscriber:
    """Takes batches as they come, up to a number of events that wait.

    Args:
        position: every event behind this one comes, and none before.
    """

    def __init__(self, position: int) -> None:
        self.position = position
        self.ended = asyncio.Event()
        self._waiting: deque[Batch] = deque()
        self._pending = 0
        self._arrived = asyncio.Event()

    async def next_batches(self) -> list[Batch]:
        """All that has come; waits while there is nothing."""
        await self._arrived.wait()
        self._arrived.clear()
        batches = list(self._waiting)
        self._waiting.clear()
        self._pending = 0
        return batches

    def put(self, batch: Batch) -> None:
        """Add a batch; a subscriber that does not keep up is ended instead."""
        self._pending += len(batch.frames)
        if self._pending > MAX_PENDING:
            _log.info("a stream's client is too slow", pending=self._pending)
            self._waiting.clear()
            self.ended.set()
            return
        self._waiting.append(batch)
        self._arrived.set()


class AlertFeed:
    """Follows the log in a thread of its own, and hands batches to subscribers on the loop.

    The subscribers and the position live on the loop alone; the thread changes them only by calls
    that it sends there. So whoever subscribes sees every event behind the position it was told.

    Args:
        database: to move and read events with.
        connect: opens the connection that listens.
    """

    def __init__(self, database: Database, connect: Callable[[], Connection]) -> None:
        self._database = database
        self._connect = connect
        self._subscribers: set[Subscriber] = set()
        self._head: tuple[str, int] | None = None
        self._stopping = Event()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread = Thread(target=self._run, name="alert-feed", daemon=True)

    def start(self) -> None:
        """Begin to follow; call it on the loop that the subscribers will be on."""
        self._loop = asyncio.get_running_loop()
        self._thread.start()

    def end(self) -> None:
        """End every subscription and stop following, soon; call it on the loop."""
        self._stopping.set()
        for subscriber in self._subscribers:
            subscriber.ended.set()

    def join(self) -> None:
        """Wait a little for the thread to stop; one that a hanging server holds may stay."""
        self._thread.join(timeout=2.0)

    @property
    def epoch(self) -> str:
        """Of the log that is followed.

        Raises:
            ServiceUnavailable: when the log has not yet been reached.
        """
        if self._head is None:
            raise ServiceUnavailable("the log of alerts has not been reached yet")
        return self._head[0]

    def subscribe(self) -> Subscriber:
        """A new subscriber, to be given back with `unsubscribe`.

        Raises:
            ServiceUnavailable: when there are too many, when the log has not yet been reached, and
                when the feed has ended.
        """
        if self._head is None or self._stopping.is_set():
            raise ServiceUnavailable("there is no feed of alerts right now")
        if len(self._subscribers) >= MAX_SUBSCRIBERS:
            raise ServiceUnavailable(f"there are {MAX_SUBSCRIBERS} streams already")
        subscriber = Subscriber(self._head[1])
        self._subscribers.add(subscriber)
        return subscriber

    def unsubscribe(self, subscriber: Subscriber) -> None:
        """Forget a subscriber."""
        self._subscribers.discard(subscriber)

    def _run(self) -> None:
        was_away = False
        while not self._stopping.is_set():
            try:
                with Listener(self._connect) as listener:
                    if was_away:
                        _log.info("the feed of alerts goes on")
                    was_away = False
                    self._follow(listener)
            except ServiceUnavailable as error:
                if not was_away:
                    _log.warning("the feed of alerts waits for PostgreSQL", reason=str(error))
                was_away = True
            except Exception:  # noqa: BLE001 - whatever it is, subscribers count on the next attempt
                _log.exception("the feed of alerts failed")
            self._stopping.wait(_RETRY_PAUSE_S)

    def _follow(self, listener: Listener) -> None:
        """Look whenever there is news, and from time to time in case that news was lost."""
        while not self._stopping.is_set():
            self._move()
            self._publish()
            listener.wait(_POLL_INTERVAL_S)
            # What comes in quick succession goes out together: every batch costs each subscriber.
            self._stopping.wait(_REST_S)

    def _move(self) -> None:
        with self._database.cursor() as cursor:
            more = alert_log.any_in_inbox(cursor)
        while more and not self._stopping.is_set():
            with self._database.transaction() as transaction:
                more = alert_log.move(transaction, limit=_MOVED_AT_ONCE) == _MOVED_AT_ONCE
            self._publish()

    def _publish(self) -> None:
        with self._database.cursor() as cursor:
            head = alert_log.read_head(cursor)
        position = self._on_loop(partial(self._admit, head))
        while position < head.last_event_id and not self._stopping.is_set():
            with self._database.cursor() as cursor:
                rows = alert_log.read_events(cursor, after=position, limit=PAGE)
            if not rows or rows[0]["event_id"] != position + 1:
                # Dropped meanwhile: the next look finds the position before the log's begin.
                break
            batch = batch_of(rows, head.epoch)
            position = batch.last_event_id
            self._on_loop(partial(self._broadcast, batch))
        self._prune(head)

    def _admit(self, head: Head) -> int:
        """Where to read on, on the loop: at the end where nobody listens or the log is new."""
        if self._head is None or not self._subscribers:
            self._head = (head.epoch, head.last_event_id)
        epoch, position = self._head
        if epoch != head.epoch or not head.pruned_id <= position <= head.last_event_id:
            self._broadcast(
                Batch(
                    frames=(),
                    last_event_id=head.last_event_id,
                    epoch=head.epoch,
                    is_reset=True,
                )
            )
            position = head.last_event_id
        return position

    def _broadcast(self, batch: Batch) -> None:
        self._head = (batch.epoch, batch.last_event_id)
        for subscriber in self._subscribers:
            subscriber.put(batch)

    def _on_loop(self, call: Callable[[], T]) -> T:
        """Have the loop do something, and wait for it; a feed that ends need not wait."""
        assert self._loop is not None  # noqa: S101 - started before its thread
        answer: Future[T] = Future()

        def answered() -> None:
            try:
                answer.set_result(call())
            except Exception as error:  # noqa: BLE001 - raised again in the thread that asked
                answer.set_exception(error)

        self._loop.call_soon_threadsafe(answered)
        return answer.result(timeout=_LOOP_PATIENCE_S)

    def _prune(self, head: Head) -> None:
        """Drop old events, now and then a thousand or more."""
        if head.last_event_id - head.pruned_id < _KEPT_EVENTS + _PRUNED_AT_LEAST:
            return
        with self._database.cursor() as cursor:
            alert_log.prune(cursor, keep=_KEPT_EVENTS, limit=_PRUNED_AT_MOST)


def batch_of(rows: Sequence[Row], epoch: str) -> Batch:
    """What was read of the log, ready for the wire; of an alert that is gone there is nothing."""
    return Batch(
        frames=[_frame(row, epoch) for row in rows if row["alert_id"] is not None],
        last_event_id=rows[-1]["event_id"],
        epoch=epoch,
    )


def selected(
    frames: Collection[Frame],
    *,
    rules: Collection[str],
    severities: Collection[str],
    quiet: bool = False,
) -> list[Frame]:
    """The frames of any of these rules and severities; none given selects all.

    Those of new alerts that are suppressed only where the quiet ones are wanted too.
    """
    return [
        frame
        for frame in frames
        if (not rules or frame.rule in rules)
        and (not severities or frame.severity in severities)
        and (quiet or not frame.is_quiet)
    ]


def _frame(row: Row, epoch: str) -> Frame:
    is_new = row["happened_version"] == 1
    name = "created" if is_new else "changed"
    # A person's change is news, also of an alert that nobody was told of.
    is_quiet = is_new and row["suppressed_by"] is not None
    data = Alert.model_validate(row).model_dump_json()
    text = f"id: {epoch}-{row['event_id']}\nevent: {name}\ndata: {data}\n\n"
    return Frame(row["event_id"], row["rule"], row["severity"], is_quiet, text.encode())
