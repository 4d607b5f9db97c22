"""The customer page in each of its states."""

import httpx
import pytest
from streamlit.testing.v1 import AppTest

from finguard.dashboard.client import ApiClient
from tests.unit.dashboard.conftest import PAGES, Show, texts
from tests.unit.dashboard.fake_api import FakeApi, problem
from tests.unit.dashboard.fake_customers import PATH, USER, entry, transaction
from tests.unit.dashboard.samples import alert

PAGE = f"{PAGES}/customer.py"


@pytest.fixture
def api() -> FakeApi:
    """An API that knows one customer, with two alerts, one of them suppressed."""
    return FakeApi(alerts=[alert(2, user_id=USER, suppressed_by=12), alert(1, user_id=USER)])


def find(app: AppTest, user_id: str) -> AppTest:
    """Type a customer's id."""
    return app.text_input(key="user").set_value(user_id).run()


def figures(app: AppTest) -> dict[str, str]:
    """The figures on the page, by their names."""
    return {metric.label: metric.value for metric in app.metric}


def offers(app: AppTest) -> list[str]:
    """The changes that the page offers."""
    keys = [str(button.key) for button in app.button]
    return [key for key in keys if key.startswith(("suppress", "withdraw"))]


def test_a_customer_is_found_by_their_id(api: FakeApi, show: Show) -> None:
    """What they usually do, what was found, and where, of a name that has to be quoted."""
    app = find(show(api.session(), PAGE), USER)

    assert not app.exception
    assert figures(app)["Usual amount"] == "1,012.30 TRY"
    assert figures(app)["Largest amount"] == "8,600.00 TRY"
    assert figures(app)["Alerts"] == "3"
    assert list(app.table[0].value["Largest"]) == [r"8\,600\.00", r"12\.00"]
    assert "visited last" in texts(app)


def test_an_address_leads_to_a_customer(api: FakeApi, show: Show) -> None:
    """As links from other pages do."""
    app = show(api.session(), PAGE, user=USER)

    assert figures(app)["Alerts"] == "3"


def test_a_suppressed_alert_says_so(api: FakeApi, show: Show) -> None:
    """One mark on the one that an entry keeps quiet."""
    app = find(show(api.session(), PAGE), USER)

    rows = [part.value for part in app.markdown if "**Impossible travel**" in part.value]
    assert ["Suppressed" in row for row in rows] == [True, False]


def test_without_a_name_the_page_suggests_somebody(api: FakeApi, show: Show) -> None:
    """And says what to enter; a name from elsewhere is shown letter by letter."""
    app = show(api.session(), PAGE)

    assert "Whom do you look for?" in texts(app)
    assert "Most alerts" in texts(app)
    assert r"u\_17\_x :gray[· 1,234]" in [
        getattr(link, "label", "") for link in app.get("page_link")
    ]


def test_somebody_unknown_can_be_snoozed_all_the_same(api: FakeApi, show: Show) -> None:
    """The page says what to check, and offers the entry."""
    app = find(show(api.session(), PAGE), "no_body")

    assert r"Nothing is known of no\_body" in texts(app)
    assert offers(app)
    assert not app.metric


def test_an_impossible_name_is_refused_in_words(api: FakeApi, show: Show) -> None:
    """The API's own reason, and no outage."""
    session = api.session()
    app = show(session, PAGE)
    api.failure = problem(422, "The request does not have the form that this takes.")
    find(app, "a\u2028b")

    assert "Nobody can be called so" in texts(app)
    assert session.feed.outage is None
    assert not offers(app)


def test_without_the_detectors_memory_the_rest_is_shown(api: FakeApi, show: Show) -> None:
    """And the page says what is missing."""
    api.customers.known[USER] = {"profile_available": False, "profile": None}
    api.customers.transactions = []

    app = find(show(api.session(), PAGE), USER)

    assert "The detector's memory cannot be asked" in texts(app)
    assert figures(app)["Usual amount"] == "–"  # noqa: RUF001
    assert figures(app)["Alerts"] == "3"


def test_a_forgotten_customer_has_their_alerts(api: FakeApi, show: Show) -> None:
    """Nothing is remembered of somebody who has not paid for long."""
    api.customers.known[USER] = {"profile": None}
    api.customers.transactions = []

    app = find(show(api.session(), PAGE), USER)

    assert "remembers no transactions" in texts(app)
    assert "No transactions are remembered" in texts(app)


def test_amounts_of_several_currencies_are_chosen_from(api: FakeApi, show: Show) -> None:
    """The most frequent one first."""
    api.customers.transactions = [transaction("a"), transaction("b", currency="EUR")]

    app = find(show(api.session(), PAGE), USER)

    assert app.selectbox(key="currency").options == ["EUR", "TRY"]
    app.selectbox(key="currency").set_value("TRY").run()
    assert "1 transactions in TRY" not in texts(app)
    assert "1 transaction in TRY" in texts(app)


def test_a_snooze_is_added(api: FakeApi, show: Show) -> None:
    """With its reason and its end; it then stands above, and the form is empty again."""
    app = find(show(api.session(), PAGE), USER)
    app.selectbox(key="of-0").set_value("velocity")
    app.text_input(key="reason-0").set_value("  On a trip ").run()
    app.button(key="suppress-0").click().run()

    assert not app.exception
    (sent,) = api.customers.sent
    assert (sent["kind"], sent["rule"], sent["reason"]) == ("snooze", "velocity", "On a trip")
    assert sent["expires_at"] is not None
    assert "Added" in app.success[0].value
    assert "**Snooze** velocity until" in texts(app)
    assert app.text_input(key="reason-1").value == ""


def test_an_allow_holds_until_it_is_withdrawn(api: FakeApi, show: Show) -> None:
    """For every rule and without an end, unless somebody says otherwise."""
    app = find(show(api.session(), PAGE), USER)
    app.segmented_control[1].set_value("allow").run()
    app.text_input(key="reason-0").set_value("Wholesale").run()
    app.button(key="suppress-0").click().run()

    wanted = {"kind": "allow", "rule": None, "reason": "Wholesale", "expires_at": None}
    assert api.customers.sent == [wanted]


def test_an_entry_takes_a_reason(api: FakeApi, show: Show) -> None:
    """Without one nothing is sent."""
    app = find(show(api.session(), PAGE), USER)
    app.button(key="suppress-0").click().run()

    assert "Say why" in texts(app)
    assert api.customers.sent == []


def test_a_refusal_is_told_in_words(api: FakeApi, show: Show) -> None:
    """The API's own, and what was typed is kept."""
    api.customers.refusal = problem(409, "There is an active suppression; withdraw it first.")
    app = find(show(api.session(), PAGE), USER)
    app.text_input(key="reason-0").set_value("Again").run()
    app.button(key="suppress-0").click().run()

    assert "withdraw it first" in app.error[0].value
    assert app.text_input(key="reason-0").value == "Again"


def test_an_entry_is_withdrawn(api: FakeApi, show: Show) -> None:
    """It moves to the past ones; strangers' words are shown letter by letter."""
    api.customers.entries = [entry(7)]
    app = find(show(api.session(), PAGE), USER)
    assert r"Travels for \*work\*" in texts(app)

    app.button(key="withdraw-7").click().run()

    assert "Withdrawn" in app.success[0].value
    assert "Nothing keeps this customer's alerts quiet" in texts(app)
    assert list(app.dataframe[0].value["Who"]) == ["ada"]


def test_viewers_see_and_change_nothing(api: FakeApi, show: Show) -> None:
    """They are told which role it takes."""
    api.role, api.customers.entries = "viewer", [entry(7)]

    app = find(show(api.session(), PAGE), USER)

    assert "**Snooze** impossible travel" in texts(app)
    assert "takes the role analyst" in texts(app)
    assert not offers(app)


def test_while_the_api_is_away_the_last_state_stays(api: FakeApi, show: Show) -> None:
    """A banner above what was known, then recovery."""
    app = find(show(api.session(), PAGE), USER)
    api.failure = httpx.ConnectError("refused")
    api.clock.now_s += 60.0
    app.run()

    assert not app.exception
    assert "No fresh data since" in texts(app)
    assert figures(app)["Alerts"] == "3"

    api.failure = None
    api.clock.now_s += 60.0
    app.run()

    assert "No fresh data since" not in texts(app)


def test_a_refresh_costs_three_requests_at_most(api: FakeApi, show: Show) -> None:
    """All the page asks again by itself."""
    app = find(show(api.session(), PAGE), USER)
    api.asked.clear()
    api.clock.now_s += 60.0
    app.run()

    assert len(api.asked) <= 3


@pytest.mark.parametrize(
    ("user_id", "quoted"),
    [("a/b", "a%2Fb"), ("..", "%2E%2E"), ("50%", "50%25"), ("ä b", "%C3%A4%20b")],
)
def test_any_name_is_one_part_of_a_path(user_id: str, quoted: str) -> None:
    """Slashes, dots, percent signs and letters of any script reach the API as they are."""
    asked: list[bytes] = []

    def answer(request: httpx.Request) -> httpx.Response:
        asked.append(request.url.raw_path)
        return httpx.Response(200, json={"available": True, "items": []})

    http = httpx.Client(transport=httpx.MockTransport(answer), base_url="http://finguard.test")
    ApiClient(http).customers.transactions(user_id)

    assert asked == [f"{PATH}{quoted}/transactions".encode()]
