"""The analysts' queue: filters in the address, many alerts at once, and files."""

from streamlit.testing.v1 import AppTest

from tests.unit.dashboard import fake_triage
from tests.unit.dashboard.conftest import ALERTS_PAGE, Show, button, texts
from tests.unit.dashboard.fake_api import FakeApi
from tests.unit.dashboard.samples import alert


def asked_for_alerts(api: FakeApi) -> dict[str, str]:
    """The parameters of the first question for a page of the list."""
    return next(
        parameters
        for _, path, parameters in api.asked
        if path == "/api/v1/alerts" and parameters["limit"] == "50"
    )


def listed(app: AppTest) -> list[str]:
    """The users in the table, from top to bottom."""
    return list(app.dataframe[0].value["User"])


def mark(app: AppTest, *rows: int) -> AppTest:
    """Mark rows of the first table that the page has shown."""
    selection = {"selection": {"rows": list(rows), "columns": [], "cells": []}}
    app.session_state["alerts-table-0"] = selection
    return app.run()


def test_every_filter_can_stand_in_the_address(api: FakeApi, show: Show) -> None:
    """Whoever is sent a link sees the same list in the same order."""
    show(
        api.session(),
        ALERTS_PAGE,
        rule=["High value", "Velocity"],
        status=["Open"],
        assignee="Nobody",
        country="de, TR",
        text="books",
        min_amount="10.5",
        max_amount="2000",
        score="50",
        sort="Highest score",
        range="All",
    )

    asked = asked_for_alerts(api)
    expected = {
        "rule": "high_value,velocity",
        "status": "open",
        "assigned": "false",
        "country": "DE,TR",
        "text": "books",
        "min_amount": "10.5",
        "max_amount": "2000.0",
        "min_score": "50",
        "sort": "score",
    }
    assert {name: asked.get(name) for name in expected} == expected


def test_filters_out_of_sight_are_named(api: FakeApi, show: Show) -> None:
    """Nobody wonders why the list is short."""
    app = show(api.session(), ALERTS_PAGE, user="user-2", min_amount="1")

    assert "also by user, amount" in texts(app)


def test_clearing_takes_all_filters_away(api: FakeApi, show: Show) -> None:
    """One click leads back to everything."""
    app = show(api.session(), ALERTS_PAGE, rule=["Velocity"], user="user-3", min_amount="1")
    assert listed(app) == ["user-3"]

    app.button(key="clear").click().run()

    assert listed(app) == ["user-3", "user-2", "user-1"]
    assert "rule" not in app.query_params


def test_ones_own_alerts_are_those_of_whoever_looks(api: FakeApi, show: Show) -> None:
    """A link to it shows everybody their own."""
    api.alerts[1]["assignee"] = "ada"

    app = show(api.session(), ALERTS_PAGE, assignee="Me")

    assert listed(app) == ["user-2"]


def test_a_filter_that_makes_no_sense_is_told_in_the_apis_words(api: FakeApi, show: Show) -> None:
    """It is no outage, and the way out is named."""
    app = show(api.session(), ALERTS_PAGE, country="Germany")

    assert "The API does not take this filter" in texts(app)
    assert "String should match pattern" in texts(app)
    assert "No fresh data" not in texts(app)


def test_an_empty_list_fills_by_itself(api: FakeApi, show: Show) -> None:
    """Nothing moves under anybody's eyes where nothing is."""
    session = api.session()
    app = show(session, ALERTS_PAGE, user="user-9")
    api.alerts = [alert(9)]
    api.clock.now_s += 2.0

    app.run()

    assert listed(app) == ["user-9"]


def test_many_alerts_are_triaged_at_once(api: FakeApi, show: Show) -> None:
    """The decision with its note reaches each marked alert, and is seen in its row."""
    app = mark(show(api.session(), ALERTS_PAGE), 0, 2)

    app.text_area(key="bulk-note-0").input("A test of the new app.").run()
    button(app, "bulk-false_positive").click().run()

    assert [each["status"] for each in api.alerts] == ["false_positive", "open", "false_positive"]
    assert api.histories[1][0]["note"] == "A test of the new app."
    assert list(app.dataframe[0].value["Status"]) == ["False positive", "Open", "False positive"]


def test_colleagues_who_were_faster_are_named(api: FakeApi, show: Show) -> None:
    """What could not be done is told alert by alert, and stays marked."""
    app = mark(show(api.session(), ALERTS_PAGE), 0, 1)
    fake_triage.change(api.alerts[1], api.histories, "bob", status="investigating", assignee="bob")

    button(app, "bulk-confirmed_fraud").click().run()

    assert [each["status"] for each in api.alerts] == ["confirmed_fraud", "investigating", "open"]
    told = texts(app)
    assert "Nothing was done to 1 alert" in told
    assert "Alert 2" in told
    assert "Investigating\\, assigned to bob" in told
    assert button(app, "bulk-understood").click().run().warning.len == 0


def test_a_viewer_cannot_mark_or_triage(api: FakeApi, show: Show) -> None:
    """They see everything, and no button that would be refused."""
    api.role = "viewer"

    app = show(api.session(), ALERTS_PAGE, alert="1")

    assert listed(app) == ["user-3", "user-2", "user-1"]
    assert "To triage takes the role analyst" in texts(app)
    keys = {each.key for each in app.button}
    assert not any(key and key.startswith(("bulk-", "to-", "assign")) for key in keys)


def test_the_open_alert_is_pointed_at(api: FakeApi, show: Show) -> None:
    """With a sign of its own in its row, and with less beside it."""
    app = show(api.session(), ALERTS_PAGE, alert="2")

    assert list(app.dataframe[0].value["Open"]) == ["", "▶", ""]


def test_neighbours_are_a_key_away(api: FakeApi, show: Show) -> None:
    """Next and previous walk along the list as it is shown."""
    app = show(api.session(), ALERTS_PAGE, alert="2")

    button(app, "next").click().run()

    assert "1" in app.query_params["alert"]
    assert button(app, "next").disabled
