"""Users, as administrators manage them: what is done, what is refused, and what is written down."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import pytest

from tests.integration.api.serving import PASSWORD, login
from tests.integration.api.signing_in import AUTH, bearer, is_accepted, refresh, tokens
from tests.integration.api.world import World

USERS = "/api/v1/admin/users"
OTHER_PASSWORD = "correct horse"
ANN = {"username": "ann", "password": OTHER_PASSWORD, "role": "analyst"}


def audited(world: World, action: str) -> list[tuple[Any, ...]]:
    """Who did this to whom, from what to what."""
    return world.query(
        "SELECT actor, subject, before, after FROM audit_log"
        " WHERE action = %s AND actor NOT LIKE 'api:%%' ORDER BY audit_id",
        action,
    )


def test_created_user_signs_in_with_their_role(client: httpx.Client, world: World) -> None:
    """The answer and `Location` say who they are, nobody's password is in it, and it is audited."""
    answer = client.post(USERS, json={**ANN, "username": "Ann"})
    assert answer.status_code == 201
    assert answer.headers["Location"] == f"{USERS}/ann"
    created = answer.json()
    assert created == client.get(f"{USERS}/ann").json()
    assert set(created) == {"username", "role", "disabled", "created_at"}
    own = tokens(client, "ann", OTHER_PASSWORD)
    me = client.get(f"{AUTH}/me", headers=bearer(own["access_token"])).json()
    assert me == {"username": "ann", "role": "analyst", "default_login": True}
    ((actor, subject, before, after),) = audited(world, "user.create")
    assert (actor, subject, before) == ("admin", "ann", None)
    assert after == {"role": "analyst", "disabled": False}


def test_name_can_be_taken_once(client: httpx.Client, world: World) -> None:
    """In whatever case, and by several requests at once; nothing is audited of a refusal."""
    with ThreadPoolExecutor(5) as threads:
        answers = list(threads.map(lambda _: client.post(USERS, json=ANN), range(5)))
    assert sorted(answer.status_code for answer in answers) == [201, 409, 409, 409, 409]
    taken = client.post(USERS, json={**ANN, "username": "ADMIN"})
    assert (409, "urn:finguard:problem:name-taken") == (taken.status_code, taken.json()["type"])
    assert len(audited(world, "user.create")) == 1


@pytest.mark.parametrize(
    "wrong",
    [
        {"username": ""},
        {"username": "-ann"},
        {"username": "a" * 65},
        {"username": "ann\n"},
        {"username": "änn"},
        {"username": "ann:cli"},
        {"username": "ann\x00"},
        {"password": "7 chars"},
        {"password": "x" * 129},
        {"password": 12345678},
        {"role": "root"},
        {"role": None},
        {"disabled": True},
        {"token_epoch": 7},
        {"id": 1},
    ],
)
def test_other_users_are_not_created(client: httpx.Client, wrong: dict[str, Any]) -> None:
    """Wrong, missing and additional fields are refused, and no value is repeated."""
    answer = client.post(USERS, json={**ANN, **wrong})
    assert answer.status_code == 422
    assert OTHER_PASSWORD not in answer.text
    assert [user["username"] for user in client.get(USERS).json()["items"]] == ["admin"]


def test_users_are_listed_by_name_and_page(client: httpx.Client, world: World) -> None:
    """Every user once, whatever the page's size; without hashes."""
    names = ["admin", "ann", "bob", "cem", "dora"]
    for name in names[1:]:
        world.add_user(name, OTHER_PASSWORD, "viewer")
    for limit in (1, 2, 5, 200):
        listed, cursor = [], None
        while True:
            params = {"limit": limit} | ({"cursor": cursor} if cursor else {})
            page = client.get(USERS, params=params)
            assert "argon2" not in page.text
            listed += [user["username"] for user in page.json()["items"]]
            if (cursor := page.json()["next_cursor"]) is None:
                break
        assert listed == names


def test_changed_role_counts_at_once(client: httpx.Client, world: World) -> None:
    """The sessions from before end, the next one has the new role, and the log knows both."""
    client.post(USERS, json=ANN)
    own = tokens(client, "ann", OTHER_PASSWORD)
    changed = client.patch(f"{USERS}/ann", json={"role": "viewer"})
    assert (200, "viewer") == (changed.status_code, changed.json()["role"])
    assert not is_accepted(client, own["access_token"])
    assert refresh(client, own["refresh_token"]).status_code == 401
    again = tokens(client, "ann", OTHER_PASSWORD)["access_token"]
    assert client.get(f"{AUTH}/me", headers=bearer(again)).json()["role"] == "viewer"
    expected = ("admin", "ann", {"role": "analyst"}, {"role": "viewer"})
    assert [expected] == audited(world, "user.change_role")


def test_disabled_user_is_out_until_enabled(client: httpx.Client, world: World) -> None:
    """Tokens, refresh tokens and logins stop at once; enabling revives no old token."""
    client.post(USERS, json=ANN)
    own = tokens(client, "ann", OTHER_PASSWORD)
    assert client.patch(f"{USERS}/ann", json={"disabled": True}).json()["disabled"]
    assert not is_accepted(client, own["access_token"])
    assert refresh(client, own["refresh_token"]).status_code == 401
    assert login(client, "ann", OTHER_PASSWORD).status_code == 401
    assert not client.patch(f"{USERS}/ann", json={"disabled": False}).json()["disabled"]
    assert not is_accepted(client, own["access_token"])
    assert login(client, "ann", OTHER_PASSWORD).status_code == 200
    expected = ("admin", "ann", {"disabled": False}, {"disabled": True})
    assert [expected] == audited(world, "user.disable")
    assert [("admin", "ann", {"disabled": True}, {"disabled": False})] == audited(
        world, "user.enable"
    )


def test_change_of_nothing_changes_nothing(client: httpx.Client, world: World) -> None:
    """Sent twice, a change ends no session the second time and is audited once."""
    client.post(USERS, json=ANN)
    client.patch(f"{USERS}/ann", json={"role": "viewer"})
    own = tokens(client, "ann", OTHER_PASSWORD)
    for body in ({"role": "viewer"}, {"disabled": False}, {}):
        assert client.patch(f"{USERS}/ann", json=body).status_code == 200
    assert is_accepted(client, own["access_token"])
    assert len(audited(world, "user.change_role")) == 1
    assert audited(world, "user.enable") == []


def test_reset_password_replaces_the_old_one(client: httpx.Client, world: World) -> None:
    """The old password and the old sessions are worth nothing; neither password is in the log."""
    client.post(USERS, json=ANN)
    own = tokens(client, "ann", OTHER_PASSWORD)
    answer = client.put(f"{USERS}/ann/password", json={"password": "another password"})
    assert answer.status_code == 204
    assert not is_accepted(client, own["access_token"])
    assert login(client, "ann", OTHER_PASSWORD).status_code == 401
    assert login(client, "ann", "another password").status_code == 200
    assert [("admin", "ann", None, None)] == audited(world, "user.reset_password")
    log = str(world.query("SELECT * FROM audit_log"))
    for secret in (OTHER_PASSWORD, "another password", "argon2"):
        assert secret not in log


def test_administrators_do_not_shut_themselves_out(client: httpx.Client, world: World) -> None:
    """Neither by another role nor by disabling; and one's own password takes the current one."""
    client.post(USERS, json={**ANN, "role": "admin"})
    for body in ({"role": "viewer"}, {"disabled": True}, {"role": "analyst", "disabled": True}):
        answer = client.patch(f"{USERS}/Admin", json=body)
        assert (409, "urn:finguard:problem:own-account") == (
            answer.status_code,
            answer.json()["type"],
        )
    answer = client.put(f"{USERS}/admin/password", json={"password": OTHER_PASSWORD})
    assert answer.status_code == 409
    assert client.patch(f"{USERS}/admin", json={"role": "admin"}).status_code == 200
    assert login(client).status_code == 200
    assert len(audited(world, "user.change_role") + audited(world, "user.disable")) == 0


def test_one_administrator_remains(client: httpx.Client, world: World) -> None:
    """Two who demote each other at the same moment do not both succeed."""
    client.post(USERS, json={**ANN, "role": "admin"})
    for _ in range(5):
        admins = {
            "ann": tokens(client, "admin", PASSWORD)["access_token"],
            "admin": tokens(client, "ann", OTHER_PASSWORD)["access_token"],
        }

        def demote(name: str, admins: dict[str, str] = admins) -> int:
            headers = bearer(admins[name])
            body = {"role": "viewer"}
            return client.patch(f"{USERS}/{name}", json=body, headers=headers).status_code

        with ThreadPoolExecutor(2) as threads:
            statuses = sorted(threads.map(demote, admins))
        # The second either came too late as an administrator, or found nobody else left.
        assert statuses[0] == 200
        assert statuses[1] in {401, 409}
        assert world.query("SELECT count(*) FROM users WHERE role = 'admin'") == [(1,)]
        world.execute("UPDATE users SET role = 'admin'")


def test_unknown_users_are_not_found(client: httpx.Client) -> None:
    """Reading, changing and resetting say so alike."""
    for answer in (
        client.get(f"{USERS}/nobody"),
        client.patch(f"{USERS}/nobody", json={"disabled": True}),
        client.put(f"{USERS}/nobody/password", json={"password": OTHER_PASSWORD}),
    ):
        assert (404, "urn:finguard:problem:no-such-user") == (
            answer.status_code,
            answer.json()["type"],
        )
