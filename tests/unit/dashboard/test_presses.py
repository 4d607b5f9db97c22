"""A press that Streamlit delivers twice counts once: a refresh takes it along before it is sent."""

import httpx
import pytest
from streamlit.testing.v1 import AppTest

from tests.unit.dashboard import fake_triage
from tests.unit.dashboard.conftest import ALERTS_PAGE, LETTERS_PAGE, Show, button, deliver, texts
from tests.unit.dashboard.fake_api import FakeApi
from tests.unit.dashboard.letter_samples import letter
from tests.unit.dashboard.samples import AUDIT, alert
from tests.unit.dashboard.test_alerts_queue import mark

SYSTEM_PAGE = "finguard/dashboard/pages/system.py"


def press_twice(app: AppTest, name: str) -> AppTest:
    """What a browser sends for one press that meets a refresh."""
    pressed = button(app, name).proto.id
    return deliver(deliver(app, pressed), pressed)


@pytest.mark.parametrize(("name", "then"), [("next", "7"), ("previous", "9")])
def test_the_neighbour_is_one_step_away(api: FakeApi, show: Show, name: str, then: str) -> None:
    """Not two."""
    api.alerts = [alert(number) for number in range(15, 0, -1)]
    app = show(api.session(), ALERTS_PAGE, alert="8")

    press_twice(app, name)

    assert app.query_params["alert"] in (then, [then])


def test_closing_closes_the_alert_that_was_seen(api: FakeApi, show: Show) -> None:
    """And not the one that was opened at once after it."""
    app = show(api.session(), ALERTS_PAGE, alert="2")
    pressed = button(app, "close").proto.id
    deliver(app, pressed)
    app.query_params["alert"] = "3"

    deliver(app, pressed)

    assert app.query_params["alert"] in ("3", ["3"])


@pytest.mark.parametrize("name", ["to-confirmed_fraud-2", "assign-me-2", "add-note-2"])
def test_a_colleague_who_was_faster_is_not_overruled(api: FakeApi, show: Show, name: str) -> None:
    """The first delivery meets their change; the second must not be meant for what they made."""
    app = show(api.session(), ALERTS_PAGE, alert="2")
    app.text_area(key="note-2-0").input("half a thou").run()
    fake_triage.change(api.alerts[1], api.histories, "bob", status="false_positive", assignee="bob")

    press_twice(app, name)

    now = api.alerts[1]
    assert (now["status"], now["assignee"], now["version"]) == ("false_positive", "bob", 2)
    assert "A colleague was faster; nothing was done." in texts(app)


def test_a_note_is_added_once(api: FakeApi, show: Show) -> None:
    """And nothing asks for another."""
    app = show(api.session(), ALERTS_PAGE, alert="2")
    app.text_area(key="note-2-0").input("Waiting for the bank.").run()

    press_twice(app, "add-note-2")

    assert [change["note"] for change in api.histories[2]] == ["Waiting for the bank."]
    assert "Write a note first." not in texts(app)


def test_what_is_understood_is_what_was_told(api: FakeApi, show: Show) -> None:
    """A change that comes between the two deliveries is still told."""
    app = show(api.session(), ALERTS_PAGE, alert="2")
    fake_triage.change(api.alerts[1], api.histories, "bob", status="investigating")
    api.clock.now_s += 2.0
    pressed = button(app.run(), "understood-2").proto.id
    deliver(app, pressed)
    fake_triage.change(api.alerts[1], api.histories, "carl", note="Look again.")
    api.clock.now_s += 2.0

    deliver(app, pressed)

    assert "Changed meanwhile" in texts(app)
    assert "carl" in texts(app)


def test_many_alerts_are_decided_on_once(api: FakeApi, show: Show) -> None:
    """Those that colleagues were faster with stay marked, and as the colleagues made them.

    Also where the press arrives with a refresh that has just brought what they did.
    """
    app = mark(show(api.session(), ALERTS_PAGE), 0, 1)
    fake_triage.change(api.alerts[1], api.histories, "bob", status="investigating", assignee="bob")
    api.clock.now_s += 2.0

    press_twice(app, "bulk-confirmed_fraud")

    assert [each["status"] for each in api.alerts] == ["confirmed_fraud", "investigating", "open"]
    assert "Nothing was done to 1 alert" in texts(app)


def test_a_decision_on_many_that_had_no_answer_overrules_nobody(api: FakeApi, show: Show) -> None:
    """Delivered again, it is still meant for the alerts as they were seen."""
    app = mark(show(api.session(), ALERTS_PAGE), 0, 1)
    pressed = button(app, "bulk-confirmed_fraud").proto.id
    api.failure = httpx.ReadTimeout("slow")
    deliver(app, pressed)
    assert "Nothing was done" in texts(app)
    fake_triage.change(api.alerts[1], api.histories, "bob", status="investigating", assignee="bob")
    api.failure = None

    deliver(app, pressed)

    assert [each["status"] for each in api.alerts][1:] == ["investigating", "open"]


def test_alerts_turn_one_page(api: FakeApi, show: Show) -> None:
    """Back and forth."""
    api.alerts = [alert(number) for number in range(190, 0, -1)]
    app = show(api.session(), ALERTS_PAGE)

    assert "51 to 100" in texts(press_twice(app, "older"))

    deliver(app, button(app, "older").proto.id)
    assert "51 to 100" in texts(press_twice(app, "newer"))


def test_letters_turn_one_page(api: FakeApi, show: Show) -> None:
    """Back and forth."""
    api.letters.items = [letter(number) for number in range(190, 0, -1)]
    app = show(api.session(), LETTERS_PAGE)

    assert "Dead letters 51 to 100" in texts(press_twice(app, "letters-older"))

    deliver(app, button(app, "letters-older").proto.id)
    assert "Dead letters 51 to 100" in texts(press_twice(app, "letters-newer"))


def test_a_message_is_sent_once(api: FakeApi, show: Show) -> None:
    """A second replay of what waits for its word is a matter of its own, with a word of its own."""
    api.letters.items = [letter(number) for number in (3, 2, 1)]
    app = show(api.session(), LETTERS_PAGE, letter="2")

    press_twice(app, "letter-replay-2")

    assert api.letters.sent == [{"ids": [2], "again": False}]

    press_twice(app, "letter-replay-2")

    assert api.letters.sent[1:] == [{"ids": [2], "again": True}]


def test_a_message_without_an_answer_is_sent_once(api: FakeApi, show: Show) -> None:
    """What may have been done is not done again by itself."""
    api.letters.items = [letter(number) for number in (3, 2, 1)]
    app = show(api.session(), LETTERS_PAGE, letter="2")
    pressed = button(app, "letter-replay-2").proto.id
    api.failure = httpx.ReadTimeout("slow")
    deliver(app, pressed)
    api.failure = None

    deliver(app, pressed)

    assert api.letters.sent == []


def test_marked_messages_are_sent_once(api: FakeApi, show: Show) -> None:
    """However many."""
    api.letters.items = [letter(number) for number in (3, 2, 1)]
    session = api.session()
    app = show(session, LETTERS_PAGE)
    assert session.letters is not None
    key = f"letters-table-{session.letters.turn}"
    app.session_state[key] = {"selection": {"rows": [0, 1], "columns": [], "cells": []}}

    press_twice(app.run(), "letters-replay")

    assert api.letters.sent == [{"ids": [3, 2], "again": False}]


def test_an_edited_message_is_sent_once(api: FakeApi, show: Show) -> None:
    """As above."""
    api.letters.items = [letter(number) for number in (3, 2, 1)]
    app = show(api.session(), LETTERS_PAGE, letter="2")
    app.text_area(key="letter-value-2-Text").set_value('{"amount": 1}').run()

    press_twice(app, "letter-send-2")

    assert api.letters.sent == [{"value": {"text": '{"amount": 1}'}, "again": False}]


def test_attempts_are_followed_one_by_one(api: FakeApi, show: Show) -> None:
    """The next attempt, and not the one after it."""
    api.letters.items = [letter(number) for number in (3, 2, 1)]
    api.letters.become(1, status="replayed", status_by="ada", followed_by=2)
    api.letters.become(2, status="replayed", status_by="ada", followed_by=3)
    app = show(api.session(), LETTERS_PAGE, letter="1")

    press_twice(app, "letter-follow")

    assert "letter 2, attempt" in texts(app)


def test_the_audit_log_turns_one_page(api: FakeApi, show: Show) -> None:
    """Forth, and back to the page before."""
    api.role = "admin"
    app = show(api.session(), SYSTEM_PAGE)
    key = "finguard-audit-cursors"

    assert press_twice(app, "audit-older").session_state[key] == [None, AUDIT["next_cursor"]]

    deliver(app, button(app, "audit-older").proto.id)
    assert press_twice(app, "audit-newer").session_state[key] == [None, AUDIT["next_cursor"]]
