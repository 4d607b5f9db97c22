"""The alerts page in each of its states."""

from typing import Any

import httpx
from streamlit.testing.v1 import AppTest

from tests.unit.dashboard.conftest import ALERTS_PAGE, Show, button, click_cell, texts
from tests.unit.dashboard.fake_api import FakeApi
from tests.unit.dashboard.samples import EMPTY, alert


def listed(app: AppTest) -> list[Any]:
    """The users in the table, from top to bottom."""
    frame = app.dataframe[0].value
    return list(frame["User"])


def asked_for_alerts(api: FakeApi) -> dict[str, str]:
    """The parameters of the latest question for a list."""
    return next(asked[2] for asked in reversed(api.asked) if asked[1] == "/api/v1/alerts")


def cells(app: AppTest) -> str:
    """All text of the detail's tables."""
    return "\n".join(table.value.reset_index().to_csv() for table in app.table)


def test_the_table_lists_alerts_newest_first(api: FakeApi, show: Show) -> None:
    """In the API's order, with a word on which they are."""
    app = show(api.session(), ALERTS_PAGE)

    assert not app.exception
    assert listed(app) == ["user-3", "user-2", "user-1"]
    assert "1 to 3, newest first" in texts(app)


def test_filters_come_from_the_url(api: FakeApi, show: Show) -> None:
    """A link leads to the same filter again."""
    app = show(api.session(), ALERTS_PAGE, rule="Impossible travel", severity="High", user="user-2")

    assert listed(app) == ["user-2"]
    asked = asked_for_alerts(api)
    assert (asked["rule"], asked["severity"], asked["user_id"]) == (
        "impossible_travel",
        "high",
        "user-2",
    )


def test_a_chosen_filter_is_asked_for(api: FakeApi, show: Show) -> None:
    """Choosing a rule lists its alerts alone."""
    app = show(api.session(), ALERTS_PAGE)

    app.multiselect(key="rule").select("velocity").run()

    assert listed(app) == ["user-3"]


def test_a_filter_that_nothing_fits_says_so(api: FakeApi, show: Show) -> None:
    """No empty table."""
    app = show(api.session(), ALERTS_PAGE, user="nobody")

    assert not app.dataframe
    assert "No alert matches" in texts(app)


def test_without_any_alert_the_page_says_what_to_do(api: FakeApi, show: Show) -> None:
    """The same hint as on the overview."""
    api.alerts, api.figures = [], EMPTY

    app = show(api.session(), ALERTS_PAGE)

    assert "is the producer running?" in texts(app)


def test_pages_lead_further_back(api: FakeApi, show: Show) -> None:
    """Older shows the next page and newer the one before."""
    api.alerts = [alert(number) for number in range(60, 0, -1)]
    app = show(api.session(), ALERTS_PAGE)

    button(app, "older").click().run()

    assert listed(app) == [f"user-{number}" for number in range(10, 0, -1)]
    assert "51 to 60" in texts(app)

    button(app, "newer").click().run()

    assert "1 to 50" in texts(app)


def test_a_new_alert_does_not_move_the_table(api: FakeApi, show: Show) -> None:
    """It is told of, and shown when asked for."""
    session = api.session()
    app = show(session, ALERTS_PAGE)
    api.alerts = [alert(4), *api.alerts]
    api.clock.now_s += 2.0

    app.run()

    assert listed(app) == ["user-3", "user-2", "user-1"]
    assert button(app, "newest").label == "1 new alert – show"  # noqa: RUF001 - a dash

    button(app, "newest").click().run()

    assert listed(app)[0] == "user-4"


def test_a_click_on_a_list_that_is_gone_opens_nothing(api: FakeApi, show: Show) -> None:
    """The browser tells what is selected in the old list until it has the new one."""
    app = show(api.session(), ALERTS_PAGE)
    table = app.dataframe[0].proto.id
    click_cell(app, table, 0)
    assert app.query_params["alert"] == "3"
    api.alerts = [alert(4), *api.alerts]
    api.clock.now_s += 2.0
    app.run()
    button(app, "newest").click().run()

    click_cell(app, table, 0)

    assert listed(app)[0] == "user-4"
    assert app.query_params["alert"] == "3"


def test_an_alert_says_why(api: FakeApi, show: Show) -> None:
    """Story, values against limits, the compared transaction and the source, in words and units."""
    app = show(api.session(), ALERTS_PAGE, alert="1")

    assert not app.exception
    assert "New York 1 minute after Istanbul" in texts(app)
    assert "partition 3, offset 90,210" in texts(app)
    for words in (r"8\,070 km", r"484\,212 km\/h", r"at most 1\,000 km\/h", "Istanbul", r"t\-ist"):
        assert words in cells(app)


def test_the_rest_of_the_incident_is_named(api: FakeApi, show: Show) -> None:
    """The user's other alerts are a click away, those of the same incident marked."""
    api.details = {1: {"incident_alert_ids": [2], "other_alerts": [alert(2), alert(7)]}}

    app = show(api.session(), ALERTS_PAGE, alert="1")

    assert "**Other alerts of this user**: 2" in texts(app)
    links = [link.proto.label for link in app.get("page_link")]
    assert [link.endswith("same incident") for link in links if "Impossible" in link] == [
        True,
        False,
    ]


def test_a_burst_names_what_was_counted(api: FakeApi, show: Show) -> None:
    """The transactions of a velocity alert are listed, up to a dozen."""
    evidence = {
        "count": 16,
        "max_count": 10,
        "total": "32",
        "max_total": "20000",
        "currency": "USD",
        "window_s": 60.0,
        "transaction_ids": [f"t{number}" for number in range(15)],
    }
    api.details = {3: {"evidence": evidence}}

    app = show(api.session(), ALERTS_PAGE, alert="3")

    assert "t0, t1" in texts(app)
    assert "and 3 more" in texts(app)


def test_hostile_evidence_stays_text(api: FakeApi, show: Show) -> None:
    """Tables render markdown, so every cell is escaped."""
    api.alerts = [alert(1, merchant="<img src=x> $m$ [a](b)")]
    api.details = {1: {"evidence": {"<b>": "**x**", "list": ["`y`"]}, "rule": "new_rule"}}

    written = cells(show(api.session(), ALERTS_PAGE, alert="1"))

    assert r"\<img src\=x\> \$m\$ \[a\]\(b\)" in written
    assert r"\*\*x\*\*" in written
    assert r"\`y\`" in written


def test_an_unknown_alert_is_told_in_words(api: FakeApi, show: Show) -> None:
    """An old link is no error."""
    app = show(api.session(), ALERTS_PAGE, alert="99")

    assert not app.exception
    assert "There is no alert 99." in texts(app)


def test_an_alert_can_be_closed(api: FakeApi, show: Show) -> None:
    """Closing takes it out of the URL."""
    app = show(api.session(), ALERTS_PAGE, alert="1")

    button(app, "close").click().run()

    assert "alert" not in app.query_params
    assert not app.table


def test_a_senseless_alert_in_the_url_is_none(api: FakeApi, show: Show) -> None:
    """The URL is anybody's to write."""
    app = show(api.session(), ALERTS_PAGE, alert="../../etc/passwd")

    assert not app.exception
    assert listed(app) == ["user-3", "user-2", "user-1"]


def test_the_page_waits_for_the_api_and_fills_by_itself(api: FakeApi, show: Show) -> None:
    """While the API is away there is a banner; once it is back the table appears."""
    session = api.session()
    api.failure = httpx.ConnectError("refused")

    app = show(session, ALERTS_PAGE)

    assert not app.exception
    assert "No fresh data since" in texts(app)

    api.failure = None
    api.clock.now_s += 2.0
    app.run()

    assert listed(app) == ["user-3", "user-2", "user-1"]


def test_an_open_alert_survives_an_outage(api: FakeApi, show: Show) -> None:
    """What was read before stays readable."""
    session = api.session()
    app = show(session, ALERTS_PAGE, alert="1")
    api.failure = httpx.ConnectError("refused")
    api.clock.now_s += 2.0

    app.run()

    assert "No fresh data since" in texts(app)
    assert "New York 1 minute after Istanbul" in texts(app)
