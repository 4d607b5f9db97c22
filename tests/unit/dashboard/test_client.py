"""The HTTP client: what it asks, and what errors become."""

from datetime import UTC, datetime
from decimal import Decimal

import httpx
import pytest

from finguard.dashboard.client import ApiClient
from finguard.dashboard.client.alerts import AlertFilter
from finguard.dashboard.client.http import (
    ApiUnavailable,
    CannotServe,
    NotFound,
    Refused,
    Throttled,
    Unauthorized,
)
from tests.unit.dashboard.fake_api import FakeApi, problem
from tests.unit.dashboard.samples import READINESS, alert

START = datetime(2026, 3, 1, tzinfo=UTC)


@pytest.fixture
def api() -> FakeApi:
    """An API with two alerts."""
    return FakeApi(alerts=[alert(2), alert(1)])


@pytest.fixture
def client(api: FakeApi) -> ApiClient:
    """A client whose user is logged in."""
    return api.session().act(lambda client: client)


def test_a_login_gives_a_token(api: FakeApi) -> None:
    """The credentials go out as a form and come back as a token."""
    token = api.session(logged_in=False).client.accounts.log_in("ada", "right")

    assert token.access_token == "access-1"


def test_a_client_with_a_token_sends_it(client: ApiClient) -> None:
    """The token stands in the header of every call."""
    assert client.accounts.me().username == "ada"


def test_without_a_token_nothing_is_told(api: FakeApi) -> None:
    """A missing token is reported as such."""
    with pytest.raises(Unauthorized):
        api.session(logged_in=False).client.accounts.me()


def test_amounts_stay_exact(client: ApiClient) -> None:
    """Money never passes through a float."""
    assert client.statistics.summary(START).amount_at_risk.by_currency["USD"] == Decimal("1200.5")


def test_figures_may_be_a_second_old() -> None:
    """Many who look at the same are then counted for once; a list is always the latest."""
    said: dict[str, str | None] = {}

    def answer(request: httpx.Request) -> httpx.Response:
        said[request.url.path] = request.headers.get("Cache-Control")
        return httpx.Response(200, content=b'{"points": [], "items": []}')

    http = httpx.Client(base_url="http://api", transport=httpx.MockTransport(answer))
    ApiClient(http).statistics.map(START, None, 1)
    ApiClient(http).alerts.page(AlertFilter(), 1)

    assert said == {"/api/v1/stats/map": "max-age=1", "/api/v1/alerts": None}


def test_only_chosen_filters_are_sent(client: ApiClient, api: FakeApi) -> None:
    """What is not filtered by does not appear in the query, a score of 0 included."""
    chosen = AlertFilter(rules=("velocity",), user_id="", min_score=0, start=START)

    client.alerts.page(chosen, 50)

    expected = {
        "rule": "velocity",
        "from": "2026-03-01T00:00:00+00:00",
        "limit": "50",
        "sort": "newest",
    }
    assert api.asked[-1] == ("GET", "/api/v1/alerts", expected)


def test_pages_follow_one_another(client: ApiClient) -> None:
    """The cursor of a page leads to the next one, and the last has none."""
    first = client.alerts.page(AlertFilter(), 1)
    second = client.alerts.page(AlertFilter(), 1, first.next_cursor)

    assert [first.items[0].alert_id, second.items[0].alert_id] == [2, 1]
    assert second.next_cursor is None


def test_an_alert_comes_with_its_evidence(client: ApiClient) -> None:
    """The detail holds the evidence and the source in Kafka."""
    detail = client.alerts.one(1)

    assert detail.evidence["verdict"] == "impossible"
    assert detail.source.offset == 90210


def test_a_missing_alert_is_not_found(client: ApiClient) -> None:
    """404 is no outage."""
    with pytest.raises(NotFound, match="There is no such alert"):
        client.alerts.one(99)


def test_a_throttled_login_says_how_long_to_wait(api: FakeApi) -> None:
    """429 carries the seconds of Retry-After."""
    api.failure = problem(429, "Too many", **{"Retry-After": "42"})

    with pytest.raises(Throttled) as caught:
        api.session(logged_in=False).client.accounts.log_in("ada", "right")

    assert caught.value.wait_s == 42


@pytest.mark.parametrize("retry_after", ["", "soon", "Wed, 21 Oct 2026 07:28:00 GMT"])
def test_an_unreadable_wait_becomes_a_minute(api: FakeApi, retry_after: str) -> None:
    """Retry-After may be missing, or a date."""
    api.failure = problem(429, "Too many", **{"Retry-After": retry_after})

    with pytest.raises(Throttled) as caught:
        api.session(logged_in=False).client.accounts.log_in("ada", "right")

    assert caught.value.wait_s == 60


def test_a_refusal_carries_the_reason(client: ApiClient, api: FakeApi) -> None:
    """A client error that is nothing else is told in the API's words."""
    api.failure = problem(422, "The request does not have the form that this takes.")

    with pytest.raises(Refused, match="does not have the form"):
        client.statistics.summary(START)


@pytest.mark.parametrize(
    ("failure", "words"),
    [
        (httpx.ConnectError("refused"), "nothing answers at http://finguard.test"),
        (httpx.ReadTimeout("slow"), "did not answer in time"),
        (problem(503, "PostgreSQL is away"), "it answered 503: PostgreSQL is away"),
        (problem(503, "Try again later."), "it answered 503: Try again later$"),
        (httpx.Response(502, text="<html>Bad gateway</html>"), "it answered 502"),
        (httpx.Response(200, text="<html>Some other server</html>"), "was not understood"),
        (httpx.Response(200, json={"transactions": "many"}), "was not understood"),
        (httpx.Response(500, json=["no", "object"]), "it answered 500"),
    ],
)
def test_an_api_that_cannot_answer_is_away(
    client: ApiClient, api: FakeApi, failure: httpx.Response | Exception, words: str
) -> None:
    """Whatever keeps it from answering becomes one error that says what is the matter."""
    api.failure = failure

    with pytest.raises(ApiUnavailable, match=words):
        client.statistics.summary(START)


def test_an_api_that_cannot_serve_tells_what_it_lacks(client: ApiClient, api: FakeApi) -> None:
    """Its 503 is the answer."""
    api.readiness = {**READINESS, "status": "unavailable"}

    assert client.system.readiness().status == "unavailable"


def test_a_503_of_somebody_else_is_an_outage(client: ApiClient, api: FakeApi) -> None:
    """A proxy in front of an API that is gone tells nothing of PostgreSQL."""
    api.readiness = {"status": "unavailable"}

    with pytest.raises(CannotServe):
        client.system.readiness()
