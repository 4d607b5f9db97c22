"""Triage of one alert: decisions, notes, and colleagues who were faster."""

import httpx
from streamlit.testing.v1 import AppTest

from tests.unit.dashboard import fake_triage
from tests.unit.dashboard.conftest import ALERTS_PAGE, Show, button, texts
from tests.unit.dashboard.fake_api import FakeApi, problem


def buttons(app: AppTest) -> list[str]:
    """Where the alert may go, by the buttons' keys."""
    keys = [each.key for each in app.button if each.key]
    return [key.split("-")[1] for key in keys if key.startswith("to-")]


def test_a_decision_takes_the_note_along(api: FakeApi, show: Show) -> None:
    """One click: status, note, history, and the row of the list."""
    app = show(api.session(), ALERTS_PAGE, alert="2")

    app.text_area(key="note-2-0").input("Called them.\nThey were at home.").run()
    button(app, "to-confirmed_fraud-2").click().run()

    assert (api.alerts[1]["status"], api.alerts[1]["version"]) == ("confirmed_fraud", 2)
    assert "Open → Confirmed fraud" in texts(app)
    assert "> Called them\\.  \n> They were at home\\." in texts(app)
    assert app.dataframe[0].value["Status"][1] == "Confirmed fraud"
    assert app.text_area(key="note-2-1").value == ""


def test_a_click_is_meant_for_the_alert_that_was_seen(api: FakeApi, show: Show) -> None:
    """Not for the one that the page is about to show: neither is changed then."""
    app = show(api.session(), ALERTS_PAGE, alert="2")
    button(app, "to-confirmed_fraud-2").click()
    app.query_params["alert"] = "1"

    app.run()

    assert {alert["status"] for alert in api.alerts} == {"open"}
    assert {alert["version"] for alert in api.alerts} == {1}


def test_only_possible_ways_are_offered(api: FakeApi, show: Show) -> None:
    """A decision is not turned into its opposite without looking again."""
    api.alerts[1]["status"] = "confirmed_fraud"

    app = show(api.session(), ALERTS_PAGE, alert="2")

    assert buttons(app) == ["investigating", "open"]


def test_an_alert_is_taken_and_given_back(api: FakeApi, show: Show) -> None:
    """By the analyst, with a click each."""
    app = show(api.session(), ALERTS_PAGE, alert="2")

    button(app, "assign-me-2").click().run()

    assert api.alerts[1]["assignee"] == "ada"
    assert "Assigned to you" in texts(app)

    button(app, "unassign-2").click().run()

    assert api.alerts[1]["assignee"] is None


def test_a_note_alone_is_a_change(api: FakeApi, show: Show) -> None:
    """And an empty one is none."""
    app = show(api.session(), ALERTS_PAGE, alert="2")

    button(app, "add-note-2").click().run()
    assert "Write a note first." in texts(app)
    app.text_area(key="note-2-0").input("Waiting for the bank.").run()
    button(app, "add-note-2").click().run()

    assert [change["note"] for change in api.histories[2]] == ["Waiting for the bank."]


def test_a_colleague_who_was_faster_is_shown(api: FakeApi, show: Show) -> None:
    """What they did, in words; nothing of one's own is done, and the note is still there."""
    app = show(api.session(), ALERTS_PAGE, alert="2")
    app.text_area(key="note-2-0").input("half a thou").run()
    fake_triage.change(api.alerts[1], api.histories, "bob", status="investigating", assignee="bob")

    button(app, "to-false_positive-2").click().run()

    assert api.alerts[1]["status"] == "investigating"
    told = texts(app)
    assert "A colleague was faster; nothing was done." in told
    assert "bob" in told
    assert "Open → Investigating\\, assigned to bob" in told
    assert app.text_area(key="note-2-0").value == "half a thou"

    button(app, "to-false_positive-2").click().run()

    assert api.alerts[1]["status"] == "false_positive"
    assert "A colleague was faster" not in texts(app)


def test_a_colleagues_change_is_told_when_it_happens(api: FakeApi, show: Show) -> None:
    """Before anything is clicked, until it is understood."""
    app = show(api.session(), ALERTS_PAGE, alert="2")
    fake_triage.change(api.alerts[1], api.histories, "bob", status="investigating")
    api.clock.now_s += 2.0

    app.run()

    assert "Changed meanwhile" in texts(app)
    assert buttons(app) == ["confirmed_fraud", "false_positive", "open"]

    button(app, "understood-2").click().run()

    assert "Changed meanwhile" not in texts(app)


def test_what_the_api_refuses_is_told_in_its_words(api: FakeApi, show: Show) -> None:
    """No traceback, and no banner of an outage."""
    app = show(api.session(), ALERTS_PAGE, alert="2")
    api.failure = problem(403, "This takes the role analyst or a higher one.")

    button(app, "to-investigating-2").click().run()

    assert "Nothing was done" in texts(app)
    assert "This takes the role analyst" in texts(app)


def test_a_decision_during_an_outage_is_not_lost_silently(api: FakeApi, show: Show) -> None:
    """The page says that nothing was done, and keeps showing the alert."""
    app = show(api.session(), ALERTS_PAGE, alert="2")
    api.failure = httpx.ConnectError("refused")

    button(app, "to-investigating-2").click().run()

    assert not app.exception
    assert "Nothing was done" in texts(app)
    assert "New York 1 minute after Istanbul" in texts(app)


def test_a_draft_waits_while_another_alert_is_open(api: FakeApi, show: Show) -> None:
    """Nothing half typed is lost on the way to a neighbour and back."""
    app = show(api.session(), ALERTS_PAGE, alert="2")
    app.text_area(key="note-2-0").input("half a thou").run()

    button(app, "next").click().run()
    button(app, "previous").click().run()

    assert app.text_area(key="note-2-0").value == "half a thou"


def test_the_history_is_read_to_its_end(api: FakeApi, show: Show) -> None:
    """However many pages it has; the newest change stands first."""
    for number in range(5):
        fake_triage.change(api.alerts[1], api.histories, f"bob{number}", note=f"note {number}")

    told = texts(show(api.session(), ALERTS_PAGE, alert="2"))

    assert told.index("note 4") < told.index("note 0")
