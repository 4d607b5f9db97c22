"""Starting: by the README's command, and with which first user."""

import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import httpx
from structlog.testing import capture_logs

from devstack.settings import free_ports
from finguard.api.app import create_app
from tests.integration.api.following import STREAM, following
from tests.integration.api.serving import PASSWORD, login, served, sign_in
from tests.integration.api.world import World, alert
from tests.patience import PATIENCE_S, wait_for
from tests.unit.api.configuration import UNREACHABLE_DSN, api_settings

CHECKOUT = Path(__file__).parents[3]
SECRET = "a secret for production, of more than 32 bytes"
OWN_PASSWORD = "my own first password"
PRODUCTION: dict[str, Any] = {"environment": "production", "api_secret_key": SECRET}


@contextmanager
def command(dsn: str, **variables: str) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """`uvicorn api:app` as its own process, and its address."""
    (port,) = free_ports(1)
    environment = {
        "PATH": os.environ["PATH"],
        "FINGUARD_POSTGRES_DSN": dsn,
        **{f"FINGUARD_{name.upper()}": value for name, value in variables.items()},
    }
    arguments = [sys.executable, "-m", "uvicorn", "api:app", "--port", str(port)]
    process = subprocess.Popen(  # noqa: S603 - our own command
        arguments, cwd=CHECKOUT, env=environment, stderr=subprocess.PIPE, text=True
    )
    try:
        yield process, f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.communicate(timeout=PATIENCE_S)


def await_answer(url: str) -> httpx.Response:
    """The first answer of a process that is starting."""
    answers: list[httpx.Response] = []

    def is_answered() -> bool:
        with suppress(httpx.TransportError):
            answers.append(httpx.get(f"{url}/health", timeout=PATIENCE_S))
        return bool(answers)

    wait_for(is_answered, "an answer of the API")
    return answers[0]


@contextmanager
def stuck_stream(client: httpx.Client) -> Iterator[None]:
    """A client that follows alerts and reads nothing of what it is sent."""
    with socket.socket() as wire:
        wire.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4_096)
        wire.connect((client.base_url.host, client.base_url.port))
        token = client.headers["Authorization"]
        wire.sendall(f"GET {STREAM} HTTP/1.1\r\nHost: x\r\nAuthorization: {token}\r\n\r\n".encode())
        assert wire.recv(12) == b"HTTP/1.1 200"
        yield


def refusal(dsn: str, **variables: str) -> str:
    """What a start that fails says; it must be short."""
    with command(dsn, **variables) as (process, _):
        _, errors = process.communicate(timeout=PATIENCE_S)
    assert process.returncode not in {0, -15}
    assert "Traceback" not in errors
    assert len(errors.splitlines()) <= 6, errors
    return errors


def test_streams_do_not_keep_it_from_stopping(database: str) -> None:
    """Told to stop, the API ends its streams in an orderly way, also those that nobody reads."""
    world = World(database)
    with command(database) as (process, url):
        await_answer(url)
        with httpx.Client(base_url=url, timeout=PATIENCE_S) as client:
            sign_in(client)
            with following(client, reconnects=False) as follower, stuck_stream(client):
                (stored,) = world.store_alerts([alert(story="x" * 2_000)])
                follower.await_events(1)
                world.execute(
                    "INSERT INTO alert_inbox (alert_id, version)"
                    " SELECT %s, 2 FROM generate_series(1, 1500)",
                    stored,
                )
                follower.await_events(1_501)
                process.terminate()
                _, errors = process.communicate(timeout=PATIENCE_S)
                assert follower.ended.wait(PATIENCE_S)
    assert process.returncode in {0, -15}
    assert "Traceback" not in errors


def test_command_of_the_readme_serves(database: str) -> None:
    """`uvicorn api:app` migrates, creates the first user, serves, and ends with code 0."""
    with command(database) as (process, url):
        assert await_answer(url).status_code == 200
        with httpx.Client(base_url=url, timeout=PATIENCE_S) as client:
            sign_in(client)
        process.terminate()
        _, errors = process.communicate(timeout=PATIENCE_S)
    assert process.returncode in {0, -15}
    assert "admin / password123" in errors
    assert errors.count("/api/v1/auth/token") == 1, "one line for each request"


def test_command_without_a_database_says_so_in_a_line() -> None:
    """Without PostgreSQL the command runs, answers 503, and prints no traceback."""
    with command(UNREACHABLE_DSN) as (process, url):
        assert await_answer(url).status_code == 503
        process.terminate()
        _, errors = process.communicate(timeout=PATIENCE_S)
    assert "Traceback" not in errors
    assert errors.count("PostgreSQL is away") == 1


def test_first_start_in_development_announces_the_login(world: World) -> None:
    """The well-known login exists, and every start says so loudly while it does."""
    for _ in range(2):
        with capture_logs() as lines, served(create_app(api_settings(world.dsn))) as client:
            assert login(client).status_code == 200
        (told,) = [line for line in lines if "admin / password123" in line["event"]]
        assert told["log_level"] == "warning"


def test_production_refuses_to_start_without_a_password(database: str) -> None:
    """Nobody gets a well-known login in production; the refusal names the remedy."""
    errors = refusal(database, environment="production", api_secret_key=SECRET)
    assert "FINGUARD_API_ADMIN_PASSWORD" in errors


def test_production_refuses_the_password_that_everybody_knows(database: str) -> None:
    """Not even by saying so can one have the development password in production."""
    errors = refusal(
        database, environment="production", api_secret_key=SECRET, api_admin_password=PASSWORD
    )
    assert "FINGUARD_API_ADMIN_PASSWORD" in errors


def test_production_refuses_a_short_secret(database: str) -> None:
    """Tokens that anybody could sign are not issued; the refusal names the variable."""
    for secret in ("", "short"):
        assert "FINGUARD_API_SECRET_KEY" in refusal(
            database, environment="production", api_secret_key=secret
        )


def test_production_starts_with_a_password_of_ones_own(world: World) -> None:
    """The first administrator has the given password and no other, and it is not logged."""
    settings = api_settings(world.dsn, **PRODUCTION, api_admin_password=OWN_PASSWORD)
    with capture_logs() as lines, served(create_app(settings)) as client:
        assert login(client).status_code == 401
        assert login(client, password=OWN_PASSWORD).status_code == 200
    assert OWN_PASSWORD not in str(lines)


def test_production_starts_with_a_user_made_at_the_terminal(world: World) -> None:
    """Where somebody can sign in, no password needs to stand in a variable."""
    world.add_user("ann", OWN_PASSWORD, "admin")
    with served(create_app(api_settings(world.dsn, **PRODUCTION))) as client:
        assert login(client, "ann", OWN_PASSWORD).status_code == 200
        assert login(client).status_code == 401


def test_later_starts_need_no_password(world: World) -> None:
    """The variable is for the first start: later it may be gone, and it changes nothing."""
    with served(create_app(api_settings(world.dsn, **PRODUCTION, api_admin_password=OWN_PASSWORD))):
        pass
    for password in (None, "yet another password"):
        settings = api_settings(world.dsn, **PRODUCTION, api_admin_password=password)
        with served(create_app(settings)) as client:
            assert login(client, password=OWN_PASSWORD).status_code == 200


def test_development_database_cannot_go_into_production_as_it_is(world: World) -> None:
    """A database with the well-known login is refused, until a password replaces it."""
    with served(create_app(api_settings(world.dsn))) as client:
        sign_in(client)
    errors = refusal(world.dsn, environment="production", api_secret_key=SECRET)
    assert "FINGUARD_API_ADMIN_PASSWORD" in errors
    settings = api_settings(world.dsn, **PRODUCTION, api_admin_password=OWN_PASSWORD)
    with served(create_app(settings)) as client:
        assert login(client).status_code == 401
        assert login(client, password=OWN_PASSWORD).status_code == 200


def test_programs_that_start_together_create_one_user(world: World) -> None:
    """Two processes on an empty database agree on the first user."""
    with served(create_app(api_settings(world.dsn))), served(create_app(api_settings(world.dsn))):
        assert world.query("SELECT username, role FROM users") == [("admin", "admin")]


def test_changed_migration_is_refused(database: str) -> None:
    """A schema that is not what this version made is left alone, with the reason in a line."""
    world = World(database)
    world.execute("UPDATE schema_migrations SET checksum = 'another' WHERE name = '0002_users'")
    assert "0002_users" in refusal(database)
