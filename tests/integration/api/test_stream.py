"""The stream of alerts: each event once and in order for everybody, whatever happens meanwhile."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing, suppress
from random import Random
from threading import Event
from time import sleep

import httpx
import psycopg2
import pytest
from psycopg2.extras import RealDictCursor

from finguard.adapters.postgres import alert_log
from finguard.adapters.postgres.alert_log import CHANNEL
from finguard.api import feed
from finguard.api.app import create_app
from tests.integration.api.following import STREAM, ServerSentEvent, following
from tests.integration.api.listed import ALERTS
from tests.integration.api.private_services import PrivatePostgres, running_postgres
from tests.integration.api.serving import served, sign_in
from tests.integration.api.world import World, alert, insert_alert
from tests.patience import PATIENCE_S
from tests.unit.api.configuration import api_settings


def names(events: list[ServerSentEvent]) -> list[tuple[str, int]]:
    """What happened, in order."""
    return [event.what for event in events]


def log(world: World) -> list[tuple[str, int]]:
    """What happened as the database's log has it, in order."""
    rows = world.query("SELECT alert_id, version FROM alert_log ORDER BY event_id")
    return [("created" if version == 1 else "changed", each) for each, version in rows]


def test_new_and_changed_alerts_come(client: httpx.Client, world: World) -> None:
    """A stored alert and a triaged one come as events with the alert as lists have it."""
    with following(client) as follower:
        one, two = world.store_alerts([alert(), alert(rule="velocity", severity="high")])
        follower.await_events(2)
        client.patch(
            f"{ALERTS}/{one}", json={"status": "investigating"}, headers={"If-Match": '"1"'}
        ).raise_for_status()
        events = follower.await_events(3)
    assert names(events) == [("created", one), ("created", two), ("changed", one)]
    assert events[1].data == client.get(ALERTS).json()["items"][0] | {"alert_id": two}
    assert (events[2].data["status"], events[2].data["version"]) == ("investigating", 2)
    assert [event.number for event in events] == [1, 2, 3]


def test_stream_begins_now(client: httpx.Client, world: World) -> None:
    """Who names no event gets what happens from now on."""
    with following(client) as follower:
        world.store_alerts([alert() for _ in range(3)])
        follower.await_events(3)
    with following(client) as follower:
        (new,) = world.store_alerts([alert()])
        assert names(follower.await_events(1)) == [("created", new)]


def test_filters_select(client: httpx.Client, world: World) -> None:
    """Rules and severities select events; what does not match still moves the place on."""
    params = {"rule": ["velocity"], "severity": ["high", "low"]}
    with following(client, params=params) as follower, following(client) as everything:
        ids = world.store_alerts(
            [
                alert(rule="velocity", severity="high"),
                alert(rule="velocity", severity="medium"),
                alert(rule="high_value", severity="high"),
                alert(rule="velocity", severity="low"),
            ]
        )
        assert names(follower.await_events(2)) == [("created", ids[0]), ("created", ids[3])]
        assert len(everything.await_events(4)) == 4


def test_late_commit_comes_late_and_not_never(client: httpx.Client, world: World) -> None:
    """Transactions that commit in another order than they began lose and hold up nobody."""
    with (
        following(client) as follower,
        closing(psycopg2.connect(world.dsn)) as slow,
        closing(psycopg2.connect(world.dsn)) as quick,
    ):
        with slow.cursor() as cursor:
            first = insert_alert(cursor, alert(partition=0))
        with quick.cursor() as cursor:
            # Another detector's: a partition and its users have only one that writes.
            second = insert_alert(cursor, alert(partition=1, user_id="u-2"))
        quick.commit()
        assert names(follower.await_events(1)) == [("created", second)]
        slow.commit()
        events = follower.await_events(2)
        assert names(events) == [("created", second), ("created", first)]
        assert [event.number for event in events] == [1, 2]


def test_rolled_back_alert_never_comes(client: httpx.Client, world: World) -> None:
    """What was not committed did not happen."""
    with following(client) as follower:
        with closing(psycopg2.connect(world.dsn)) as undecided, undecided.cursor() as cursor:
            insert_alert(cursor, alert())
            undecided.rollback()
        (stored,) = world.store_alerts([alert()])
        assert names(follower.await_events(1)) == [("created", stored)]


def test_resuming_misses_nothing(client: httpx.Client, world: World) -> None:
    """Who comes again with the last id gets all that happened since, more than one page of it."""
    with following(client) as follower:
        world.store_alerts([alert()])
        follower.await_events(1)
        last_id = follower.last_id
    count = feed.PAGE + 50
    world.execute(
        "INSERT INTO alert_inbox (alert_id, version) SELECT min(alert_id), 1 + n"
        " FROM alerts, generate_series(1, %s) AS n GROUP BY n ORDER BY n",
        count,
    )
    with following(client, last_id=last_id) as follower:
        events = follower.await_events(count)
        world.store_alerts([alert()])
        events = follower.await_events(count + 1)
    assert [event.number for event in events] == list(range(2, count + 3))


def test_log_is_bounded(world: World) -> None:
    """Old events are dropped bit by bit, the newest never, and the head knows from where on."""
    world.store_alerts([alert() for _ in range(100)])
    seen = []
    with closing(psycopg2.connect(world.dsn)) as connection:
        for limit in (0, 30, 30, 30, 30):
            with connection, connection.cursor(cursor_factory=RealDictCursor) as cursor:
                alert_log.move(cursor, limit=1_000)
                alert_log.prune(cursor, keep=25, limit=limit)
                head = alert_log.read_head(cursor)
                cursor.execute("SELECT min(event_id) AS first, count(*) AS kept FROM alert_log")
                (row,) = cursor
                seen.append((head.pruned_id, head.last_event_id, row["first"], row["kept"]))
    assert seen == [
        (0, 100, 1, 100),
        (30, 100, 31, 70),
        (60, 100, 61, 40),
        (75, 100, 76, 25),
        (75, 100, 76, 25),
    ]


@pytest.mark.parametrize("last_id", ["nonsense", "1", "00000000-1", "{epoch}-99", "{epoch}-0"])
def test_place_that_is_lost_is_told(client: httpx.Client, world: World, last_id: str) -> None:
    """An id of another log, of the future or of what has been dropped leads to `reset` and on."""
    with following(client) as follower:
        world.store_alerts([alert() for _ in range(5)])
        follower.await_events(5)
    world.execute("UPDATE alert_log_head SET pruned_id = 3")
    ((epoch,),) = world.query("SELECT epoch FROM alert_log_head")
    with following(client, last_id=last_id.format(epoch=epoch)) as follower:
        (event,) = follower.await_events(1)
        assert (event.name, event.number) == ("reset", 5)
        (stored,) = world.store_alerts([alert()])
        assert follower.await_events(2)[1].what == ("created", stored)


def test_silence_is_broken(world: World) -> None:
    """While nothing happens, comments say that the stream lives, and where it stands."""
    settings = api_settings(world.dsn, api_stream_heartbeat_s=0.1)
    with served(create_app(settings)) as client:
        sign_in(client)
        with client.stream("GET", STREAM) as response:
            assert response.headers["Content-Type"].startswith("text/event-stream")
            assert response.headers["X-Accel-Buffering"] == "no"
            assert response.headers["Cache-Control"] == "no-store"
            lines = response.iter_lines()
            beats = [line for line, _ in zip(lines, range(12), strict=False) if "heart" in line]
    assert len(beats) >= 2


@pytest.mark.parametrize(
    "change",
    ["UPDATE users SET disabled = true", "UPDATE users SET role = 'viewer'", "DELETE FROM users"],
)
def test_stream_ends_with_the_token(world: World, change: str) -> None:
    """Whoever may no longer see alerts is not shown any for longer than a heartbeat."""
    settings = api_settings(world.dsn, api_stream_heartbeat_s=0.1)
    with served(create_app(settings)) as client:
        sign_in(client)
        with following(client, reconnects=False) as follower:
            world.execute(change)
            assert follower.ended.wait(PATIENCE_S)


def test_many_clients_cost_one_listener(client: httpx.Client, world: World) -> None:
    """However many follow, one connection listens; when they leave, the API remembers none."""
    with ExitStack() as clients:
        followers = [clients.enter_context(following(client)) for _ in range(20)]
        listening = world.query(
            "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()"
            " AND query LIKE %s",
            f"LISTEN {CHANNEL}%",
        )
        assert listening == [(1,)]
        ids = world.store_alerts([alert() for _ in range(30)])
        for follower in followers:
            assert names(follower.await_events(30)) == [("created", each) for each in ids]


def test_slow_client_is_dropped_and_catches_up(client: httpx.Client, world: World) -> None:
    """A client that does not read is disconnected; with its last id it then gets all the rest."""
    (stored,) = world.store_alerts([alert(story="x" * 2_000)])
    with client.stream("GET", STREAM) as stuck, following(client) as quick:
        lines = stuck.iter_lines()
        begin = [next(lines) for _ in range(3)]
        last_id = next(line for line in begin if line.startswith("id: ")).removeprefix("id: ")
        start = quick.last_id
        for _ in range(8):
            world.execute(
                "INSERT INTO alert_inbox (alert_id, version)"
                " SELECT %s, 2 FROM generate_series(1, 1000)",
                stored,
            )
        quick.await_events(8_000)
        with suppress(httpx.HTTPError):
            for line in lines:
                if line.startswith("id: "):
                    last_id = line.removeprefix("id: ")
    assert start is not None
    end = quick.events[-1].number
    missing = end - int(last_id.rpartition("-")[2])
    assert missing > 0
    with following(client, last_id=last_id) as again:
        assert again.await_events(missing)[-1].number == end


def test_everybody_sees_one_history(client: httpx.Client, world: World) -> None:
    """With many writers, cuts and ended sessions, everybody gets the whole log, once, in order."""
    random = Random(11)  # noqa: S311 - a reproducible test
    done = Event()

    def write(seed: int) -> None:
        mine = Random(seed)  # noqa: S311 - as above
        with closing(psycopg2.connect(world.dsn)) as connection:
            for _ in range(25):
                with connection, connection.cursor() as cursor:
                    stored = [
                        insert_alert(cursor, alert(partition=seed, user_id=f"u-{seed}"))
                        for _ in range(mine.randrange(1, 4))
                    ]
                    sleep(mine.random() * 0.02)
                with connection, connection.cursor() as cursor:
                    cursor.execute(
                        "UPDATE alerts SET version = version + 1 WHERE alert_id = %s",
                        (mine.choice(stored),),
                    )
                    sleep(mine.random() * 0.02)

    with ExitStack() as clients, ThreadPoolExecutor(6) as writers:
        followers = [clients.enter_context(following(client)) for _ in range(8)]
        writing = [writers.submit(write, seed) for seed in range(5)]

        def disturb() -> None:
            while not done.wait(0.15):
                random.choice(followers).cut()
                if random.random() < 0.3:
                    world.execute(
                        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE"
                        " application_name = 'finguard-api' AND datname = current_database()"
                    )

        disturbing = writers.submit(disturb)
        for each in writing:
            each.result()
        done.set()
        disturbing.result()
        stored = world.query("SELECT count(*), sum(version - 1) FROM alerts")[0]
        for follower in followers:
            follower.await_events(sum(stored))
        expected = log(world)
        assert len(expected) == sum(stored)
        for follower in followers:
            assert names(follower.events) == expected
        assert sum(follower.connections for follower in followers) > len(followers)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PrivatePostgres]:
    """A PostgreSQL for this module alone."""
    with running_postgres(tmp_path_factory.mktemp("private_postgres")) as running:
        yield running


def test_stream_outlives_postgres(server: PrivatePostgres) -> None:
    """Through a restart, a crash and a freeze a stream stays open, and goes on with the rest."""
    with served(create_app(api_settings(server.dsn))) as client:
        sign_in(client)
        world = World(server.dsn)
        with following(client) as follower:
            ids = world.store_alerts([alert()])
            follower.await_events(1)
            for disturbance in ("restart", "crash", "freeze"):
                if disturbance == "freeze":
                    server.handle.freeze()
                    sleep(1)
                    server.handle.thaw()
                else:
                    server.handle.restart(immediate=disturbance == "crash")
                ids += world.store_alerts([alert(), alert()])
                follower.await_events(len(ids))
            assert names(follower.events) == [("created", each) for each in ids]
            assert follower.connections == 1
