"""Sessions: how they go on, and everything that ends them at once."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing

import httpx
import psycopg2
import pytest
from structlog.testing import capture_logs

from finguard.api.app import create_app
from tests.integration.api.serving import PASSWORD, login, served
from tests.integration.api.signing_in import AUTH, bearer, is_accepted, refresh, tokens
from tests.integration.api.world import World
from tests.unit.api.configuration import api_settings

OTHER_PASSWORD = "correct horse"


def test_refresh_token_gives_the_next_tokens(api: httpx.Client) -> None:
    """A session goes on: new tokens of both kinds, and the access token from before still holds."""
    first = tokens(api)
    second = refresh(api, first["refresh_token"]).json()
    assert first["refresh_token"] != second["refresh_token"]
    assert (900, 3600) == (second["expires_in"], round(second["refresh_expires_in"], -1))
    assert is_accepted(api, first["access_token"])
    assert is_accepted(api, second["access_token"])
    assert refresh(api, second["refresh_token"]).status_code == 200


def test_reused_refresh_token_ends_its_session(api: httpx.Client) -> None:
    """Replayed, it shows that two have it: none of the session's tokens is worth anything."""
    elsewhere = tokens(api)
    first = tokens(api)
    second = refresh(api, first["refresh_token"]).json()
    with capture_logs() as lines:
        replayed = refresh(api, first["refresh_token"])
    assert replayed.status_code == 401
    assert replayed.json()["type"] == "urn:finguard:problem:session-over"
    assert "refresh token reused: session ended" in [line["event"] for line in lines]
    assert refresh(api, second["refresh_token"]).status_code == 401
    assert not is_accepted(api, first["access_token"])
    assert not is_accepted(api, second["access_token"])
    assert is_accepted(api, elsewhere["access_token"])


def test_one_refresh_token_used_at_once_by_many_ends_the_session(api: httpx.Client) -> None:
    """Of ten exchanges at the same moment one at most succeeds, and what it got is worthless."""
    refresh_token = tokens(api)["refresh_token"]
    with ThreadPoolExecutor(10) as threads:
        answers = list(threads.map(lambda _: refresh(api, refresh_token), range(10)))
    given = [answer.json() for answer in answers if answer.status_code == 200]
    assert len(given) == 1
    assert not is_accepted(api, given[0]["access_token"])


def test_tokens_are_not_interchangeable(api: httpx.Client) -> None:
    """Each kind is good for its own purpose, and worth nothing for any other."""
    own = tokens(api)
    code = api.post(f"{AUTH}/browser/handoff", headers=bearer(own["access_token"])).json()["code"]
    assert not is_accepted(api, own["refresh_token"])
    assert not is_accepted(api, code)
    assert refresh(api, own["access_token"]).status_code == 401
    assert refresh(api, code).status_code == 401
    for secret in (own["access_token"], own["refresh_token"], code):
        answer = api.post(f"{AUTH}/browser/token", data={"cookie": secret})
        assert answer.status_code == 401
    assert is_accepted(api, own["access_token"]), "and nothing was ended by it"


def test_database_holds_no_secret(api: httpx.Client, world: World) -> None:
    """Whoever reads the tables finds digests, with which nobody can sign in."""
    own = tokens(api)
    stored = str(world.query("SELECT * FROM session_secrets, sessions"))
    for secret in (own["refresh_token"], own["refresh_token"].removeprefix("fgr_")):
        assert secret not in stored
    ((digest,),) = world.query("SELECT encode(digest, 'hex') FROM session_secrets")
    assert refresh(api, digest).status_code == 401


def test_logout_ends_this_session_at_once(api: httpx.Client) -> None:
    """Its access token, its refresh token, and nobody else's."""
    own, other = tokens(api), tokens(api)
    answer = api.post(f"{AUTH}/logout", headers=bearer(own["access_token"]))
    assert (204, b"") == (answer.status_code, answer.content)
    assert not is_accepted(api, own["access_token"])
    assert refresh(api, own["refresh_token"]).status_code == 401
    assert is_accepted(api, other["access_token"])


def test_logout_everywhere_ends_every_session_of_the_user(api: httpx.Client, world: World) -> None:
    """All of their tokens, and nobody else's."""
    world.add_user("ann", OTHER_PASSWORD, "viewer")
    anns = tokens(api, "ann", OTHER_PASSWORD)
    own, other = tokens(api), tokens(api)
    answer = api.post(f"{AUTH}/logout-everywhere", headers=bearer(own["access_token"]))
    assert answer.status_code == 204
    for ended in (own, other):
        assert not is_accepted(api, ended["access_token"])
        assert refresh(api, ended["refresh_token"]).status_code == 401
    assert is_accepted(api, anns["access_token"])


def change_password(api: httpx.Client, access_token: str, current: str, new: str) -> httpx.Response:
    """Choose another password."""
    body = {"current_password": current, "new_password": new}
    return api.post(f"{AUTH}/password", json=body, headers=bearer(access_token))


def test_changing_the_password_ends_all_other_sessions(api: httpx.Client, world: World) -> None:
    """This session goes on, the others end, only the new password signs in, and it is audited."""
    own, other = tokens(api), tokens(api)
    assert change_password(api, own["access_token"], PASSWORD, OTHER_PASSWORD).status_code == 204
    assert is_accepted(api, own["access_token"])
    assert refresh(api, own["refresh_token"]).status_code == 200
    assert not is_accepted(api, other["access_token"])
    assert refresh(api, other["refresh_token"]).status_code == 401
    assert login(api).status_code == 401
    assert login(api, password=OTHER_PASSWORD).status_code == 200
    rows = world.query("SELECT * FROM audit_log WHERE action = 'user.change_password'")
    assert len(rows) == 1
    assert PASSWORD not in str(rows)
    assert "argon2" not in str(rows)


@pytest.mark.parametrize(
    ("current", "new", "status", "kind"),
    [
        ("wrong password", OTHER_PASSWORD, 403, "wrong-password"),
        (PASSWORD, PASSWORD, 409, "same-password"),
        (PASSWORD, "7 chars", 422, "invalid-request"),
        (PASSWORD, "x" * 129, 422, "invalid-request"),
        (PASSWORD, "\ud800" * 8, 422, "invalid-request"),
    ],
)
def test_password_is_not_changed_without_a_reason(
    api: httpx.Client, current: str, new: str, status: int, kind: str
) -> None:
    """It takes the current one and a new one that differs; the session survives the mistake."""
    own = tokens(api)
    body = f'{{"current_password": {ascii_json(current)}, "new_password": {ascii_json(new)}}}'
    answer = api.post(
        f"{AUTH}/password",
        content=body,
        headers={**bearer(own["access_token"]), "Content-Type": "application/json"},
    )
    assert answer.status_code == status
    assert answer.json()["type"] == f"urn:finguard:problem:{kind}"
    assert is_accepted(api, own["access_token"])
    assert login(api).status_code == 200


def test_guessing_the_current_password_is_throttled(strict: httpx.Client) -> None:
    """Who has stolen a token guesses no faster than who has not, and counts with those."""
    own = tokens(strict)
    statuses = [
        change_password(strict, own["access_token"], f"guess-{n}", OTHER_PASSWORD).status_code
        for n in range(6)
    ]
    assert [403] * 5 + [429] == statuses
    assert login(strict).status_code == 429


def test_idle_session_ends(api: httpx.Client, world: World) -> None:
    """What nobody renewed in time is over, its access token included."""
    own = tokens(api)
    world.execute("UPDATE sessions SET expires_at = clock_timestamp()")
    assert not is_accepted(api, own["access_token"])
    assert refresh(api, own["refresh_token"]).status_code == 401


def test_busy_session_ends_too(api: httpx.Client, world: World) -> None:
    """Renewing does not reach past the absolute end, and says so."""
    own = tokens(api)
    world.execute(
        "UPDATE sessions SET ends_at = ends_at - interval '11 hours 50 minutes'"
        ", expires_at = least(expires_at, ends_at - interval '11 hours 50 minutes')"
    )
    renewed = refresh(api, own["refresh_token"]).json()
    assert 500 < renewed["refresh_expires_in"] <= 600
    # One moment for both: a session must not expire after its end.
    world.execute("UPDATE sessions SET ends_at = now(), expires_at = now()")
    assert refresh(api, renewed["refresh_token"]).status_code == 401


def test_lifetimes_are_settings(world: World) -> None:
    """Idle and absolute expiry are what the operator says."""
    settings = api_settings(
        world.dsn, api_token_minutes=1, api_session_idle_minutes=2, api_session_hours=3
    )
    with served(create_app(settings)) as api:
        own = tokens(api)
    assert (60, 120) == (own["expires_in"], round(own["refresh_expires_in"], -1))
    ((idle_s, longest_s),) = world.query(
        "SELECT round(extract(epoch FROM expires_at - started_at))::int,"
        " round(extract(epoch FROM ends_at - started_at))::int FROM sessions"
    )
    assert (120, 10_800) == (idle_s, longest_s)


def test_ended_sessions_leave_the_database(api: httpx.Client, world: World) -> None:
    """The tables hold what may still be used and little more."""
    tokens(api)
    world.execute("UPDATE sessions SET expires_at = clock_timestamp()")
    tokens(api)
    assert world.query("SELECT count(*) FROM sessions") == [(1,)]
    assert world.query("SELECT count(*) FROM session_secrets") == [(1,)]


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE users SET disabled = true",
        "UPDATE users SET role = 'viewer'",
        "UPDATE users SET password_hash = password_hash || 'x'",
        "DELETE FROM users",
    ],
)
def test_changes_of_a_user_end_their_sessions(api: httpx.Client, world: World, change: str) -> None:
    """Neither a refresh token nor a cookie outlives what its user was."""
    own = tokens(api)
    world.execute(change)
    assert refresh(api, own["refresh_token"]).status_code == 401


@pytest.mark.hasty("postgresql")
def test_refresh_waits_for_no_lock_for_ever(api: httpx.Client, world: World) -> None:
    """A session that somebody holds is answered with 503, and goes on afterwards."""
    own = tokens(api)
    with closing(psycopg2.connect(world.dsn)) as blocker:
        blocker.cursor().execute("SELECT 1 FROM sessions FOR UPDATE")
        assert refresh(api, own["refresh_token"]).status_code == 503
    assert refresh(api, own["refresh_token"]).status_code == 200


SECRETS: list[tuple[str, Callable[[str], dict[str, str]]]] = [
    ("/refresh", lambda secret: {"refresh_token": secret}),
    ("/browser/cookie", lambda secret: {"code": secret}),
    ("/browser/token", lambda secret: {"cookie": secret}),
]


@pytest.mark.parametrize(("path", "form"), SECRETS)
def test_no_secret_breaks_anything(
    api: httpx.Client, path: str, form: Callable[[str], dict[str, str]]
) -> None:
    """Whatever comes instead of a secret is refused, and is not repeated in the answer."""
    headers = {"Origin": str(api.base_url)}
    for secret in ("x", "\x00", "a.b.c", "fgr_", "' OR 1=1 --", "\U0001f600" * 500, "x" * 2_048):
        answer = api.post(f"{AUTH}{path}", data=form(secret), headers=headers)
        assert answer.status_code == 401, secret[:20]
        assert secret == "x" or secret not in answer.text
    for wrong in ({}, form(""), form("x" * 2_049), {**form("x"), "role": "admin"}):
        answer = api.post(f"{AUTH}{path}", data=wrong, headers=headers)
        assert answer.status_code == 422, wrong


def ascii_json(text: str) -> str:
    """A JSON string in which lone surrogates are written out."""
    return (
        '"'
        + "".join(
            f"\\u{ord(character):04x}" if ord(character) > 126 else character for character in text
        )
        + '"'
    )
