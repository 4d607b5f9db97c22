"""Signing in: who gets a token, who does not, and who has to wait."""

from collections import Counter
from concurrent.futures import ThreadPoolExecutor

import httpx
from jose import jwt

from tests.integration.api.serving import PASSWORD, TOKEN_PATH, USERNAME, login
from tests.integration.api.world import World
from tests.patience import PATIENCE_S


def test_first_login_gives_a_token_that_works(api: httpx.Client) -> None:
    """The default user signs in on an empty database, and is who the token says."""
    token = login(api).json()
    assert (token["token_type"], token["expires_in"]) == ("bearer", 900)
    headers = {"Authorization": f"Bearer {token['access_token']}"}
    assert api.get("/api/v1/auth/me", headers=headers).json() == {
        "username": "admin",
        "role": "admin",
        "default_login": True,
    }


def test_token_holds_no_name_and_no_password(api: httpx.Client) -> None:
    """A token can be read by whoever sees it, so it says next to nothing."""
    claims = jwt.get_unverified_claims(login(api).json()["access_token"])
    assert set(claims) == {"iss", "aud", "sub", "jti", "iat", "nbf", "exp", "type", "sid"}
    assert claims["sub"] == "1"


def test_user_names_are_not_case_sensitive(api: httpx.Client) -> None:
    """`Admin` is not somebody else."""
    assert login(api, "ADMIN").status_code == 200


def test_wrong_name_and_wrong_password_look_alike(api: httpx.Client, world: World) -> None:
    """Neither status, body nor headers tell who has an account, nor whose is disabled."""
    world.add_user("gone", "correct horse", "viewer")
    world.execute("UPDATE users SET disabled = true WHERE username = 'gone'")
    answers = [
        login(api, USERNAME, "wrong password"),
        login(api, "nobody", "wrong password"),
        login(api, "gone", "correct horse"),
        login(api, "'; DROP TABLE users; --", "wrong password"),
    ]
    seen = set()
    for answer in answers:
        problem = answer.json()
        own_id = problem.pop("request_id")
        headers = {k: v for k, v in answer.headers.items() if k not in {"date", "x-request-id"}}
        assert own_id == answer.headers["X-Request-ID"]
        seen.add((answer.status_code, str(problem), str(headers)))
    assert len(seen) == 1
    assert answers[0].status_code == 401
    assert answers[0].json()["type"] == "urn:finguard:problem:wrong-credentials"


WRONG_FORMS: list[dict[str, str]] = [
    {},
    {"username": USERNAME},
    {"username": USERNAME, "password": ""},
    {"username": "x" * 65, "password": PASSWORD},
    {"username": USERNAME, "password": "x" * 129},
    {"username": USERNAME, "password": PASSWORD, "grant_type": "client_credentials"},
    {"username": USERNAME, "password": PASSWORD, "role": "admin"},
]


def test_other_forms_are_refused(api: httpx.Client) -> None:
    """Missing, oversized and additional fields are named, and their values are not repeated."""
    for form in WRONG_FORMS:
        answer = api.post(TOKEN_PATH, data=form)
        assert answer.status_code == 422, form
        assert answer.json()["errors"][0]["where"].startswith("body.")
        assert PASSWORD not in answer.text


def test_oauth2_clients_are_understood(api: httpx.Client) -> None:
    """The fields that such clients send along are accepted, as Swagger UI's are."""
    form = {
        "grant_type": "password",
        "username": USERNAME,
        "password": PASSWORD,
        "scope": "",
        "client_id": "",
        "client_secret": "",
    }
    assert api.post(TOKEN_PATH, data=form).status_code == 200


def test_failures_must_wait_and_the_right_password_too(strict: httpx.Client) -> None:
    """After the free failures comes 429 with Retry-After, and guessing right does not help."""
    statuses = [login(strict, USERNAME, f"guess-{n}").status_code for n in range(5)]
    throttled = login(strict)
    assert statuses == [401] * 5
    assert throttled.status_code == 429
    assert 1 <= int(throttled.headers["Retry-After"]) <= PATIENCE_S
    assert throttled.json()["type"] == "urn:finguard:problem:too-many-attempts"


def test_owner_logs_in_after_a_hundred_failures(strict: httpx.Client, world: World) -> None:
    """No lockout is permanent: after the wait, the right password works at once."""
    statuses = Counter(login(strict, USERNAME, f"{n}" * 8).status_code for n in range(100))
    assert set(statuses) == {401, 429}
    assert statuses[401] < 15
    assert int(login(strict).headers["Retry-After"]) <= PATIENCE_S
    world.execute("UPDATE login_attempts SET blocked_until = clock_timestamp()")
    assert login(strict).status_code == 200


def test_success_forgets_the_failures(strict: httpx.Client) -> None:
    """Who mistypes now and then is never throttled."""
    for _ in range(3):
        for guess in range(4):
            assert login(strict, USERNAME, f"guess-{guess}").status_code == 401
        assert login(strict).status_code == 200


def test_attacker_elsewhere_does_not_lock_the_owner_out(strict: httpx.Client) -> None:
    """One address that guesses soon waits, while the owner signs in from another one."""
    for guess in range(20):
        login(strict, USERNAME, f"guess-{guess}", address="192.0.2.66")
    assert login(strict, address="192.0.2.66").status_code == 429
    assert login(strict, address="192.0.2.1").status_code == 200


def test_many_addresses_slow_one_account_down(strict: httpx.Client) -> None:
    """Guessing one account's password from everywhere is throttled by the account."""
    statuses = [
        login(strict, USERNAME, "wrong guess", address=f"192.0.2.{n}").status_code
        for n in range(11)
    ]
    assert statuses == [401] * 10 + [429]


def test_one_address_cannot_spray_all_accounts(strict: httpx.Client) -> None:
    """Trying one password on every account is throttled by the address."""
    statuses = [
        login(strict, f"user-{n}", "Summer2026!", address="192.0.2.66").status_code
        for n in range(21)
    ]
    assert statuses == [401] * 20 + [429]


def test_unknown_accounts_are_throttled_alike(strict: httpx.Client) -> None:
    """Being throttled does not tell either that an account exists."""
    statuses = [login(strict, "nobody", f"guess-{n}").status_code for n in range(6)]
    assert statuses == [401] * 5 + [429]


def test_attempts_at_once_get_no_more_guesses(strict: httpx.Client) -> None:
    """Twenty attempts in parallel are judged as often as twenty in a row."""
    with ThreadPoolExecutor(20) as threads:
        answers = list(threads.map(lambda n: login(strict, USERNAME, f"guess-{n}"), range(20)))
    statuses = Counter(answer.status_code for answer in answers)
    assert statuses[401] <= 6
    assert statuses[401] + statuses[429] == 20


def test_old_failures_leave_the_database(api: httpx.Client, world: World) -> None:
    """Attempts of long ago count no more and are not kept."""
    login(api, "somebody else", "wrong guess", address="192.0.2.66")
    world.execute("UPDATE login_attempts SET failures = 1000, last_at = now() - interval '1 hour'")
    assert login(api, USERNAME, "wrong guess", address="192.0.2.1").status_code == 401
    assert {failures for (failures,) in world.query("SELECT failures FROM login_attempts")} == {1}
