"""The audit log: every entry once, by filter and page, and nothing to be rewritten."""

from typing import Any

import httpx
import psycopg2
import pytest

from finguard.adapters.postgres.audit import AuditEntry, append
from tests.integration.api.world import World

AUDIT = "/api/v1/audit"

ACTIONS = ["user.create", "user.disable", "alert.triage", "dead_letter.replay"]


@pytest.fixture
def entries(client: httpx.Client, world: World) -> list[int]:
    """Ids of forty entries by two people about five things, newest first."""
    with world.cursor() as cursor:
        append(
            cursor,
            [
                AuditEntry(
                    actor=["ann", "cli:root"][number % 2],
                    action=ACTIONS[number % 4],
                    subject=f"thing-{number % 5}",
                    before={"n": number},
                    after=None if number % 3 else {"n": number + 1},
                    request_id=f"request-{number}",
                )
                for number in range(40)
            ],
        )
    found = world.query("SELECT audit_id FROM audit_log WHERE actor <> 'api:start'")
    assert client.headers["Authorization"]
    return sorted((audit_id for (audit_id,) in found), reverse=True)


def listed(client: httpx.Client, **params: Any) -> list[dict[str, Any]]:  # noqa: ANN401 - any parameter
    """All pages."""
    items: list[dict[str, Any]] = []
    while True:
        answer = client.get(AUDIT, params=params)
        assert answer.status_code == 200, answer.text
        items += answer.json()["items"]
        if answer.json()["next_cursor"] is None:
            return items
        params["cursor"] = answer.json()["next_cursor"]


def test_pages_hold_every_entry_once(client: httpx.Client, entries: list[int]) -> None:
    """Newest first, whatever the page's size, and also while further entries arrive."""
    for limit in (1, 7, 39, 40, 200):
        assert entries == [
            item["audit_id"] for item in listed(client, limit=limit) if item["actor"] != "api:start"
        ]


def test_entry_says_who_changed_what_when(client: httpx.Client, entries: list[int]) -> None:
    """Actor, action, subject, before, after, request and time, as they were written."""
    newest, oldest = (
        item for item in listed(client) if item["audit_id"] in {entries[0], entries[-1]}
    )
    assert oldest.pop("at") <= newest["at"]
    assert oldest == {
        "audit_id": entries[-1],
        "actor": "ann",
        "action": "user.create",
        "subject": "thing-0",
        "before": {"n": 0},
        "after": {"n": 1},
        "request_id": "request-0",
    }


@pytest.mark.parametrize(
    ("params", "count"),
    [
        ({"actor": "ann"}, 20),
        ({"actor": "cli:root"}, 20),
        ({"action": "alert.triage"}, 10),
        ({"action": "user"}, 21),
        ({"action": "dead_letter"}, 10),
        ({"action": "use"}, 0),
        ({"subject": "thing-3"}, 8),
        ({"action": "user", "actor": "ann", "subject": "thing-3"}, 2),
        ({"from": "2026-01-01T00:00:00Z", "actor": "ann"}, 20),
        ({"to": "2026-01-01T00:00:00Z"}, 0),
        ({"actor": "' OR 1=1 --"}, 0),
    ],
)
def test_filters_are_exact(
    client: httpx.Client, entries: list[int], params: dict[str, str], count: int
) -> None:
    """Each filter and all together leave what matches, as the first user's creation does."""
    assert entries
    assert count == len(listed(client, limit=3, **params))


def test_start_of_the_api_is_audited(client: httpx.Client) -> None:
    """The first user did not make themselves."""
    ((created),) = listed(client)
    assert ("api:start", "user.create", "admin") == (
        created["actor"],
        created["action"],
        created["subject"],
    )


@pytest.mark.parametrize(
    "statement", ["UPDATE audit_log SET actor = 'x'", "DELETE FROM audit_log", "TRUNCATE audit_log"]
)
def test_nobody_rewrites_the_log(world: World, entries: list[int], statement: str) -> None:
    """The table itself refuses, whoever asks."""
    with pytest.raises(psycopg2.errors.InsufficientPrivilege, match="append-only"):
        world.execute(statement)
    assert len(entries) == 40


@pytest.mark.parametrize(
    ("where", "index"),
    [
        ("actor = 'ann'", "audit_log_by_actor"),
        ("action = 'user.create'", "audit_log_by_action"),
        ("split_part(action, '.', 1) = 'user' AND subject = 'thing-3'", "audit_log_by_subject"),
        ("at < '2000-01-01'", "audit_log_by_time"),
    ],
)
def test_filters_have_an_index(world: World, entries: list[int], where: str, index: str) -> None:
    """The planner knows a way to each that does not read the whole table."""
    assert entries
    with world.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off")
        cursor.execute(f"EXPLAIN SELECT audit_id FROM audit_log WHERE {where}")  # noqa: S608 - ours
        assert index in str(cursor.fetchall())
