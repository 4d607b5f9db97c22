"""Export: the same alerts as the list, as a file that no spreadsheet can be tricked with."""

import csv
import json
from contextlib import ExitStack
from io import StringIO
from random import Random

import httpx
import pytest

from finguard.api.database import MAX_EXPORTS
from finguard.api.export import PART
from tests.integration.api.listed import listed
from tests.integration.api.test_alert_lists import FILTERS, SORTS, various
from tests.integration.api.world import World, alert
from tests.patience import wait_for

PATH = "/api/v1/alerts/export"

FILL = """
INSERT INTO alerts (
  user_id, transaction_id, rule, rule_version, severity, score, story, evidence, incident_id,
  amount, currency, merchant, category, channel, city, country, lat, lon, occurred_at,
  published_at, topic, topic_id, partition, "offset"
)
SELECT 'u-' || n, 't-' || n, 'velocity', 1, 'low', 1, repeat('x', 1500), '{}', 't', 1, 'USD', 'm',
  'c', 'online', 'c', 'DE', 0, 0, now(), now(), 't', 't', 0, n
FROM generate_series(1, %s) AS n
"""


def test_exports_are_the_list(client: httpx.Client, world: World) -> None:
    """In both formats and every order come exactly the alerts of the list, with all its fields."""
    world.store_alerts(various(Random(5), 60))  # noqa: S311 - a reproducible test
    items = {
        item["alert_id"]: item for item in client.get("/api/v1/alerts?limit=200").json()["items"]
    }
    for (params, _), sort in zip(FILTERS, SORTS * len(FILTERS), strict=False):
        ids = listed(client, sort=sort, **params)
        answer = client.get(PATH, params={**params, "sort": sort, "format": "jsonl"})
        assert [json.loads(line) for line in answer.text.splitlines()] == [items[i] for i in ids]
        table = client.get(PATH, params={**params, "sort": sort})
        header, *rows = csv.reader(StringIO(table.text, newline=""))
        assert set(header) == {*items[next(iter(items))]}
        assert [int(row[header.index("alert_id")]) for row in rows] == ids


def test_files_say_what_they_are(client: httpx.Client, world: World) -> None:
    """Media type and name fit the format; no alerts are an empty file, with a header in CSV."""
    for form, media_type in (("csv", "text/csv; charset=utf-8"), ("jsonl", "application/jsonl")):
        answer = client.get(PATH, params={"format": form})
        assert answer.headers["Content-Type"] == media_type
        assert answer.headers["Content-Disposition"] == f'attachment; filename="alerts.{form}"'
        assert answer.text.count("\n") == (form == "csv")
    world.store_alerts([alert(), alert()])
    assert client.get(PATH, params={"limit": 1}).text.count("\r\n") == 2


@pytest.mark.parametrize("begin", ["=", "+", "-", "@", "\t", "\r", "\n", "\uff1d", "\uff20"])
def test_no_cell_is_a_formula(client: httpx.Client, world: World, begin: str) -> None:
    """A text that a spreadsheet would run stands behind an apostrophe; numbers stay numbers."""
    text = f'{begin}HYPERLINK("http://evil.example";"a,b\r\n=1+1")'
    world.store_alerts([alert(merchant=text, city=text, story=text, user_id=text, lat=-1.5)])
    answer = client.get(PATH)
    (row,) = csv.DictReader(StringIO(answer.text, newline=""))
    for name in ("merchant", "city", "story", "user_id"):
        assert row[name] == f"'{text}"
    assert row["lat"] == "-1.5"
    assert row["assignee"] == ""
    exported = json.loads(client.get(PATH, params={"format": "jsonl"}).text)
    assert exported["merchant"] == text


def test_long_exports_come_in_parts(client: httpx.Client, world: World) -> None:
    """A file of many parts is complete, and holds one moment whatever is stored meanwhile."""
    count = 3 * PART + 7
    world.execute(FILL, count)
    with client.stream("GET", PATH, params={"format": "jsonl"}) as answer:
        lines = answer.iter_lines()
        seen = [json.loads(next(lines))["alert_id"]]
        world.store_alerts([alert() for _ in range(5)])
        world.execute("UPDATE alerts SET status = 'false_positive', version = 2")
        rest = [json.loads(line) for line in lines]
    seen += [item["alert_id"] for item in rest]
    assert len(seen) == len(set(seen)) == count
    assert {item["status"] for item in rest} == {"open"}


def test_exports_do_not_crowd_out(client: httpx.Client, world: World) -> None:
    """Beyond a few at a time exports are told to wait; who leaves makes room for the next."""
    world.execute(FILL, 20_000)
    with ExitStack() as opened:
        for _ in range(MAX_EXPORTS):
            opened.enter_context(client.stream("GET", PATH, params={"format": "jsonl"}))
        refused = client.get(PATH)
        assert refused.status_code == 503
        assert refused.headers["Retry-After"]
        assert client.get("/api/v1/alerts").status_code == 200
    wait_for(lambda: client.get(PATH, params={"limit": 1}).status_code == 200, "room")


def test_broken_export_does_not_look_whole(client: httpx.Client, world: World) -> None:
    """Where PostgreSQL ends the session midway, the transfer breaks off instead of just ending."""
    world.execute(FILL, 20_000)
    with client.stream("GET", PATH, params={"format": "jsonl"}) as answer:
        lines = answer.iter_lines()
        next(lines)
        world.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE application_name = 'finguard-api' AND datname = current_database()"
        )
        with pytest.raises(httpx.RemoteProtocolError):
            list(lines)


def test_wrong_parameters_are_refused(client: httpx.Client) -> None:
    """An unknown format, a limit beyond the largest, or a cursor, which exports have none of."""
    for params in ({"format": "xlsx"}, {"limit": 1_000_001}, {"limit": 0}, {"cursor": "x"}):
        assert client.get(PATH, params=params).status_code == 422
