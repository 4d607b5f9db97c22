"""Who may call what: derived from the API's description, so that nothing new is forgotten."""

import base64
import json
from typing import get_args

import httpx
import pytest

from finguard.adapters.postgres.users import Role
from finguard.api.security import Tokens
from finguard.settings import DEVELOPMENT_SECRET
from tests.integration.api.serving import login, sign_in
from tests.integration.api.world import World, alert
from tests.unit.api.test_description import PUBLIC

ROLES: tuple[Role, ...] = get_args(Role)
PASSWORD = "correct horse"


def guarded(client: httpx.Client) -> list[tuple[str, str]]:
    """Method and path of everything that takes a token, with values for what paths need."""
    paths = client.get("/openapi.json").json()["paths"]
    return [
        (method.upper(), path.replace("{alert_id}", "1"))
        for path, methods in paths.items()
        if path not in PUBLIC
        for method in methods
    ]


def test_nothing_answers_without_a_token(api: httpx.Client) -> None:
    """Every operation but the public ones refuses who brings no token, and says how to ask."""
    for method, path in guarded(api):
        answer = api.request(method, path)
        assert answer.status_code == 401, path
        assert answer.headers["WWW-Authenticate"].startswith("Bearer"), path
        assert answer.headers["Content-Type"] == "application/problem+json", path


WRONG_AUTHORIZATIONS = [
    "",
    "Bearer",
    "Bearer nonsense",
    "Basic YWRtaW46cGFzc3dvcmQxMjM=",
    "Bearer " + "a" * 5_000,
    "Bearer " + base64.urlsafe_b64encode(b"[" * 1_400).decode() + ".e30.e30",
    "Bearer \xff.\xfe.\xfd",
    "Bearer "
    + base64.urlsafe_b64encode(json.dumps({"alg": "none"}).encode()).decode().rstrip("=")
    + ".e30.",
]


def test_nothing_answers_with_a_wrong_token(api: httpx.Client) -> None:
    """Every operation but the public ones refuses whatever is not a token of ours."""
    for authorization in WRONG_AUTHORIZATIONS:
        headers = httpx.Headers([(b"Authorization", authorization.encode("latin-1"))])
        for method, path in guarded(api):
            answer = api.request(method, path, headers=headers)
            assert answer.status_code == 401, (path, authorization)


@pytest.mark.parametrize("role", ROLES)
def test_every_role_may_read(api: httpx.Client, world: World, role: Role) -> None:
    """Viewers, analysts and administrators all see alerts and statistics."""
    world.store_alerts([alert()])
    world.add_user("somebody", PASSWORD, role)
    sign_in(api, "somebody", PASSWORD)
    for method, path in guarded(api):
        if method == "GET":
            # The answer's begin alone: a stream has no end.
            with api.stream(method, path) as answer:
                assert answer.status_code == 200, path


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE users SET disabled = true",
        "UPDATE users SET role = 'viewer'",
        "UPDATE users SET password_hash = password_hash || 'x'",
        "UPDATE users SET disabled = true; UPDATE users SET disabled = false",
        "DELETE FROM users",
    ],
)
def test_changes_of_a_user_revoke_their_tokens(
    client: httpx.Client, world: World, change: str
) -> None:
    """Disabling, another role, another password: the tokens from before are worth nothing."""
    assert client.get("/api/v1/auth/me").status_code == 200
    world.execute(change)
    refused = client.get("/api/v1/auth/me")
    assert refused.status_code == 401
    assert "invalid_token" in refused.headers["WWW-Authenticate"]


def test_harmless_changes_revoke_nothing(client: httpx.Client, world: World) -> None:
    """A change that leaves role, password and state as they are ends nobody's session."""
    world.execute("UPDATE users SET role = role, created_at = now()")
    assert client.get("/api/v1/auth/me").status_code == 200


def test_new_login_works_after_a_revocation(api: httpx.Client, world: World) -> None:
    """A user whose role has changed signs in again and has the new role."""
    world.execute("UPDATE users SET role = 'viewer'")
    sign_in(api)
    assert api.get("/api/v1/auth/me").json()["role"] == "viewer"


def test_token_of_a_user_who_never_was_is_refused(api: httpx.Client) -> None:
    """A valid signature is not enough: the user must exist."""
    token = Tokens(DEVELOPMENT_SECRET, lifetime_s=60).issue(4711, epoch=0)
    headers = {"Authorization": f"Bearer {token}"}
    assert api.get("/api/v1/auth/me", headers=headers).status_code == 401


def test_disabled_user_cannot_sign_in(api: httpx.Client, world: World) -> None:
    """Disabling keeps the right password from working."""
    world.execute("UPDATE users SET disabled = true")
    assert login(api).status_code == 401
