"""Bringing services up and down: twice, beside others, on a taken port, and in vain."""

import io
import shutil
import socket
import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
import redis as redis_client

from devstack.errors import StackError
from devstack.kafka import Kafka
from devstack.layout import Layout
from devstack.lifecycle import Lifecycle
from devstack.placement import drop_outside
from devstack.postgres import Postgres
from devstack.redis import Redis
from devstack.settings import free_ports


@pytest.fixture
def running(life: Lifecycle) -> Iterator[Lifecycle]:
    """The stack, up, and down again in the end."""
    life.up()
    yield life
    life.down()


def test_up_twice_starts_once(running: Lifecycle, redis: Redis) -> None:
    """A second `up`, as of another terminal, finds what the first has started."""
    pid = running.daemon(redis).pid
    assert pid is not None
    assert running.up() == []
    assert running.daemon(redis).pid == pid


def test_two_ups_at_once_start_once(life: Lifecycle) -> None:
    """They wait for one another, and only one of them starts the service."""
    started: list[int] = []
    threads = [threading.Thread(target=lambda: started.append(len(life.up()))) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    life.down()
    assert sorted(started) == [0, 0, 1]


def test_data_survive_down_and_up(running: Lifecycle, redis: Redis) -> None:
    """What was there yesterday is there today."""
    with redis_client.Redis.from_url(redis.url) as client:
        client.set("kept", "yes")
    running.down()
    assert not redis.address.is_listening()
    running.up()
    with redis_client.Redis.from_url(redis.url) as client:
        assert client.get("kept") == b"yes"


def test_clean_drops_data_and_logs(life: Lifecycle, redis: Redis, layout: Layout) -> None:
    """After `clean` the next `up` begins with nothing."""
    life.up()
    life.down()
    life.clean()
    assert not layout.home(redis.name).exists()
    assert not layout.log(redis.name).exists()


def test_status_tells_embedded_external_and_down(
    running: Lifecycle, redis: Redis, tmp_path: Path
) -> None:
    """One table says whose each service is and whether it is well."""
    neighbour = Layout(folder=tmp_path / "neighbour", cache=running.layout.cache)
    elsewhere = replace(running, layout=neighbour)
    (own,), (others) = running.status(), elsewhere.status()
    assert (own.state, own.is_healthy) == (f"embedded, pid {running.daemon(redis).pid}", True)
    assert (others[0].state, others[0].is_healthy) == ("external", True)
    running.down()
    assert [(each.state, each.is_healthy) for each in running.status()] == [("down", False)]


def test_a_service_that_runs_already_is_used_and_left_alone(
    running: Lifecycle, redis: Redis, tmp_path: Path, said: io.StringIO
) -> None:
    """Neither `up` nor `down` of another checkout touches what it has not started."""
    neighbour = Layout(folder=tmp_path / "neighbour", cache=running.layout.cache)
    other = replace(running, layout=neighbour, services=[replace(redis, layout=neighbour)])
    assert other.up() == []
    other.down()
    assert "used as it is" in said.getvalue()
    assert redis.address.is_listening()


def test_a_login_that_fails_is_told_apart(running: Lifecycle, redis: Redis, tmp_path: Path) -> None:
    """A Redis with another password is no use, and the error names port and variable."""
    neighbour = Layout(folder=tmp_path / "neighbour", cache=running.layout.cache)
    wrong = Redis(url=f"redis://:wrong@{redis.address}/0", layout=neighbour)
    other = replace(running, layout=neighbour, services=[wrong])
    with pytest.raises(StackError, match="log in") as caught:
        other.up()
    assert str(redis.address.port) in caught.value.message
    assert "FINGUARD_REDIS_URL" in caught.value.remedy


def test_another_password_than_the_datas_is_told_at_once(layout: Layout, life: Lifecycle) -> None:
    """Who changes the password later learns what to do, instead of waiting in vain."""
    (port,) = free_ports(1)
    dsn = f"host=localhost port={port} user=Ann dbname=fraud password='a \\\\ \\' secret'"
    postgres = Postgres(dsn=dsn, layout=layout)
    assert replace(life, services=[postgres]).up() == [postgres]
    replace(life, services=[postgres]).down()
    changed = replace(postgres, dsn=f"postgresql://Ann:new@localhost:{port}/fraud")
    with pytest.raises(StackError, match="password authentication failed") as caught:
        replace(life, services=[changed]).up()
    assert "make clean" in caught.value.remedy
    assert not postgres.address.is_listening()
    drop_outside(layout.folder)


def test_a_folder_that_was_deleted_leaves_nothing_to_one_of_its_name(
    layout: Layout, life: Lifecycle
) -> None:
    """A new one begins with no data, even where root had to keep the old ones outside of it."""
    (port,) = free_ports(1)
    for password in ("old", "new"):
        dsn = f"postgresql://ann:{password}@localhost:{port}/fraud"
        postgres = Postgres(dsn=dsn, layout=layout)
        whole = replace(life, services=[postgres])
        assert whole.up() == [postgres]
        whole.down()
        shutil.rmtree(layout.folder)
    drop_outside(layout.folder)


def test_a_port_taken_by_another_program_is_told(life: Lifecycle, redis: Redis) -> None:
    """Nothing is started, and the error names the port, the program and the way out."""
    with socket.create_server(("127.0.0.1", redis.address.port)) as server:
        rude = threading.Thread(target=hang_up_on_two, args=(server,))
        rude.start()
        with pytest.raises(StackError, match=rf"port {redis.address.port}, .* is taken by"):
            life.up()
        rude.join()
    assert life.daemon(redis).pid is None


def hang_up_on_two(server: socket.socket) -> None:
    """Do what no Redis does, to the look whether anybody listens and to the client."""
    for _ in range(2):
        server.accept()[0].close()


def test_a_service_elsewhere_is_never_replaced(life: Lifecycle, layout: Layout) -> None:
    """An address of another machine that does not answer is an error, not a reason to embed."""
    far = Redis(url="redis://redis.invalid:6379/0", layout=layout)
    with pytest.raises(StackError, match="cannot be used"):
        replace(life, services=[far]).up()


def test_nothing_is_left_half_started(life: Lifecycle, redis: Redis, layout: Layout) -> None:
    """When one service fails, those started with it are stopped, and the log says why."""
    (port,) = free_ports(1)
    broken = Kafka(
        bootstrap_servers=f"localhost:{port}", layout=layout, java_options=["-XX:+NoSuchOption"]
    )
    with pytest.raises(StackError, match="NoSuchOption") as caught:
        replace(life, services=[redis, broken]).up()
    assert "Kafka could not" in caught.value.message
    assert not redis.address.is_listening()


def test_a_changed_address_moves_the_service(running: Lifecycle, redis: Redis) -> None:
    """After another port is set, the same data are served there and the old port is free."""
    (port,) = free_ports(1)
    moved = replace(redis, url=f"redis://:se%22cret@localhost:{port}/0")
    assert replace(running, services=[moved]).up() == [moved]
    assert moved.address.is_listening()
    assert not redis.address.is_listening()
