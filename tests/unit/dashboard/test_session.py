"""One viewer's session: tokens renewed in one place, and what their role allows."""

import httpx
import pytest

from finguard.dashboard.client.http import ApiUnavailable, Unauthorized
from finguard.dashboard.session import Session
from tests.unit.dashboard.fake_api import AUTH, COOKIE, FakeApi
from tests.unit.dashboard.samples import alert


@pytest.fixture
def api() -> FakeApi:
    """An API with an alert."""
    return FakeApi(alerts=[alert(1)])


def ask_who(session: Session) -> str:
    """Any question that takes a token."""
    return session.act(lambda api: api.accounts.me()).username


def test_a_token_is_renewed_before_it_expires(api: FakeApi) -> None:
    """After four fifths of its time, once, with the refresh token of the latest renewal."""
    session = api.session()
    for _ in range(3):
        api.clock.now_s += 721.0
        assert [ask_who(session), ask_who(session)] == ["ada", "ada"]

    assert api.paths().count(f"{AUTH}/refresh") == 3


def test_a_young_token_is_kept(api: FakeApi) -> None:
    """Nothing is renewed without need."""
    session = api.session()
    api.clock.now_s = 719.0
    ask_who(session)

    assert f"{AUTH}/refresh" not in api.paths()


def test_a_tab_with_the_cookie_renews_by_the_cookie(api: FakeApi) -> None:
    """A refresh token is good for one tab; the cookie serves all that were opened later."""
    api.session()
    tabs = [api.session(logged_in=False, cookie=COOKIE) for _ in range(2)]
    for tab in tabs:
        tab.resume()
    api.clock.now_s = 721.0
    api.asked.clear()

    assert [ask_who(tab) for tab in tabs] == ["ada", "ada"]
    assert api.paths().count(f"{AUTH}/browser/token") == 2
    assert f"{AUTH}/refresh" not in api.paths()


def test_a_token_that_is_refused_too_early_is_renewed(api: FakeApi) -> None:
    """The API may have been started with another secret; the session goes on."""
    session = api.session()
    api.forget_access_tokens()

    assert ask_who(session) == "ada"


def test_a_session_that_is_over_says_so(api: FakeApi) -> None:
    """When neither token is accepted."""
    session = api.session()
    api.end_sessions()

    with pytest.raises(Unauthorized):
        ask_who(session)


def test_a_renewal_that_fails_can_be_repeated(api: FakeApi) -> None:
    """An API that is away costs nobody their session."""
    session = api.session()
    api.clock.now_s = 721.0
    api.failure = httpx.ConnectError("refused")
    with pytest.raises(ApiUnavailable):
        ask_who(session)

    api.failure = None

    assert ask_who(session) == "ada"


def test_a_login_hands_over_to_the_browser(api: FakeApi) -> None:
    """The page gets a code for the cookie; after the logout there is none."""
    session = api.session()
    assert session.handoff == "fgh_once"

    session.log_out()

    assert session.handoff == ""


def test_a_login_tells_where_its_visitor_comes_from(api: FakeApi) -> None:
    """The API counts failed attempts by that address, not by the dashboard's."""
    session = api.session(logged_in=False)
    session.visitor = "203.0.113.7"

    session.log_in("ada", "right")

    assert api.visitors == ["203.0.113.7"]


@pytest.mark.parametrize(
    ("role", "allowed"),
    [
        ("viewer", [True, False, False]),
        ("analyst", [True, True, False]),
        ("admin", [True, True, True]),
        ("a role of a newer API", [False, False, False]),
    ],
)
def test_each_role_may_what_lower_ones_may(api: FakeApi, role: str, allowed: list[bool]) -> None:
    """A role that the dashboard does not know may nothing that it offers."""
    api.role = role
    session = api.session()

    assert [session.may("viewer"), session.may("analyst"), session.may("admin")] == allowed


def test_nobody_may_do_anything(api: FakeApi) -> None:
    """Before the login there is no role."""
    assert not api.session(logged_in=False).may("viewer")
