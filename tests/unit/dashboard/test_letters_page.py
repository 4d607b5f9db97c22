"""The dead letters page in each of its states."""

import httpx
import pytest
from streamlit.testing.v1 import AppTest

from tests.unit.dashboard.conftest import LETTERS_PAGE, Show, button, click_cell, texts
from tests.unit.dashboard.fake_api import FakeApi
from tests.unit.dashboard.letter_samples import content, letter, message
from tests.unit.dashboard.samples import NOW


@pytest.fixture
def api() -> FakeApi:
    """An API with three dead letters."""
    api = FakeApi()
    api.letters.items = [letter(3, reason="schema"), letter(2), letter(1)]
    return api


def listed(app: AppTest) -> list[int]:
    """The numbers in the table, from top to bottom."""
    return list(app.dataframe[0].value["Letter"])


def codes(app: AppTest) -> list[str]:
    """What is shown as bytes: the value, then the key."""
    return [code.value for code in app.code]


def later(api: FakeApi, app: AppTest) -> AppTest:
    """The page after its next refresh."""
    api.clock.now_s += 6.0
    return app.run()


def test_letters_are_listed_newest_first_below_their_charts(api: FakeApi, show: Show) -> None:
    """With reasons over time, counts by status, and the way to open one."""
    app = show(api.session(), LETTERS_PAGE)

    assert not app.exception
    assert listed(app) == [3, 2, 1]
    assert "Dead letters 1 to 3, newest first. Select a cell" in texts(app)
    assert "**Reasons** per minute" in texts(app)
    assert len(app.get("vega_lite_chart")) == 2


def test_filters_come_from_the_url(api: FakeApi, show: Show) -> None:
    """A link leads to the same list again."""
    app = show(api.session(), LETTERS_PAGE, **{"reason": "Schema", "letter-status": "Open"})

    assert listed(app) == [3]


def test_a_filter_that_nothing_fits_says_so(api: FakeApi, show: Show) -> None:
    """No empty table."""
    app = show(api.session(), LETTERS_PAGE, reason="Encoding")

    assert not app.dataframe
    assert "No dead letter matches these filters" in texts(app)


@pytest.mark.parametrize(
    ("picked", "words"),
    [("15 min", "For older ones choose **All**"), ("All", r"`python producer.py --poison-rate")],
)
def test_without_any_the_page_says_what_that_means(
    api: FakeApi, show: Show, picked: str, words: str
) -> None:
    """No dead letters is good news, unless one looks at too short a time."""
    api.letters.items = []

    app = show(api.session(), LETTERS_PAGE, range=picked)

    assert not app.exception
    assert words in texts(app)


def test_pages_lead_further_back(api: FakeApi, show: Show) -> None:
    """Older shows the next page and newer the one before."""
    api.letters.items = [letter(number) for number in range(60, 0, -1)]
    app = show(api.session(), LETTERS_PAGE)

    button(app, "letters-older").click().run()

    assert listed(app) == list(range(10, 0, -1))
    assert "Dead letters 51 to 60" in texts(app)

    button(app, "letters-newer").click().run()

    assert "Dead letters 1 to 50" in texts(app)


def test_a_new_letter_does_not_move_the_table(api: FakeApi, show: Show) -> None:
    """It is told of, and shown when asked for."""
    app = show(api.session(), LETTERS_PAGE)
    api.letters.items.insert(0, letter(4))

    later(api, app)

    assert listed(app) == [3, 2, 1]
    assert button(app, "letters-newest").label == "Show 1 new letter"

    button(app, "letters-newest").click().run()

    assert listed(app)[0] == 4


def test_a_letter_says_why_where_from_and_what_it_holds(api: FakeApi, show: Show) -> None:
    """In words, with the message as text, and as bytes."""
    app = show(api.session(), LETTERS_PAGE, letter="2")

    assert not app.exception
    assert "##### The amount is not a finite number" in texts(app)
    assert "Nobody has decided yet" in texts(app)
    assert codes(app) == ['{"amount": -1}', "user-1"]
    tables = "\n".join(table.value.reset_index().to_csv() for table in app.table)
    assert r"transactions\, partition 3\, offset 90\,210" in tables
    assert r"trace\<b\>" in tables

    app.segmented_control(key="letter-view").set_value("Hex").run()

    assert codes(app)[0].startswith('000000  7b 22 61 6d 6f 75 6e 74  {"amount')


def test_a_hostile_letter_is_text_and_its_sizes_are_told(api: FakeApi, show: Show) -> None:
    """What is markdown or HTML to others is neither; what is cut is said to be."""
    hostile = content(b"<script>x</script> **bold**", size=70_000)
    api.letters.messages[2] = message(hostile, key=None)
    api.letters.become(2, detail="quotes <b>x</b> **y** :fire:")

    app = show(api.session(), LETTERS_PAGE, letter="2")

    assert codes(app) == ["<script>x</script> **bold**"]
    assert "the first 27 of 70,000 bytes" in texts(app)
    assert r"Quotes \<b\>x\<\/b\> \*\*y\*\*" in texts(app)


@pytest.mark.parametrize(
    ("status", "words"),
    [
        ("gone", "It cannot be replayed; discard it."),
        ("cut", "it can be replayed with another value, or discarded"),
        ("unavailable", "Kafka does not answer"),
    ],
)
def test_a_message_that_is_not_there_says_what_helps(
    api: FakeApi, show: Show, status: str, words: str
) -> None:
    """The rest of the letter is there all the same."""
    api.letters.states[2], api.letters.messages[2] = status, None

    app = show(api.session(), LETTERS_PAGE, letter="2")

    assert words in texts(app)
    assert "##### The amount" in texts(app)


def test_a_letter_that_does_not_exist_says_so(api: FakeApi, show: Show) -> None:
    """A wrong link is no error."""
    app = show(api.session(), LETTERS_PAGE, letter="99")

    assert not app.exception
    assert "There is no dead letter 99." in texts(app)


def test_a_replay_is_seen_to_be_resolved(api: FakeApi, show: Show) -> None:
    """First the word is awaited, then it is there; the table says so as well."""
    app = show(api.session(), LETTERS_PAGE, letter="2")

    button(app, "letter-replay-2").click().run()

    assert api.letters.sent == [{"ids": [2], "again": False}]
    assert "Dead letter 2\\: replayed" in texts(app)
    assert "word is awaited and appears here by itself" in texts(app)
    assert button(app, "letter-replay-2").label == "Replay again"

    api.letters.become(2, status="resolved", status_by="detector", status_at=NOW.isoformat())
    later(api, app)

    assert "There is nothing left to do" in texts(app)
    assert list(app.dataframe[0].value["Status"]) == ["○ Open", "✓ Resolved", "○ Open"]
    assert not [each for each in app.button if (each.key or "").startswith("letter-replay-2")]


def test_a_letter_that_came_back_leads_to_its_next_attempt(api: FakeApi, show: Show) -> None:
    """The later letter is the one to work on."""
    api.letters.become(2, status="replayed", status_by="ada", followed_by=3)

    app = show(api.session(), LETTERS_PAGE, letter="2")
    button(app, "letter-follow").click().run()

    assert "letter 3, attempt 1" in texts(app)


def test_only_what_was_edited_is_sent(api: FakeApi, show: Show) -> None:
    """The key that nobody touched stays as it came."""
    app = show(api.session(), LETTERS_PAGE, letter="2")

    app.text_area(key="letter-value-2-Text").set_value('{"amount": 1}')
    button(app, "letter-send-2").click().run()

    assert api.letters.sent == [{"value": {"text": '{"amount": 1}'}, "again": False}]


def test_an_edit_that_would_be_rejected_stays_in_the_form(api: FakeApi, show: Show) -> None:
    """The detector's own words are told, nothing is sent, and refreshes leave the form alone."""
    api.letters.rejection = "the amount must lie between 0 and 10"
    app = show(api.session(), LETTERS_PAGE, letter="2")

    app.text_area(key="letter-value-2-Text").set_value("half-typed")
    button(app, "letter-send-2").click().run()
    later(api, app)

    assert "Nothing was done\\. value\\: the amount must lie between 0 and 10" in texts(app)
    assert app.text_area(key="letter-value-2-Text").value == "half-typed"


def test_nothing_is_sent_for_an_edit_of_nothing(api: FakeApi, show: Show) -> None:
    """It says so, and what to use instead."""
    app = show(api.session(), LETTERS_PAGE, letter="2")

    button(app, "letter-send-2").click().run()

    assert api.letters.sent == []
    assert "Nothing was sent" in texts(app)


def test_bytes_that_are_no_text_are_edited_in_base64(api: FakeApi, show: Show) -> None:
    """Nothing is lost, and what is no base64 is told before anything is sent."""
    api.letters.messages[2] = message(content(b"\xff\x00"))
    app = show(api.session(), LETTERS_PAGE, letter="2")

    field = app.text_area(key="letter-value-2-Base64")
    assert field.value == "/wA="
    field.set_value("no base64!")
    button(app, "letter-send-2").click().run()

    assert api.letters.sent == []
    assert "This is no base64" in texts(app)


def test_a_draft_follows_into_the_other_form(api: FakeApi, show: Show) -> None:
    """Text becomes its base64, edits included."""
    app = show(api.session(), LETTERS_PAGE, letter="2")
    app.text_area(key="letter-value-2-Text").set_value("abc").run()

    app.segmented_control(key="letter-value-2-form").set_value("Base64").run()

    assert app.text_area(key="letter-value-2-Base64").value == "YWJj"


def test_a_letter_is_discarded_with_a_reason_alone(api: FakeApi, show: Show) -> None:
    """Without one nothing happens; the form says so."""
    app = show(api.session(), LETTERS_PAGE, letter="2")

    app.button(key="discard-sure-letter-2-0").click().run()

    assert api.letters.sent == []
    assert "Say why first." in texts(app)

    app.text_area(key="discard-note-letter-2-0").set_value("a test")
    app.button(key="discard-sure-letter-2-0").click().run()

    assert api.letters.sent == [{"ids": [2], "note": "a test"}]
    assert "Discarded by ada" in texts(app)


def test_a_refusal_is_told_with_its_remedy(api: FakeApi, show: Show) -> None:
    """In the API's words, where the button was."""
    api.letters.refusals[2] = "Kafka holds its message no longer; discard it"
    app = show(api.session(), LETTERS_PAGE, letter="2")

    button(app, "letter-replay-2").click().run()

    assert "Kafka holds its message no longer\\; discard it" in app.warning[0].value


def test_without_an_answer_to_repeat_it_is_said_to_be_safe(api: FakeApi, show: Show) -> None:
    """Nobody knows what became of it; the letter stays where it is."""
    app = show(api.session(), LETTERS_PAGE, letter="2")
    api.failure = httpx.ReadTimeout("slow")

    button(app, "letter-replay-2").click().run()

    assert not app.exception
    assert "to do the same again is safe" in texts(app)


def test_marked_rows_are_replayed_together(api: FakeApi, show: Show) -> None:
    """Each for itself: what was refused is told by name, the rest as a sum."""
    api.letters.refusals[2] = "was tried 5 times"
    session = api.session()
    app = show(session, LETTERS_PAGE)
    assert session.letters is not None
    key = f"letters-table-{session.letters.turn}"
    app.session_state[key] = {"selection": {"rows": [0, 1], "columns": [], "cells": []}}
    app.run()

    button(app, "letters-replay").click().run()

    assert api.letters.sent == [{"ids": [3, 2], "again": False}]
    assert "1 replayed\\, 1 refused" in texts(app)
    assert "Dead letter 2\\: was tried 5 times" in texts(app)
    assert list(app.dataframe[0].value["Status"]) == ["↻ Replayed", "○ Open", "○ Open"]


def test_a_click_on_a_list_that_is_gone_opens_nothing(api: FakeApi, show: Show) -> None:
    """The browser tells what is selected in the old list until it has the new one."""
    app = show(api.session(), LETTERS_PAGE)
    table = app.dataframe[0].proto.id
    click_cell(app, table, 0)
    assert app.query_params["letter"] == "3"
    api.letters.items = [letter(4), *api.letters.items]
    later(api, app)
    button(app, "letters-newest").click().run()

    click_cell(app, table, 0)

    assert listed(app)[0] == 4
    assert app.query_params["letter"] == "3"


def test_a_viewer_only_looks(api: FakeApi, show: Show) -> None:
    """Nothing to press, and a word on whom to ask."""
    api.role = "viewer"

    app = show(api.session(), LETTERS_PAGE, letter="2")

    assert "takes the role analyst" in texts(app)
    assert codes(app)
    labels = {each.label for each in app.button}
    assert not labels & {"Replay", "Replay as it is", "Replay edited", "Discard this letter"}


def test_an_open_letter_survives_an_outage(api: FakeApi, show: Show) -> None:
    """What was read before stays readable, and the page recovers by itself."""
    app = show(api.session(), LETTERS_PAGE, letter="2")
    api.failure = httpx.ConnectError("refused")

    later(api, app)

    assert "No fresh data since" in texts(app)
    assert codes(app)[0] == '{"amount": -1}'

    api.failure = None
    later(api, app)

    assert "No fresh data since" not in texts(app)
