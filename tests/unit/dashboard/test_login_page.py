"""The login page and what leads there."""

import httpx
import pytest
from streamlit.testing.v1 import AppTest

from finguard.dashboard.period import PERIODS
from finguard.dashboard.session import EXPIRED
from tests.patience import PATIENCE_S
from tests.unit.dashboard.conftest import ALERTS_PAGE, ROOT, Show, texts
from tests.unit.dashboard.fake_api import COOKIE, FakeApi, problem


def log_in(app: AppTest, *credentials: str) -> AppTest:
    """Fill in the form and send it; by default with what is right."""
    username, password = credentials or ("ada", "right")
    app.text_input[0].set_value(username)
    app.text_input[1].set_value(password)
    return app.button[0].click().run()


def test_nobody_sees_figures_before_the_login(api: FakeApi, show: Show) -> None:
    """Without a login nothing is asked of the API, and the form is all there is."""
    app = show(api.session(logged_in=False))

    assert [field.label for field in app.text_input] == ["User name", "Password"]
    assert not app.metric
    assert api.asked == []


def test_the_right_credentials_lead_to_the_overview(api: FakeApi, show: Show) -> None:
    """The page behind the login is drawn at once."""
    app = log_in(show(api.session(logged_in=False)))

    assert not app.exception
    assert app.metric[1].value == "3"


def test_the_page_that_was_asked_for_comes_after_the_login(api: FakeApi, show: Show) -> None:
    """A link to an alert survives the login."""
    app = log_in(show(api.session(logged_in=False), ALERTS_PAGE, alert="1"))

    assert "New York 1 minute after Istanbul" in texts(app)


def test_wrong_credentials_are_told_in_words(api: FakeApi, show: Show) -> None:
    """One message for a wrong name and a wrong password."""
    app = log_in(show(api.session(logged_in=False)), "ada", "wrong")

    assert [error.value for error in app.error] == ["Wrong user name or password."]
    assert not app.metric


def test_empty_fields_do_not_count_as_an_attempt(api: FakeApi, show: Show) -> None:
    """Nothing is sent before both are filled in."""
    app = log_in(show(api.session(logged_in=False)), "ada", "")

    assert "Enter a user name and a password" in texts(app)
    assert api.asked == []


def test_a_throttled_login_says_how_long_to_wait(api: FakeApi, show: Show) -> None:
    """The seconds of Retry-After appear in words."""
    api.failure = problem(429, "Too many", **{"Retry-After": "120"})

    app = log_in(show(api.session(logged_in=False)))

    assert "Wait 2 minutes, then try again" in texts(app)


def test_an_unreachable_api_comes_with_what_to_do(api: FakeApi, show: Show) -> None:
    """The message names the address, the command and the setting."""
    api.failure = httpx.ConnectError("refused")

    app = log_in(show(api.session(logged_in=False)))

    assert not app.exception
    assert "uvicorn api" in texts(app)
    assert r"FINGUARD\_DASHBOARD\_API\_URL" in texts(app)


def test_a_refused_login_tells_the_reason(api: FakeApi, show: Show) -> None:
    """Any other refusal is told in the API's words, escaped."""
    api.failure = problem(422, "The *request* is wrong")

    app = log_in(show(api.session(logged_in=False)))

    assert r"The \*request\* is wrong" in texts(app)


def test_the_default_login_is_told_on_every_page(api: FakeApi, show: Show) -> None:
    """As long as the API admits everybody, whoever is logged in sees it said."""
    assert "Development login" not in texts(show(api.session(), ALERTS_PAGE))

    api.default_login = True

    assert "Development login" in texts(show(api.session(), ALERTS_PAGE))


def test_the_hint_for_development_appears_only_there(api: FakeApi, show: Show) -> None:
    """The default credentials are named in a development setup alone."""
    session = api.session(logged_in=False)

    assert "password123" not in texts(show(session))

    session.development = True

    assert "password123" in texts(show(session))


def test_logging_out_ends_the_session_everywhere(api: FakeApi, show: Show) -> None:
    """At the API as well; and here no answer of the API is left."""
    session = api.session()
    app = show(session, ALERTS_PAGE)

    next(button for button in app.button if button.label == "Log out").click().run()

    assert "You are logged out." in texts(app)
    assert "/api/v1/auth/logout" in api.paths()
    assert not session.feed.has(("summary", PERIODS[0]))
    assert session.listing is None


def test_logging_out_works_while_the_api_is_away(api: FakeApi, show: Show) -> None:
    """Here the session is over all the same."""
    session = api.session()
    app = show(session)
    api.failure = httpx.ConnectError("refused")

    next(button for button in app.button if button.label == "Log out").click().run()

    assert "You are logged out." in texts(app)


def test_an_ended_session_leads_back_to_the_same_page(api: FakeApi, show: Show) -> None:
    """Its end is no error: after the login the page is there again, with its parameters."""
    session = api.session()
    app = show(session, ALERTS_PAGE, alert="1", severity="High")
    api.end_sessions()
    api.clock.now_s += 60.0
    app.run()

    assert not app.exception
    assert EXPIRED in texts(app)
    assert session.user is None

    app = log_in(app)

    assert "New York 1 minute after Istanbul" in texts(app)
    assert app.query_params["alert"] == "1"
    assert app.multiselect(key="severity").value == ["high"]


def test_a_refresh_of_the_page_keeps_the_login(api: FakeApi, show: Show) -> None:
    """A new tab of the dashboard goes on with the cookie that its browser sends."""
    api.session()

    app = show(api.session(logged_in=False, cookie=COOKIE))

    assert not app.exception
    assert app.metric[1].value == "3"


def test_a_cookie_that_is_worth_nothing_leads_to_the_login(api: FakeApi, show: Show) -> None:
    """It is tried once."""
    app = show(api.session(logged_in=False, cookie="fgc_old"))

    assert [field.label for field in app.text_input] == ["User name", "Password"]
    app.run()
    assert api.paths() == ["/api/v1/auth/browser/token"]


def test_a_refresh_while_the_api_is_away_waits_for_it(api: FakeApi, show: Show) -> None:
    """Nobody is asked for a password only because the API is being restarted."""
    api.session()
    api.failure = httpx.ConnectError("refused")
    app = show(api.session(logged_in=False, cookie=COOKIE))

    assert "You are still logged in" in texts(app)
    assert not app.text_input

    api.failure = None
    app.run()

    assert app.metric[1].value == "3"


def test_settings_lead_to_the_login(monkeypatch: pytest.MonkeyPatch) -> None:
    """The entry file makes a session of the settings, and says what development accepts."""
    monkeypatch.setenv("FINGUARD_ENVIRONMENT", "development")

    app = AppTest.from_file(str(ROOT / "dashboard.py"), default_timeout=PATIENCE_S).run()

    assert not app.exception
    assert [button.label for button in app.button] == ["Log in"]
    assert "password123" in texts(app)


def test_wrong_settings_are_told_in_words(monkeypatch: pytest.MonkeyPatch) -> None:
    """The page names the variable instead of showing a traceback."""
    monkeypatch.setenv("FINGUARD_DASHBOARD_REFRESH_S", "-1")

    app = AppTest.from_file(str(ROOT / "dashboard.py"), default_timeout=PATIENCE_S).run()

    assert not app.exception
    assert r"FINGUARD\_DASHBOARD\_REFRESH\_S" in texts(app)
