"""An API under test: served by uvicorn on a free port, as in real life."""

import socket
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from threading import Thread

import httpx
import pytest
import uvicorn
from fastapi import FastAPI

from finguard.adapters import passwords
from finguard.adapters.postgres import connection
from finguard.api import app, database, letter_desk
from tests.patience import PATIENCE_S, wait_for

USERNAME = "admin"
PASSWORD = "password123"
TOKEN_PATH = "/api/v1/auth/token"


@contextmanager
def served(api: FastAPI) -> Iterator[httpx.Client]:
    """A client of the app, which runs until the context ends."""
    # With its protocol named, since asyncio leaves Nagle's algorithm on where it is not, and every
    # answer would then wait 40 ms for an acknowledgement.
    with socket.socket(proto=socket.IPPROTO_TCP) as listener:
        listener.bind(("127.0.0.1", 0))
        host, port = listener.getsockname()
        # Connections stay open for longer than a test computes between two questions: one that is
        # closed just when the next is sent is reset.
        config = uvicorn.Config(api, log_config=None, lifespan="on", timeout_keep_alive=900)
        server = uvicorn.Server(config)
        thread = Thread(target=server.run, kwargs={"sockets": [listener]})
        thread.start()
        try:
            _await_start(server, thread)
            with httpx.Client(base_url=f"http://{host}:{port}", timeout=PATIENCE_S) as client:
                yield client
        finally:
            server.should_exit = True
            thread.join()


def let_the_api_wait(patch: pytest.MonkeyPatch, *, hasty: Sequence[str] = ()) -> None:
    """Let APIs of this process wait for their services as a busy machine needs them to.

    What takes too long is answered with 503: right, but not what a test asks for.

    Args:
        patch: undoes it.
        hasty: services that are waited for as in production all the same.
    """
    patch.setattr(passwords, "_HASHING_WAIT_S", PATIENCE_S)
    for limit in ("_REDIS_TIMEOUT_S", "WAIT_S"):
        patch.setattr(app, limit, PATIENCE_S)
    if "kafka" not in hasty:
        for limit in ("LONGEST_S", "_STEP_S"):
            patch.setattr(letter_desk, limit, PATIENCE_S)
    if "postgresql" not in hasty:
        patch.setattr(connection, "CONNECT_TIMEOUT_S", int(PATIENCE_S))
        for limit in ("_WAIT_S", "_HOLD_S", "_PROBE_WAIT_S", "_PROBE_HOLD_S"):
            patch.setattr(database, limit, PATIENCE_S)
        for limit in ("_STATEMENT_TIMEOUT_MS", "_PROBE_TIMEOUT_MS"):
            patch.setattr(database, limit, int(1_000 * PATIENCE_S))


def login(
    client: httpx.Client,
    username: str = USERNAME,
    password: str = PASSWORD,
    *,
    address: str = "",
) -> httpx.Response:
    """Ask for a token; uvicorn believes whoever is on this machine about the address."""
    headers = {"X-Forwarded-For": address} if address else {}
    form = {"username": username, "password": password}
    return client.post(TOKEN_PATH, data=form, headers=headers)


def sign_in(client: httpx.Client, username: str = USERNAME, password: str = PASSWORD) -> None:
    """Send a token with every further request."""
    answer = login(client, username, password)
    assert answer.status_code == 200, answer.text
    client.headers["Authorization"] = f"Bearer {answer.json()['access_token']}"


def _await_start(server: uvicorn.Server, thread: Thread) -> None:
    def has_started() -> bool:
        assert thread.is_alive(), "the API did not start"
        return server.started

    wait_for(has_started, "the API to start", every_s=0.01)
