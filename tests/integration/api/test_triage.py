"""Triage: what analysts may change, that none overwrites another, and that it is all recorded."""

from concurrent.futures import ThreadPoolExecutor
from itertools import product
from threading import Barrier
from typing import Any, get_args

import httpx
import psycopg2
import pytest

from finguard.domain.triage import Status
from tests.integration.api.listed import ALERTS
from tests.integration.api.serving import sign_in
from tests.integration.api.world import World, alert

PASSWORD = "correct horse"

STATUSES: tuple[Status, ...] = get_args(Status)


@pytest.fixture
def alice(api: httpx.Client, world: World) -> httpx.Client:
    """A client of the API that has signed in as an analyst; there is another one, bob."""
    for name in ("alice", "bob"):
        world.add_user(name, PASSWORD, "analyst")
    sign_in(api, "alice", PASSWORD)
    return api


@pytest.fixture
def alert_id(world: World) -> int:
    """An alert that nobody has looked at."""
    (stored,) = world.store_alerts([alert()])
    return stored


def triage(
    client: httpx.Client, alert_id: int, version: int | str | None, **change: object
) -> httpx.Response:
    """Ask for a change of an alert as it was at a version."""
    headers = {} if version is None else {"If-Match": f'"{version}"'}
    return client.patch(f"{ALERTS}/{alert_id}", json=change, headers=headers)


def history(client: httpx.Client, alert_id: int) -> list[dict[str, Any]]:
    """All changes of an alert."""
    answer = client.get(f"{ALERTS}/{alert_id}/history").raise_for_status().json()
    assert not answer["more"]
    items: list[dict[str, Any]] = answer["items"]
    return items


def test_an_alert_is_worked_off(alice: httpx.Client, alert_id: int) -> None:
    """From open through investigating to a decision and back, each step on the version before."""
    assert alice.get(f"{ALERTS}/{alert_id}").headers["ETag"] == '"1"'
    steps: list[dict[str, Any]] = [
        {"status": "investigating", "assignee": "alice"},
        {"note": "Called the customer.\nNo answer."},
        {"status": "confirmed_fraud", "assignee": "bob", "note": "They called back."},
        {"status": "open", "assignee": None},
    ]
    state: dict[str, Any] = {"status": "open", "assignee": None}
    for version, step in enumerate(steps, start=1):
        answer = triage(alice, alert_id, version, **step)
        assert answer.status_code == 200, answer.text
        state |= {key: value for key, value in step.items() if key != "note"}
        assert answer.headers["ETag"] == f'"{version + 1}"'
        changed = answer.json()
        assert {key: changed[key] for key in state} == state
        assert changed["version"] == version + 1
        assert changed["triaged_at"] is not None
        assert alice.get(f"{ALERTS}/{alert_id}").json()["status"] == state["status"]
    detail = alice.get(f"{ALERTS}/{alert_id}").json()
    assert [(note["author"], note["text"]) for note in detail["notes"]] == [
        ("alice", "They called back."),
        ("alice", "Called the customer.\nNo answer."),
    ]
    assert [
        (row["version"], row["status_before"], row["status_after"])
        for row in history(alice, alert_id)
    ] == [
        (2, "open", "investigating"),
        (3, "investigating", "investigating"),
        (4, "investigating", "confirmed_fraud"),
        (5, "confirmed_fraud", "open"),
    ]


def test_every_transition_is_allowed_or_refused(alice: httpx.Client, world: World) -> None:
    """Only from one decision straight to the other leads no way, and the refusal says what does."""
    refused = {("confirmed_fraud", "false_positive"), ("false_positive", "confirmed_fraud")}
    for before, after in product(STATUSES, STATUSES):
        (stored,) = world.store_alerts([alert(status=before)])
        answer = triage(alice, stored, 1, status=after)
        if (before, after) in refused:
            assert answer.status_code == 409
            problem = answer.json()
            assert problem["type"] == "urn:finguard:problem:no-such-transition"
            assert problem["current"]["status"] == before
            assert history(alice, stored) == []
        else:
            assert answer.status_code == 200
            assert answer.json()["status"] == after


def test_version_is_required(alice: httpx.Client, alert_id: int) -> None:
    """Without If-Match, or with one that matches anything, nothing is changed."""
    for headers in ({}, {"If-Match": ""}, {"If-Match": "*"}):
        answer = alice.patch(f"{ALERTS}/{alert_id}", json={"status": "open"}, headers=headers)
        assert answer.status_code == 428
        assert answer.json()["type"] == "urn:finguard:problem:version-required"


@pytest.mark.parametrize("etag", ['"0"', '"2"', '"99999999999999999999"', 'W/"1"', "1", '"x"', "é"])
def test_stale_version_is_told_what_stands(alice: httpx.Client, alert_id: int, etag: str) -> None:
    """Any other ETag than the current one changes nothing and gets the current state."""
    headers = httpx.Headers([(b"If-Match", etag.encode("latin-1"))])
    answer = alice.patch(f"{ALERTS}/{alert_id}", json={"status": "investigating"}, headers=headers)
    assert answer.status_code == 412
    assert answer.headers["ETag"] == '"1"'
    problem = answer.json()
    assert problem["type"] == "urn:finguard:problem:stale"
    (item,) = alice.get(ALERTS).json()["items"]
    assert problem["current"] == item


def test_repeated_request_changes_nothing(alice: httpx.Client, world: World, alert_id: int) -> None:
    """A client that missed the answer asks again, and gets the same one; history has it once."""
    change = {"status": "investigating", "assignee": "alice", "note": "Mine."}
    first = triage(alice, alert_id, 1, **change)
    again = triage(alice, alert_id, 1, **change)
    assert first.status_code == again.status_code == 200
    assert first.json() == again.json()
    assert first.headers["ETag"] == again.headers["ETag"]
    assert len(history(alice, alert_id)) == 1
    assert world.query("SELECT count(*) FROM audit_log WHERE action = 'alert.triage'") == [(1,)]


def test_repetition_by_somebody_else_is_stale(alice: httpx.Client, alert_id: int) -> None:
    """The same words from another person are another change, and so are other words."""
    triage(alice, alert_id, 1, note="Looked.").raise_for_status()
    assert triage(alice, alert_id, 1, note="Looked again.").status_code == 412
    sign_in(alice, "bob", PASSWORD)
    assert triage(alice, alert_id, 1, note="Looked.").status_code == 412


def test_what_is_so_already_is_no_change(alice: httpx.Client, alert_id: int) -> None:
    """Asking for the state that stands succeeds and leaves no trace."""
    answer = triage(alice, alert_id, 1, status="open", assignee=None)
    assert (answer.status_code, answer.headers["ETag"]) == (200, '"1"')
    assert history(alice, alert_id) == []


def test_of_two_analysts_one_wins(alice: httpx.Client, world: World) -> None:
    """Of many who saw the same version exactly one changes it, and the others are told so."""
    stored = world.store_alerts([alert() for _ in range(10)])
    people = 6
    for each in stored:
        start = Barrier(people)

        def decide(number: int, each: int = each, start: Barrier = start) -> int:
            start.wait()
            return triage(alice, each, 1, status="investigating", note=f"{number}").status_code

        with ThreadPoolExecutor(people) as threads:
            answers = sorted(threads.map(decide, range(people)))
        assert answers == [200] + [412] * (people - 1)
        assert [row["version"] for row in history(alice, each)] == [2]


def test_crossing_bulk_changes_do_not_block_each_other(alice: httpx.Client, world: World) -> None:
    """Bulk changes that name the same alerts in opposite orders all come through, each once."""
    stored = world.store_alerts([alert() for _ in range(40)])
    items = [{"alert_id": each, "version": 1} for each in stored]

    def decide(number: int) -> list[str]:
        mine = items if number % 2 else items[::-1]
        body = {"items": mine, "status": "investigating", "note": f"{number}"}
        answer = alice.post(f"{ALERTS}/triage", json=body)
        assert answer.status_code == 200, answer.text
        return [result["outcome"] for result in answer.json()["results"]]

    with ThreadPoolExecutor(6) as threads:
        outcomes = list(threads.map(decide, range(6)))
    assert sum(each.count("changed") for each in outcomes) == len(stored)
    assert {outcome for each in outcomes for outcome in each} == {"changed", "stale"}
    for each in stored:
        assert len(history(alice, each)) == 1


def test_bulk_tells_of_each(alice: httpx.Client, world: World) -> None:
    """Each alert has its own outcome, in the request's order, and one does not hold up another."""
    fresh, stale, decided, same = world.store_alerts(
        [alert(), alert(), alert(status="confirmed_fraud"), alert(status="false_positive")]
    )
    triage(alice, stale, 1, note="Mine.").raise_for_status()
    wanted = [(stale, 1), (fresh, 1), (4711, 1), (decided, 1), (same, 1), (fresh, 1), (fresh, 9)]
    body = {
        "items": [{"alert_id": each, "version": version} for each, version in wanted],
        "status": "false_positive",
    }
    results = alice.post(f"{ALERTS}/triage", json=body).raise_for_status().json()["results"]
    assert [(result["alert_id"], result["outcome"]) for result in results] == [
        (stale, "stale"),
        (fresh, "changed"),
        (4711, "missing"),
        (decided, "refused"),
        (same, "unchanged"),
        (fresh, "changed"),
        (fresh, "stale"),
    ]
    assert results[1]["current"]["version"] == 2
    assert results[2]["current"] is None
    assert all(result["detail"] for result in results if result["outcome"] in {"stale", "refused"})
    again = alice.post(f"{ALERTS}/triage", json=body).raise_for_status().json()["results"]
    assert again[1]["outcome"] == "unchanged"
    assert len(history(alice, fresh)) == 1


def test_everything_is_audited(alice: httpx.Client, world: World, alert_id: int) -> None:
    """The audit log has who, what, from what, to what, and the request."""
    answer = alice.patch(
        f"{ALERTS}/{alert_id}",
        json={"status": "investigating", "assignee": "bob", "note": "Yours."},
        headers={"If-Match": '"1"', "X-Request-ID": "request-7"},
    )
    assert answer.status_code == 200
    assert world.query(
        "SELECT actor, subject, before, after, request_id FROM audit_log"
        " WHERE action = 'alert.triage'"
    ) == [
        (
            "alice",
            str(alert_id),
            {"status": "open", "assignee": None, "version": 1},
            {"status": "investigating", "assignee": "bob", "version": 2, "note": "Yours."},
            "request-7",
        )
    ]


def test_viewers_only_read(alice: httpx.Client, world: World, alert_id: int) -> None:
    """A viewer sees history, and is refused every change."""
    world.add_user("guest", PASSWORD, "viewer")
    sign_in(alice, "guest", PASSWORD)
    assert triage(alice, alert_id, 1, status="investigating").status_code == 403
    body = {"items": [{"alert_id": alert_id, "version": 1}], "status": "investigating"}
    assert alice.post(f"{ALERTS}/triage", json=body).status_code == 403
    assert history(alice, alert_id) == []


@pytest.mark.parametrize("assignee", ["nobody", "guest", "gone"])
def test_assignee_must_be_able_to_do_it(
    alice: httpx.Client, world: World, alert_id: int, assignee: str
) -> None:
    """Somebody unknown, a viewer or a disabled user takes no alert."""
    world.add_user("guest", PASSWORD, "viewer")
    world.add_user("gone", PASSWORD, "analyst")
    world.execute("UPDATE users SET disabled = true WHERE username = 'gone'")
    answer = triage(alice, alert_id, 1, assignee=assignee)
    assert answer.status_code == 409
    assert answer.json()["type"] == "urn:finguard:problem:no-such-assignee"
    assert history(alice, alert_id) == []


WRONG_CHANGES: list[Any] = [
    {},
    {"status": None},
    {"note": None},
    {"status": "investigating", "note": None},
    {"status": None, "note": "Called."},
    {"status": "closed"},
    {"note": ""},
    {"note": " \n"},
    {"note": "x" * 2_001},
    {"note": "bell \x07"},
    {"note": "turned \u202e round"},
    {"note": 7},
    {"assignee": "Alice Smith"},
    {"assignee": "alice", "role": "admin"},
    {"version": 7},
    [],
    None,
]


def test_wrong_changes_are_refused(alice: httpx.Client, alert_id: int) -> None:
    """What does not have the form is 422 and changes nothing, alone and in bulk."""
    for change in WRONG_CHANGES:
        answer = alice.patch(f"{ALERTS}/{alert_id}", json=change, headers={"If-Match": '"1"'})
        assert answer.status_code == 422, change
    for items in ([], [{"alert_id": alert_id}], [{"alert_id": alert_id, "version": 0}], [7]):
        body = {"items": items, "status": "open"}
        assert alice.post(f"{ALERTS}/triage", json=body).status_code == 422, items
    many = [{"alert_id": each, "version": 1} for each in range(1, 202)]
    assert alice.post(f"{ALERTS}/triage", json={"items": many, "note": "x"}).status_code == 422
    assert history(alice, alert_id) == []


def test_alerts_that_are_not_there(alice: httpx.Client) -> None:
    """An unknown alert is 404 for its history and for a change."""
    assert alice.get(f"{ALERTS}/4711/history").status_code == 404
    assert triage(alice, 4711, 1, note="x").status_code == 404


def test_history_comes_in_parts(alice: httpx.Client, alert_id: int) -> None:
    """A long history is read on from the last version seen."""
    for version in range(1, 6):
        triage(alice, alert_id, version, note=f"{version}").raise_for_status()
    seen: list[int] = []
    more = True
    while more:
        params = {"limit": 2, "after": seen[-1] if seen else 0}
        part = alice.get(f"{ALERTS}/{alert_id}/history", params=params).json()
        seen += [row["version"] for row in part["items"]]
        more = part["more"]
    assert seen == [2, 3, 4, 5, 6]


def test_history_cannot_be_rewritten(alice: httpx.Client, world: World, alert_id: int) -> None:
    """The database itself refuses to change or drop what an analyst wrote."""
    triage(alice, alert_id, 1, note="Mine.").raise_for_status()
    for statement in (
        "UPDATE triage_history SET note = 'Not mine.'",
        "DELETE FROM triage_history",
        "TRUNCATE triage_history",
    ):
        with pytest.raises(psycopg2.errors.InsufficientPrivilege):
            world.execute(statement)


def test_detector_overwrites_no_decision(alice: httpx.Client, world: World, alert_id: int) -> None:
    """An alert that the detector finds once more stays as the analyst has left it."""
    triage(alice, alert_id, 1, status="confirmed_fraud", assignee="bob").raise_for_status()
    world.execute(
        "INSERT INTO alerts (user_id, transaction_id, rule, rule_version, severity, score, story,"
        " evidence, incident_id, amount, currency, merchant, category, channel, city, country, lat,"
        ' lon, occurred_at, published_at, topic, topic_id, partition, "offset")'
        " SELECT user_id, transaction_id, rule, rule_version, severity, score, story, evidence,"
        " incident_id, amount, currency, merchant, category, channel, city, country, lat, lon,"
        ' occurred_at, published_at, topic, topic_id, partition, "offset" FROM alerts'
        " ON CONFLICT (user_id, transaction_id, rule) DO NOTHING"
    )
    (item,) = alice.get(ALERTS).json()["items"]
    assert (item["status"], item["assignee"], item["version"]) == ("confirmed_fraud", "bob", 2)
