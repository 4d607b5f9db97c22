"""Suppressions: what they mark and keep quiet, until when, by whom, and that nothing is lost."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from threading import Barrier
from typing import Any

import httpx
import psycopg2
import pytest
from psycopg2.extras import execute_values

from finguard.adapters.postgres.queries import named_queries
from tests.integration.api.detecting import Detector, Found, detector
from tests.integration.api.following import following
from tests.integration.api.listed import ALERTS
from tests.integration.api.serving import sign_in
from tests.integration.api.world import NOON, World, alert

PATH = "/api/v1/users/u-1/suppressions"
PASSWORD = "correct horse"

ALLOW: dict[str, Any] = {"kind": "allow", "reason": "Their own company."}


@pytest.fixture
def alice(api: httpx.Client, world: World) -> httpx.Client:
    """A client of the API that has signed in as an analyst; there is a viewer as well."""
    world.add_user("alice", PASSWORD, "analyst")
    world.add_user("vera", PASSWORD, "viewer")
    sign_in(api, "alice", PASSWORD)
    return api


def in_future(**time: float) -> str:
    """So long from now."""
    return (datetime.now(UTC) + timedelta(**time)).isoformat()


def add(client: httpx.Client, path: str = PATH, **fields: object) -> dict[str, Any]:
    """Add a suppression."""
    answer = client.post(path, json={**ALLOW, **fields})
    assert answer.status_code == 201, answer.text
    entry: dict[str, Any] = answer.json()
    return entry


def marks(world: World) -> list[tuple[str, str, int | None]]:
    """User, rule and suppression of all alerts, in the order in which they were stored."""
    return world.query("SELECT user_id, rule, suppressed_by FROM alerts ORDER BY alert_id")


def test_entry_marks_what_it_says(alice: httpx.Client, world: World) -> None:
    """Alerts of its customer and rule from then on, also many in one batch, and no others."""
    with detector(world.dsn) as detecting:
        detecting.store(Found("u-1", "velocity"))
        entry = add(alice, rule="velocity")
        others = add(alice, "/api/v1/users/u-2/suppressions")
        detecting.store(
            Found("u-1", "velocity"),
            Found("u-1", "high_value"),
            Found("u-2", "high_value"),
            Found("u-2", "velocity"),
            Found("u-3", "velocity"),
        )
    one, other = entry["suppression_id"], others["suppression_id"]
    assert marks(world) == [
        ("u-1", "velocity", None),
        ("u-1", "velocity", one),
        ("u-1", "high_value", None),
        ("u-2", "high_value", other),
        ("u-2", "velocity", other),
        ("u-3", "velocity", None),
    ]


def test_oldest_entry_is_named(alice: httpx.Client, world: World) -> None:
    """Where several count, an alert names the first of them, and the next once that has gone."""
    first = add(alice, rule="velocity")["suppression_id"]
    second = add(alice)["suppression_id"]
    with detector(world.dsn) as detecting:
        detecting.store(Found(rule="velocity"))
        alice.delete(f"{PATH}/{first}").raise_for_status()
        detecting.store(Found(rule="velocity"))
    assert [mark for *_, mark in marks(world)] == [first, second]


def test_withdrawn_entry_counts_no_longer_and_stays(alice: httpx.Client, world: World) -> None:
    """What it has marked stays marked; it is listed as withdrawn, and by whom."""
    entry = add(alice)
    with detector(world.dsn) as detecting:
        detecting.store(Found())
        withdrawn = alice.delete(f"{PATH}/{entry['suppression_id']}")
        detecting.store(Found())
    assert [mark for *_, mark in marks(world)] == [entry["suppression_id"], None]
    assert withdrawn.status_code == 200
    changed = withdrawn.json()
    assert (changed["state"], changed["withdrawn_by"]) == ("withdrawn", "alice")
    assert alice.get(PATH).json() == {"items": [changed], "next_cursor": None}
    assert alice.get("/api/v1/users/u-1").json()["suppressions"] == []


def brief_entry(client: httpx.Client, world: World, detecting: Detector) -> int:
    """One that soon expires, and has marked the only alert there is."""
    for lasting_s in (0.7, 3.0, 12.0, 48.0):
        fields = {"kind": "snooze", "expires_at": in_future(seconds=lasting_s)}
        answer = client.post(PATH, json={**ALLOW, **fields})
        detecting.store(Found())
        # On a busy machine it may have been over by then.
        if answer.status_code == 201 and marks(world)[-1][2] is not None:
            entry: int = answer.json()["suppression_id"]
            return entry
        world.execute("DELETE FROM alerts")
    raise AssertionError("no alert was stored in time")


def test_expiry_ends_an_entry(alice: httpx.Client, world: World) -> None:
    """Of alerts that are stored all the while, those before the end are marked and no others."""
    with detector(world.dsn) as detecting:
        entry = brief_entry(alice, world, detecting)
        path = f"{PATH}/{entry}"
        while alice.get(path).json()["state"] == "active":
            detecting.store(Found())
        detecting.store(Found())
    rows = world.query(
        "SELECT a.suppressed_by IS NOT NULL, a.detected_at < s.expires_at"
        " FROM alerts AS a CROSS JOIN suppressions AS s WHERE s.suppression_id = %s",
        entry,
    )
    assert all(is_marked == is_before for is_marked, is_before in rows)
    assert {is_marked for is_marked, _ in rows} == {True, False}
    # A withdrawal comes too late, and so does nothing; a new one of its kind has room.
    assert alice.delete(path).json()["state"] == "expired"
    assert alice.post(PATH, json={**ALLOW, "expires_at": None}).status_code == 201


END = "2026-03-01 13:00:00+00"


@pytest.mark.parametrize(
    ("stored_at", "is_marked"),
    [
        ("2026-03-01 12:59:59.999999+00", True),
        (END, False),
        ("2026-03-01 13:00:00.000001+00", False),
    ],
)
def test_the_end_itself_is_outside(world: World, stored_at: str, *, is_marked: bool) -> None:
    """An entry counts up to its end and not at it, to the microsecond."""
    world.execute(
        "INSERT INTO suppressions (user_id, kind, reason, created_at, created_by, expires_at)"
        " VALUES ('u-1', 'snooze', 'r', '2026-03-01 12:00:00+00', 'alice', %s)",
        END,
    )
    sql = named_queries("ledger.sql")["insert_alerts"]
    clock = f"timestamptz '{stored_at}'"
    row = {**alert(), "evidence": "{}"}
    del row["status"]
    with world.cursor() as cursor:
        execute_values(cursor, sql.replace("clock_timestamp()", clock), [tuple(row.values())])
    assert world.query("SELECT suppressed_by IS NOT NULL, detected_at FROM alerts") == [
        (is_marked, datetime.fromisoformat(stored_at))
    ]


def test_redelivery_changes_no_mark(alice: httpx.Client, world: World) -> None:
    """An alert that is judged again keeps what it had, whatever counts by then."""
    with detector(world.dsn) as detecting:
        before = detecting.store(Found())
        entry = add(alice)
        marked = detecting.store(Found())
        detecting.store_again(before)
        alice.delete(f"{PATH}/{entry['suppression_id']}")
        detecting.store_again(marked)
    assert [mark for *_, mark in marks(world)] == [None, entry["suppression_id"]]


def test_suppressed_alerts_are_listed_as_such(alice: httpx.Client, world: World) -> None:
    """The mark is in lists, details and exports; lists have all, or only one sort when asked."""
    entry = add(alice, rule="velocity")["suppression_id"]
    with detector(world.dsn) as detecting:
        detecting.store(Found(rule="velocity"), Found(rule="high_value"))

    def listed(**params: Any) -> list[tuple[str, int | None]]:  # noqa: ANN401 - any parameter
        items = alice.get(ALERTS, params=params).raise_for_status().json()["items"]
        return sorted((item["rule"], item["suppressed_by"]) for item in items)

    loud, quiet = ("high_value", None), ("velocity", entry)
    assert listed() == [loud, quiet]
    for filters in ({}, {"status": "open"}, {"user_id": "u-1"}, {"sort": "score"}):
        assert listed(suppressed="true", **filters) == [quiet], filters
        assert listed(suppressed="false", **filters) == [loud], filters
    (item,) = alice.get(ALERTS, params={"suppressed": "true"}).json()["items"]
    detail = alice.get(f"{ALERTS}/{item['alert_id']}").json()
    assert detail["suppressed_by"] == entry
    export = alice.get(f"{ALERTS}/export", params={"suppressed": "true"}).text.splitlines()
    assert [line.rpartition(",")[2] for line in export] == ["suppressed_by", str(entry)]


def test_suppressed_alerts_are_not_announced(alice: httpx.Client, world: World) -> None:
    """The stream leaves new ones out unless asked; what a person makes of one is told to all."""
    add(alice, rule="velocity")
    everything = {"suppressed": "true"}
    with (
        following(alice) as follower,
        following(alice, params=everything) as listener,
        detector(world.dsn) as detecting,
    ):
        detecting.store(Found(rule="velocity"))
        detecting.store(Found(rule="high_value"))
        (quiet,), (loud,) = world.query("SELECT alert_id FROM alerts ORDER BY alert_id")
        listener.await_events(2)
        follower.await_events(1)
        change = {"status": "investigating"}
        alice.patch(f"{ALERTS}/{quiet}", json=change, headers={"If-Match": '"1"'})
        heard = [event.what for event in listener.await_events(3)]
        assert heard == [("created", quiet), ("created", loud), ("changed", quiet)]
        assert listener.events[0].data["suppressed_by"] is not None
        seen = [event.what for event in follower.await_events(2)]
        assert seen == [("created", loud), ("changed", quiet)]


def test_suppressed_alerts_count(alice: httpx.Client, world: World) -> None:
    """Statistics say what was found: all numbers are those without any suppression."""
    add(alice, rule="velocity")
    with detector(world.dsn) as detecting:
        detecting.store(Found(rule="velocity"), Found(rule="high_value"), Found("u-2", "velocity"))
    span = {"from": NOON.isoformat(), "to": (NOON + timedelta(days=1)).isoformat()}
    summary = alice.get("/api/v1/stats/summary", params=span).raise_for_status().json()
    assert summary["by_rule"] == {"high_value": 1, "velocity": 2}
    assert summary["alerts"] == summary["open_alerts"] == 3
    counts = alice.get("/api/v1/users/u-1").json()["alerts"]
    assert (counts["total"], counts["open"], counts["suppressed"]) == (2, 2, 1)


def test_repeated_request_adds_nothing(alice: httpx.Client, world: World) -> None:
    """A client that missed the answer asks again, and gets the same entry; the log has it once."""
    new = {**ALLOW, "kind": "snooze", "expires_at": in_future(hours=1)}
    first, again = (alice.post(PATH, json=new) for _ in range(2))
    assert (first.status_code, again.status_code) == (201, 200)
    assert first.json() == again.json()
    assert first.headers["Location"] == again.headers["Location"]
    assert world.query("SELECT count(*) FROM suppressions") == [(1,)]
    assert world.query("SELECT count(*) FROM audit_log WHERE action ~ '^suppression'") == [(1,)]


@pytest.mark.parametrize("change", [{"reason": "another"}, {"expires_at": "2000-01-01T00:00:00Z"}])
def test_another_of_its_kind_is_refused(alice: httpx.Client, change: dict[str, str]) -> None:
    """One active entry a kind and rule; the refusal shows it. Other kinds and rules have room."""
    entry = add(alice)
    answer = alice.post(PATH, json={**ALLOW, **change})
    assert answer.status_code == 409
    assert answer.json()["type"] == "urn:finguard:problem:suppression-exists"
    assert answer.json()["current"] == entry
    add(alice, rule="velocity")
    add(alice, kind="snooze", expires_at=in_future(days=1))
    assert len(alice.get("/api/v1/users/u-1").json()["suppressions"]) == 3


@pytest.mark.parametrize(
    ("kind", "days"), [("snooze", -1), ("snooze", 91), ("allow", -0.01), ("allow", 1_831)]
)
def test_end_lies_within_bounds(alice: httpx.Client, kind: str, days: float) -> None:
    """Neither in the past nor beyond what somebody would still remember."""
    new = {**ALLOW, "kind": kind, "expires_at": in_future(days=days)}
    answer = alice.post(PATH, json=new)
    assert answer.status_code == 409
    assert answer.json()["type"] == "urn:finguard:problem:expiry-out-of-bounds"
    assert alice.get(PATH).json()["items"] == []


@pytest.mark.parametrize(
    "change",
    [
        {"kind": "snooze"},
        {"kind": "snooze", "expires_at": None},
        {"kind": "block"},
        {"kind": None},
        {"rule": "no_such_rule"},
        {"rule": ""},
        {"reason": ""},
        {"reason": " \u2003 "},
        {"reason": "two\nlines"},
        {"reason": "\u202e"},
        {"reason": "x" * 501},
        {"expires_at": "tomorrow"},
        {"expires_at": 1_900_000_000},
        {"created_by": "somebody"},
    ],
)
def test_what_is_no_suppression_is_refused(alice: httpx.Client, change: dict[str, object]) -> None:
    """A snooze without an end, unknown rules, no reason, and fields that nobody asked for."""
    assert alice.post(PATH, json={**ALLOW, **change}).status_code == 422


def test_reason_is_required(alice: httpx.Client) -> None:
    """Nobody is kept quiet without saying why."""
    assert alice.post(PATH, json={"kind": "allow"}).status_code == 422


def test_many_at_once_add_one(alice: httpx.Client, world: World) -> None:
    """Of requests at the same moment one adds, and the others find its entry."""
    barrier = Barrier(6)

    def ask(number: int) -> int:
        barrier.wait()
        return alice.post(PATH, json={**ALLOW, "reason": f"{number % 2}"}).status_code

    with ThreadPoolExecutor(6) as pool:
        statuses = sorted(pool.map(ask, range(6)))
    assert statuses == [200, 200, 201, 409, 409, 409]
    assert world.query("SELECT count(*) FROM suppressions") == [(1,)]


def test_many_at_once_withdraw_once(alice: httpx.Client, world: World) -> None:
    """All get the same answer, and the log says it once."""
    path = f"{PATH}/{add(alice)['suppression_id']}"
    barrier = Barrier(6)

    def ask(_: int) -> httpx.Response:
        barrier.wait()
        return alice.delete(path)

    with ThreadPoolExecutor(6) as pool:
        answers = list(pool.map(ask, range(6)))
    assert {answer.status_code for answer in answers} == {200}
    assert len({answer.text for answer in answers}) == 1
    assert world.query("SELECT count(*) FROM audit_log WHERE action = 'suppression.withdraw'") == [
        (1,)
    ]


def test_changes_are_audited(alice: httpx.Client, world: World) -> None:
    """Who added and withdrew it, with everything that it says, under the request's id."""
    headers = {"X-Request-ID": "some-request"}
    new = {**ALLOW, "rule": "velocity"}
    entry = alice.post(PATH, json=new, headers=headers).json()
    alice.delete(f"{PATH}/{entry['suppression_id']}")
    (added, withdrawn) = world.query(
        "SELECT actor, action, subject, before, after, request_id FROM audit_log"
        " WHERE action ~ '^suppression' ORDER BY audit_id"
    )
    said = {"user_id": "u-1", "expires_at": None, "withdrawn_at": None, **new}
    subject = str(entry["suppression_id"])
    assert added == ("alice", "suppression.add", subject, None, said, "some-request")
    assert withdrawn[:4] == ("alice", "suppression.withdraw", subject, said)
    assert withdrawn[4]["withdrawn_at"] is not None


def test_viewers_read_and_no_more(alice: httpx.Client) -> None:
    """Who may not decide about alerts may not keep them quiet, and sees who does."""
    entry = add(alice)
    sign_in(alice, "vera", PASSWORD)
    path = f"{PATH}/{entry['suppression_id']}"
    assert alice.post(PATH, json=ALLOW).status_code == 403
    assert alice.delete(path).status_code == 403
    assert alice.get(path).json() == entry
    assert alice.get(PATH).json()["items"] == [entry]
    assert alice.get("/api/v1/users/u-1").json()["suppressions"] == [entry]


def test_entry_belongs_to_its_customer(alice: httpx.Client) -> None:
    """By another customer's path an entry is neither found nor withdrawn."""
    entry = add(alice)
    elsewhere = f"/api/v1/users/u-2/suppressions/{entry['suppression_id']}"
    for answer in (alice.get(elsewhere), alice.delete(elsewhere), alice.get(f"{PATH}/999999")):
        assert answer.status_code == 404
        assert answer.json()["type"] == "urn:finguard:problem:no-such-suppression"
    assert alice.get(f"{PATH}/{entry['suppression_id']}").json() == entry
    assert alice.get("/api/v1/users/u-2/suppressions").json()["items"] == []


def test_history_comes_in_pages(alice: httpx.Client) -> None:
    """Newest first, each once, whatever their state."""
    ids = []
    for _ in range(5):
        ids.append(add(alice)["suppression_id"])
        alice.delete(f"{PATH}/{ids[-1]}")
    seen, params = [], {"limit": 2}
    while True:
        page = alice.get(PATH, params=params).json()
        seen += [item["suppression_id"] for item in page["items"]]
        if page["next_cursor"] is None:
            break
        params["cursor"] = page["next_cursor"]
    assert seen == ids[::-1]


@pytest.mark.parametrize(
    "statement",
    [
        "DELETE FROM suppressions",
        "TRUNCATE suppressions",
        "UPDATE suppressions SET reason = 'another'",
        "UPDATE suppressions SET expires_at = now() + interval '1 day'",
        "UPDATE suppressions SET withdrawn_at = NULL, withdrawn_by = NULL",
        "UPDATE alerts SET suppressed_by = NULL",
    ],
)
def test_nobody_rewrites_what_was_said(alice: httpx.Client, world: World, statement: str) -> None:
    """Neither entries nor marks change, whatever program tries."""
    alice.delete(f"{PATH}/{add(alice)['suppression_id']}")
    with pytest.raises(psycopg2.errors.InsufficientPrivilege):
        world.execute(statement)
