"""Work with dead letters over the API: replayed, edited, discarded; once, audited, and in words."""

from base64 import b64encode
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import pytest

from finguard.api.app import create_app
from finguard.domain.stream import Record
from tests.integration.api.poison import BAD, GOOD, HOSTILE, KEY, Poison
from tests.integration.api.serving import served, sign_in
from tests.integration.api.world import World

LETTERS = "/api/v1/dead-letters"
ALICE = ("alice", "correct horse")
AUDITED = "FROM audit_log WHERE action LIKE 'dead_letter.%%' ORDER BY audit_id"


@pytest.fixture
def alice(desk: httpx.Client, world: World) -> httpx.Client:
    """An analyst at the desk."""
    world.add_user(*ALICE, "analyst")
    sign_in(desk, *ALICE)
    return desk


def replay(client: httpx.Client, letter: int, **body: Any) -> httpx.Response:  # noqa: ANN401 - any field
    """Ask for a replay, without a body where there is nothing to say."""
    return client.post(f"{LETTERS}/{letter}/replay", json=body or None)


def discard(client: httpx.Client, letter: int, note: str = "a test") -> httpx.Response:
    """Ask for a discard."""
    return client.post(f"{LETTERS}/{letter}/discard", json={"note": note})


def outcome(answer: httpx.Response) -> tuple[str, str]:
    """What was done, and how the letter is now."""
    assert answer.status_code == 200, answer.text
    return answer.json()["outcome"], answer.json()["current"]["status"]


def refused(answer: httpx.Response, status: int) -> tuple[str, str]:
    """The kind of a problem, and its words."""
    assert answer.status_code == status, answer.text
    problem = answer.json()
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert problem["current"]["dead_letter_id"] > 0
    return problem["type"].removeprefix("urn:finguard:problem:"), problem["detail"]


def replays(poison: Poison) -> list[Record]:
    """What came into the topic as a replay."""
    return [
        record
        for record in poison.arrived()
        if any(name == "dlq.replay.of" for name, _ in record.headers)
    ]


def actions(world: World) -> list[tuple[Any, ...]]:
    """What the audit log has of dead letters, oldest first."""
    return world.query(f"SELECT actor, action, subject {AUDITED}")


def test_a_message_is_sent_again_once(alice: httpx.Client, poison: Poison, world: World) -> None:
    """As it was, to its partition; asked for again, it is not sent again, and not audited."""
    (letter,) = poison.bury(HOSTILE)
    answer = replay(alice, letter)
    assert outcome(answer) == ("replayed", "replayed")
    assert answer.json()["place"] == {"partition": 1, "offset": 1}
    assert answer.json()["current"]["status_by"] == "alice"
    assert outcome(replay(alice, letter)) == ("unchanged", "replayed")
    (sent,) = replays(poison)
    assert (sent.partition, sent.key, sent.value) == (1, KEY, HOSTILE)
    assert dict(sent.headers)["traceparent"] == b"00-1"
    assert actions(world) == [("alice", "dead_letter.replay", str(letter))]
    ((request_id,),) = world.query(f"SELECT request_id {AUDITED}")
    assert request_id == answer.headers["X-Request-ID"]
    (entry,) = alice.get(f"{LETTERS}/{letter}").json()["history"]
    assert (entry["actor"], entry["action"], entry["edited"]) == (
        "alice",
        "dead_letter.replay",
        False,
    )


def test_many_who_replay_at_once_count_once(alice: httpx.Client, poison: Poison) -> None:
    """One of them sends it; the others find it done or changed. None gets a server's error."""
    (letter,) = poison.bury(BAD)
    with ThreadPoolExecutor(6) as threads:
        answers = list(threads.map(lambda _: replay(alice, letter), range(6)))
    assert {answer.status_code for answer in answers} <= {200, 409}
    assert "replayed" in [answer.json().get("outcome") for answer in answers]
    # Who looks between another's announcement and Kafka's answer sends it, too: the same bytes.
    assert {record.value for record in replays(poison)} == {BAD}
    assert outcome(replay(alice, letter)) == ("unchanged", "replayed")


def test_again_sends_what_had_no_answer(alice: httpx.Client, poison: Poison) -> None:
    """For whoever knows that the detector will not answer."""
    (letter,) = poison.bury(BAD)
    replay(alice, letter)
    assert outcome(replay(alice, letter, again=True)) == ("replayed", "replayed")
    assert len(replays(poison)) == 2


def test_what_was_judged_well_stays_so(alice: httpx.Client, poison: Poison) -> None:
    """A replay that comes again finds it done; a discard comes too late."""
    (letter,) = poison.bury(BAD)
    replay(alice, letter)
    poison.judge_well(letter, BAD)
    assert outcome(replay(alice, letter)) == ("unchanged", "resolved")
    name, words = refused(discard(alice, letter), 409)
    assert name == "dead-letter-resolved"
    assert "judged well" in words
    assert len(replays(poison)) == 1


def test_what_came_back_is_worked_on_as_its_next_letter(
    alice: httpx.Client, poison: Poison
) -> None:
    """The old letter names the new one, which has both attempts."""
    (first,) = poison.bury(BAD)
    replay(alice, first)
    (second,) = poison.bury(BAD, replays=first)
    name, words = refused(replay(alice, first), 409)
    assert name == "dead-letter-superseded"
    assert f"letter {second}" in words
    file = alice.get(f"{LETTERS}/{second}").json()
    assert [(one["dead_letter_id"], one["attempt"]) for one in file["attempts"]] == [
        (first, 1),
        (second, 2),
    ]
    assert outcome(replay(alice, second)) == ("replayed", "replayed")


EDITS: list[dict[str, str]] = [
    {"text": GOOD.decode()},
    {"base64": b64encode(GOOD).decode()},
]


@pytest.mark.parametrize("value", EDITS)
def test_an_edit_is_sent_instead(
    alice: httpx.Client, poison: Poison, world: World, value: dict[str, str]
) -> None:
    """As text or in base64; kept in the audit log, safe to send again, and never replaced."""
    (letter,) = poison.bury(BAD)
    assert outcome(replay(alice, letter, value=value)) == ("replayed", "replayed")
    assert outcome(replay(alice, letter, value=value)) == ("unchanged", "replayed")
    other = {"text": GOOD.replace(b"Istanbul", b"Ankara").decode()}
    name, words = refused(replay(alice, letter, value=other), 409)
    assert name == "dead-letter-settled"
    assert "this edit was not sent" in words
    (sent,) = replays(poison)
    assert (sent.key, sent.value) == (KEY, GOOD)
    ((after,),) = world.query(f"SELECT after {AUDITED}")
    assert (after["key"], after["value"]) == (KEY.decode(), GOOD.decode())
    poison.judge_well(letter, GOOD)
    assert outcome(replay(alice, letter, value=value)) == ("unchanged", "resolved")
    assert refused(replay(alice, letter, value=other), 409)[0] == "dead-letter-settled"
    (entry,) = alice.get(f"{LETTERS}/{letter}").json()["history"]
    assert entry["edited"]


def test_an_edit_that_would_fail_again_is_not_sent(
    alice: httpx.Client, poison: Poison, world: World
) -> None:
    """The answer says what is wrong with it, in characters that cannot act."""
    (letter,) = poison.bury(BAD)
    bad: list[dict[str, Any]] = [
        {"value": {"text": BAD.decode()}},
        {"value": {"text": ""}},
        {"value": {"text": "<b>\x1b[2J\u202e\x00"}},
        {"value": {"base64": b64encode(HOSTILE).decode()}},
        {"value": {"base64": ""}, "key": {"base64": ""}},
        {"value": {"text": GOOD.decode()}, "key": {"text": "somebody-else"}},
        {"key": {"text": "user-2"}},
    ]
    for body in bad:
        answer = replay(alice, letter, **body)
        assert refused(answer, 409)[0] == "edit-rejected", body
        (error,) = answer.json()["errors"]
        assert error["where"] == ("body.value" if "value" in body else "body.key")
        assert error["message"].isprintable()
    assert replays(poison) == []
    assert actions(world) == []


@pytest.mark.parametrize(
    "body",
    [
        {"value": "text"},
        {"value": {}},
        {"value": {"text": "a", "base64": "YQ=="}},
        {"value": {"base64": "not base64"}},
        {"value": {"base64": "YQ"}},
        {"key": {"text": 5}},
        {"again": "perhaps"},
        {"status": "resolved"},
    ],
)
def test_a_body_of_another_form_is_refused(
    alice: httpx.Client, poison: Poison, body: dict[str, Any]
) -> None:
    """Nothing is guessed."""
    (letter,) = poison.bury(BAD)
    assert replay(alice, letter, **body).status_code == 422
    assert replays(poison) == []


def test_a_lone_surrogate_has_no_bytes(alice: httpx.Client, poison: Poison) -> None:
    """JSON can write what UTF-8 cannot."""
    (letter,) = poison.bury(BAD)
    answer = alice.post(
        f"{LETTERS}/{letter}/replay",
        content=b'{"value": {"text": "\\ud800"}}',
        headers={"Content-Type": "application/json"},
    )
    assert answer.status_code == 422
    assert replays(poison) == []


def test_a_message_that_is_gone_is_refused_as_gone(alice: httpx.Client, poison: Poison) -> None:
    """410, with what can be done instead; a discard needs no message."""
    (letter,) = poison.bury(BAD)
    poison.expire()
    name, words = refused(replay(alice, letter), 410)
    assert (name, "discard it" in words) == ("message-gone", True)
    assert outcome(discard(alice, letter)) == ("discarded", "discarded")


def test_a_message_that_was_cut_can_be_replaced(alice: httpx.Client, poison: Poison) -> None:
    """Half a message is not sent; another one is."""
    (letter,) = poison.bury(b"x" * 600_000, is_in_topic=False)
    name, words = refused(replay(alice, letter), 410)
    assert (name, "another value" in words) == ("message-cut", True)
    assert outcome(replay(alice, letter, value={"text": GOOD.decode()}))[0] == "replayed"


def test_a_large_message_is_sent_whole(alice: httpx.Client, poison: Poison) -> None:
    """Nearly 1 MiB of any bytes, from where it came."""
    large = bytes(range(256)) * 3_900
    (letter,) = poison.bury(large)
    assert outcome(replay(alice, letter)) == ("replayed", "replayed")
    (sent,) = replays(poison)
    assert sent.value == large


@pytest.fixture
def once(poison: Poison) -> Iterator[httpx.Client]:
    """An API under which a message is tried once."""
    with served(create_app(poison.settings(dead_letter_max_attempts=1))) as client:
        sign_in(client)
        yield client


def test_attempts_are_used_up(once: httpx.Client, poison: Poison) -> None:
    """The answer names the setting."""
    (letter,) = poison.bury(BAD)
    name, words = refused(replay(once, letter), 409)
    assert name == "attempts-exhausted"
    assert "FINGUARD_DEAD_LETTER_MAX_ATTEMPTS allows 1" in words


def test_a_letter_is_discarded_once(alice: httpx.Client, poison: Poison, world: World) -> None:
    """With the first note; and it can still be replayed."""
    (letter,) = poison.bury(BAD)
    assert outcome(discard(alice, letter, "'; DROP TABLE alerts")) == ("discarded", "discarded")
    again = discard(alice, letter, "another note")
    assert outcome(again) == ("unchanged", "discarded")
    assert again.json()["current"]["status_note"] == "'; DROP TABLE alerts"
    assert actions(world) == [("alice", "dead_letter.discard", str(letter))]
    assert discard(alice, letter, " ").status_code == 422
    assert discard(alice, 2**50).status_code == 404
    assert outcome(replay(alice, letter)) == ("replayed", "replayed")
    history = alice.get(f"{LETTERS}/{letter}").json()["history"]
    assert [entry["note"] for entry in history] == [None, "'; DROP TABLE alerts"]


def test_many_letters_are_replayed_together(
    alice: httpx.Client, poison: Poison, world: World
) -> None:
    """Each stands for itself, in the request's order, each id once."""
    ids = poison.bury(*(b"%d" % number for number in range(30)))
    discard(alice, ids[0])
    replay(alice, ids[1])
    wanted = [*ids[::-1], 2**50, ids[0]]
    answer = alice.post(f"{LETTERS}/replay", json={"ids": wanted}).raise_for_status()
    results = answer.json()["results"]
    assert [result["dead_letter_id"] for result in results] == wanted[:-1]
    outcomes = {result["dead_letter_id"]: result["outcome"] for result in results}
    assert (outcomes[2**50], outcomes[ids[1]]) == ("missing", "unchanged")
    assert {outcomes[letter] for letter in [ids[0], *ids[2:]]} == {"replayed"}
    assert {record.value for record in replays(poison)} == {b"%d" % n for n in range(30)}
    assert len(replays(poison)) == 30
    assert len(actions(world)) == 31


def test_many_letters_are_discarded_together(
    alice: httpx.Client, poison: Poison, world: World
) -> None:
    """Each stands for itself; the same request again changes nothing."""
    good, *bad = poison.bury(BAD, BAD, BAD)
    replay(alice, good)
    poison.judge_well(good, BAD)
    request = {"ids": [good, *bad], "note": "a test"}
    for done in ("discarded", "unchanged"):
        answer = alice.post(f"{LETTERS}/discard", json=request).raise_for_status()
        results = answer.json()["results"]
        assert [result["outcome"] for result in results] == ["refused", done, done]
        assert results[0]["refusal"] == "resolved"
    assert [action for _, action, _ in actions(world)][1:] == ["dead_letter.discard"] * 2


@pytest.mark.parametrize("action", ["replay", "discard"])
def test_not_too_many_letters_at_a_time(alice: httpx.Client, action: str) -> None:
    """None, more than fifty, and what is no id are refused."""
    ids: list[list[Any]] = [[], list(range(1, 52)), [0], ["x"], [None]]
    for wrong in ids:
        body = {"ids": wrong, **({"note": "a test"} if action == "discard" else {})}
        assert alice.post(f"{LETTERS}/{action}", json=body).status_code == 422


def test_viewers_look_and_touch_nothing(desk: httpx.Client, poison: Poison, world: World) -> None:
    """They see letters, and every change is refused."""
    (letter,) = poison.bury(BAD)
    world.add_user("victor", "correct horse", "viewer")
    sign_in(desk, "victor", "correct horse")
    assert desk.get(LETTERS).status_code == 200
    assert desk.get(f"{LETTERS}/{letter}").json()["message_status"] == "whole"
    assert replay(desk, letter).status_code == 403
    assert discard(desk, letter).status_code == 403
    for action in ("replay", "discard"):
        body = {"ids": [letter], "note": "a test"}
        assert desk.post(f"{LETTERS}/{action}", json=body).status_code == 403
    assert actions(world) == []
