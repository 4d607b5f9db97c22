"""The browser's cookie: who gets one, what it looks like, and what it is worth."""

from http.cookies import SimpleCookie
from urllib.parse import urlsplit

import httpx
import pytest

from finguard.api.app import create_app
from tests.integration.api.serving import login, served
from tests.integration.api.signing_in import AUTH, bearer, is_accepted, tokens
from tests.integration.api.world import World
from tests.unit.api.configuration import api_settings


def handoff(api: httpx.Client, access_token: str) -> str:
    """A code, as the dashboard's server asks for one."""
    answer = api.post(f"{AUTH}/browser/handoff", headers=bearer(access_token))
    assert answer.status_code == 200
    assert answer.json()["expires_in"] == 60
    return str(answer.json()["code"])


def fetch_cookie(api: httpx.Client, code: str, **headers: str) -> httpx.Response:
    """Bring the code from a page of the dashboard, which listens on another port of this host."""
    sent = {"Origin": f"http://{urlsplit(str(api.base_url)).hostname}:8501"} | headers
    return api.post(f"{AUTH}/browser/cookie", data={"code": code}, headers=sent)


def resume(api: httpx.Client, cookie: str) -> httpx.Response:
    """Bring the cookie's value, as the dashboard's server does after a refresh."""
    return api.post(f"{AUTH}/browser/token", data={"cookie": cookie})


def cookie_of(answer: httpx.Response, name: str = "finguard_session") -> str:
    """The value of the cookie that an answer sets."""
    assert answer.status_code == 204, answer.text
    return SimpleCookie(answer.headers["Set-Cookie"])[name].value


def test_cookie_continues_the_session(api: httpx.Client) -> None:
    """Code, cookie, access token: as often as pages are refreshed, and in several tabs at once."""
    own = tokens(api)
    cookie = cookie_of(fetch_cookie(api, handoff(api, own["access_token"])))
    for _ in range(3):
        answer = resume(api, cookie)
        assert answer.status_code == 200
        assert set(answer.json()) == {"access_token", "token_type", "expires_in"}
        assert is_accepted(api, answer.json()["access_token"])
    assert is_accepted(api, own["access_token"])


def test_no_script_can_read_the_cookie(api: httpx.Client) -> None:
    """HttpOnly, never sent from other sites, for this host alone, gone with the browser."""
    answer = fetch_cookie(api, handoff(api, tokens(api)["access_token"]))
    (cookie,) = SimpleCookie(answer.headers["Set-Cookie"]).values()
    assert cookie["httponly"]
    assert cookie["samesite"] == "strict"
    assert cookie["path"] == "/"
    assert not cookie["domain"]
    assert not cookie["max-age"] + cookie["expires"]
    assert answer.content == b""


def test_cookie_is_for_tls_where_there_is_tls(api: httpx.Client, world: World) -> None:
    """Behind a proxy that ends TLS, and in production whatever comes: Secure, with its prefix."""
    name = "__Host-finguard_session"
    behind = fetch_cookie(
        api, handoff(api, tokens(api)["access_token"]), **{"X-Forwarded-Proto": "https"}
    )
    assert SimpleCookie(behind.headers["Set-Cookie"])[name]["secure"]
    own_password = "my own first password"
    settings = api_settings(
        world.dsn,
        environment="production",
        api_secret_key="a secret for production, of more than 32 bytes",
        api_admin_password=own_password,
    )
    with served(create_app(settings)) as production:
        token = login(production, password=own_password).json()["access_token"]
        answer = fetch_cookie(production, handoff(production, token))
        assert SimpleCookie(answer.headers["Set-Cookie"])[name]["secure"]


def test_code_is_good_for_one_cookie(api: httpx.Client, world: World) -> None:
    """Once, and soon; another code of the session replaces it."""
    token = tokens(api)["access_token"]
    code = handoff(api, token)
    assert fetch_cookie(api, code).status_code == 204
    assert fetch_cookie(api, code).status_code == 401
    replaced, late = handoff(api, token), handoff(api, token)
    assert fetch_cookie(api, replaced).status_code == 401
    world.execute(
        "UPDATE session_secrets SET issued_at = issued_at - interval '61 seconds'"
        " WHERE kind = 'handoff'"
    )
    assert fetch_cookie(api, late).status_code == 401


def test_new_cookie_replaces_the_one_before(api: httpx.Client) -> None:
    """A session has one cookie."""
    token = tokens(api)["access_token"]
    first = cookie_of(fetch_cookie(api, handoff(api, token)))
    second = cookie_of(fetch_cookie(api, handoff(api, token)))
    assert resume(api, first).status_code == 401
    assert resume(api, second).status_code == 200


@pytest.mark.parametrize(
    "origin",
    ["https://evil.example", "null", "", "http://127.0.0.1.evil.example", "http://[", "x" * 5_000],
)
def test_other_sites_cannot_set_the_cookie(api: httpx.Client, origin: str) -> None:
    """No stranger's page signs a visitor in as somebody else; nor does what is no page."""
    code = handoff(api, tokens(api)["access_token"])
    answer = fetch_cookie(api, code, Origin=origin)
    assert answer.status_code == 403
    assert "Set-Cookie" not in answer.headers
    assert fetch_cookie(api, code).status_code == 204, "and the code is still there"


def test_cookie_that_a_browser_sends_proves_nothing(api: httpx.Client) -> None:
    """Whatever another site makes a browser send, no operation acts on the cookie: no CSRF."""
    own = tokens(api)
    cookie = cookie_of(fetch_cookie(api, handoff(api, own["access_token"])))
    access_token = resume(api, cookie).json()["access_token"]
    for value in (cookie, access_token, own["refresh_token"]):
        headers = {"Cookie": f"finguard_session={value}; access_token={value}"}
        assert api.get(f"{AUTH}/me", headers=headers).status_code == 401
        assert api.post(f"{AUTH}/logout", headers=headers).status_code == 401
        assert api.post(f"{AUTH}/browser/token", headers=headers).status_code == 422
        assert api.post(f"{AUTH}/refresh", headers=headers).status_code == 422


def test_cookie_ends_with_its_session(api: httpx.Client) -> None:
    """After the logout in any of its tabs the cookie is worth nothing."""
    own = tokens(api)
    cookie = cookie_of(fetch_cookie(api, handoff(api, own["access_token"])))
    access_token = resume(api, cookie).json()["access_token"]
    assert api.post(f"{AUTH}/logout", headers=bearer(access_token)).status_code == 204
    assert resume(api, cookie).status_code == 401
    assert not is_accepted(api, own["access_token"])


def test_cookie_keeps_a_session_from_being_idle(api: httpx.Client, world: World) -> None:
    """A page that is used counts as use."""
    own = tokens(api)
    cookie = cookie_of(fetch_cookie(api, handoff(api, own["access_token"])))
    world.execute("UPDATE sessions SET expires_at = clock_timestamp() + interval '10 seconds'")
    assert resume(api, cookie).status_code == 200
    ((left_s,),) = world.query(
        "SELECT extract(epoch FROM expires_at - clock_timestamp())::int FROM sessions"
    )
    assert left_s > 3_500
