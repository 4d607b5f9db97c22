"""Lists of alerts: every filter in every order, whatever happens meanwhile, and never slowly."""

from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from itertools import product
from random import Random
from threading import Event, Thread
from typing import Any, get_args

import httpx
import pytest

from finguard.adapters.postgres import alerts
from finguard.adapters.postgres.alerts import AlertFilter, Position, Sort
from finguard.adapters.postgres.queries import named_queries
from finguard.api.alert_outputs import AlertPage
from tests.integration.api.listed import ALERTS, listed
from tests.integration.api.world import NOON, Alert, World, alert

HOUR = timedelta(hours=1)

SORTS: tuple[Sort, ...] = get_args(Sort)

Params = dict[str, Any]
Wanted = Callable[[Alert], bool]


def various(random: Random, count: int) -> list[Alert]:
    """Alerts that differ in everything that can be filtered by, many of them at equal places."""
    return [
        alert(
            rule=random.choice(["high_value", "velocity", "impossible_travel"]),
            severity=random.choice(["low", "medium", "high"]),
            status=random.choice(["open", "investigating", "confirmed_fraud", "false_positive"]),
            user_id=random.choice(["u-1", "u-2", "user with spaces", "пользователь"]),
            country=random.choice(["DE", "TR", "US", "FR", "GB", "IT", "ES"]),
            currency=random.choice(["EUR", "USD"]),
            amount=random.choice([Decimal("9.99"), Decimal("0.0001"), Decimal(250), Decimal(9000)]),
            assignee=random.choice([None, "alice", "bob"]),
            suppressed_by=random.choice([None, None, 7]),
            merchant=random.choice(["Corner Books", "Café Zoë", "O'Brien \\ Sons"]),
            city=random.choice(["Berlin", "İstanbul", "New York"]),
            story="8,065 km after Lyon",
            evidence=random.choice([{}, compared("Osaka 8,065"), compared("São Paulo")]),
            score=random.choice([0, 40, 60, 100]),
            occurred_at=NOON + random.randrange(48) * HOUR,
        )
        for _ in range(count)
    ]


def compared(city: str) -> dict[str, object]:
    """Evidence that names another city, as deep in it as a rule likes."""
    return {"journeys": [{"compared_with": {"city": city, "country": "XX"}}]}


FILTERS: list[tuple[Params, Wanted]] = [
    ({}, lambda _: True),
    ({"rule": "velocity"}, lambda row: row["rule"] == "velocity"),
    ({"rule": ["velocity", "high_value"]}, lambda row: row["rule"] != "impossible_travel"),
    ({"rule": "no_such_rule"}, lambda _: False),
    ({"severity": "high"}, lambda row: row["severity"] == "high"),
    ({"severity": ["low", "medium"]}, lambda row: row["severity"] != "high"),
    ({"status": "false_positive"}, lambda row: row["status"] == "false_positive"),
    ({"country": ["DE", "TR"]}, lambda row: row["country"] in {"DE", "TR"}),
    ({"country": ["DE", "DE"]}, lambda row: row["country"] == "DE"),
    ({"severity": ["low", "high", "low"]}, lambda row: row["severity"] != "medium"),
    ({"currency": ["EUR", "USD", "EUR"]}, lambda _: True),
    (
        {"country": ["DE", "TR", "US", "FR", "GB", "IT"]},
        lambda row: row["country"] != "ES",
    ),
    ({"currency": "EUR"}, lambda row: row["currency"] == "EUR"),
    ({"user_id": "u-1"}, lambda row: row["user_id"] == "u-1"),
    ({"user_id": "user with spaces"}, lambda row: row["user_id"] == "user with spaces"),
    ({"user_id": "пользователь"}, lambda row: row["user_id"] == "пользователь"),
    ({"user_id": "%"}, lambda _: False),
    ({"assignee": "alice"}, lambda row: row["assignee"] == "alice"),
    ({"assigned": "true"}, lambda row: row["assignee"] is not None),
    ({"assigned": "false"}, lambda row: row["assignee"] is None),
    ({"suppressed": "true"}, lambda row: row["suppressed_by"] == 7),
    ({"suppressed": "false"}, lambda row: row["suppressed_by"] is None),
    (
        {"suppressed": "false", "status": "open"},
        lambda row: row["suppressed_by"] is None and row["status"] == "open",
    ),
    ({"min_score": 60}, lambda row: row["score"] >= 60),
    ({"max_score": 0}, lambda row: row["score"] == 0),
    ({"min_score": 0}, lambda _: True),
    ({"min_amount": "250"}, lambda row: row["amount"] >= 250),
    ({"max_amount": "0.0001"}, lambda row: row["amount"] == Decimal("0.0001")),
    ({"min_amount": "9.99", "max_amount": "250"}, lambda row: 9 < row["amount"] < 251),
    ({"from": "2026-03-02T00:00:00Z"}, lambda row: row["occurred_at"] >= NOON + 12 * HOUR),
    ({"to": "2026-03-02T02:00:00+02:00"}, lambda row: row["occurred_at"] < NOON + 12 * HOUR),
    ({"text": "corner"}, lambda row: row["merchant"] == "Corner Books"),
    ({"text": "BOOK"}, lambda row: row["merchant"] == "Corner Books"),
    ({"text": "book corner"}, lambda _: False),
    ({"text": "ooks"}, lambda _: False),
    ({"text": "06"}, lambda _: False),
    ({"text": "zoë café"}, lambda row: row["merchant"] == "Café Zoë"),
    ({"text": "o'brien \\ sons'"}, lambda row: row["merchant"].startswith("O'B")),
    ({"text": "lyon"}, lambda _: False),
    ({"text": "paulo"}, lambda row: row["evidence"] == compared("São Paulo")),
    (
        {"text": "york 065"},
        lambda row: row["city"] == "New York" and row["evidence"] == compared("Osaka 8,065"),
    ),
    ({"text": "u-2"}, lambda row: row["user_id"] == "u-2"),
    ({"text": "пользов"}, lambda row: row["user_id"] == "пользователь"),
    ({"text": "!&|:*()<->"}, lambda _: False),
]


def both(one: tuple[Params, Wanted], other: tuple[Params, Wanted]) -> tuple[Params, Wanted]:
    """Two filters at once; of the same one, the second."""
    if one[0].keys() & other[0].keys():
        return other
    return {**one[0], **other[0]}, lambda row: one[1](row) and other[1](row)


def in_order(row: Alert, alert_id: int, sort: Sort) -> tuple[Any, ...]:
    """What Python sorts a list by, lowest first."""
    time = row["occurred_at"].timestamp()
    places: dict[Sort, tuple[Any, ...]] = {
        "newest": (-time, -alert_id),
        "oldest": (time, alert_id),
        "score": (-row["score"], -time, -alert_id),
        "amount": (-row["amount"], -alert_id),
    }
    return places[sort]


def expected(stored: dict[int, Alert], wanted: Wanted, sort: Sort) -> list[int]:
    """Ids of the wanted alerts in order, as Python sees it."""
    ids = [alert_id for alert_id, row in stored.items() if wanted(row)]
    return sorted(ids, key=lambda alert_id: in_order(stored[alert_id], alert_id, sort))


def test_every_filter_selects_what_it_says(client: httpx.Client, world: World) -> None:
    """Each filter in each order, and pairs of filters, give what filtering in Python gives."""
    random = Random(5)  # noqa: S311 - a reproducible test
    rows = various(random, 400)
    stored = dict(zip(world.store_alerts(rows), rows, strict=True))
    pairs = [both(*random.sample(FILTERS, 2)) for _ in range(100)]
    sound = [pair for pair in pairs if client.get(ALERTS, params=pair[0]).status_code == 200]
    assert len(sound) > 80
    for (params, wanted), sort in product([*FILTERS, *sound], SORTS):
        matching = expected(stored, wanted, sort)
        assert listed(client, limit=97, sort=sort, **params) == matching, (params, sort)


def test_a_page_is_written_as_its_model_writes_it(client: httpx.Client, world: World) -> None:
    """To the letter, although no model is made of the rows."""
    world.store_alerts(various(Random(6), 200))  # noqa: S311 - a reproducible test
    page = client.get(ALERTS, params={"limit": 150}).text
    assert AlertPage.model_validate_json(page).model_dump_json() == page


@pytest.mark.parametrize("sort", SORTS)
@pytest.mark.parametrize("status", [None, "open"])
def test_pages_stay_right_while_alerts_arrive_and_change(
    client: httpx.Client, world: World, sort: Sort, status: str | None
) -> None:
    """In no order does an alert come twice or out of place while others are stored and triaged.

    And all come that were there at the first page and match to the end.
    """
    random = Random(7)  # noqa: S311 - a reproducible test
    rows = various(random, 200)
    stored = dict(zip(world.store_alerts(rows), rows, strict=True))
    others = [alert_id for alert_id, row in stored.items() if row["status"] == "false_positive"]
    done = Event()

    def disturb() -> None:
        while not done.is_set():
            world.store_alerts(various(random, 5))
            world.execute(
                "UPDATE alerts SET status = 'investigating', version = version + 1"
                " WHERE alert_id = %s",
                random.choice(others),
            )

    disturber = Thread(target=disturb)
    disturber.start()
    try:
        filters = {"status": status} if status else {}
        seen = listed(client, sort=sort, limit=7, **filters)
    finally:
        done.set()
        disturber.join()
    wanted = expected(stored, lambda row: status is None or row["status"] == status, sort)
    assert len(set(seen)) == len(seen)
    assert [alert_id for alert_id in seen if alert_id in set(wanted)] == wanted


def test_cursor_belongs_to_its_order(client: httpx.Client, world: World) -> None:
    """A cursor of one order is refused in another rather than giving nonsense."""
    world.store_alerts([alert(), alert()])
    cursor = client.get(ALERTS, params={"limit": 1, "sort": "score"}).json()["next_cursor"]
    assert client.get(ALERTS, params={"sort": "score", "cursor": cursor}).status_code == 200
    for sort in {*SORTS} - {"score"}:
        assert client.get(ALERTS, params={"sort": sort, "cursor": cursor}).status_code == 422


def test_words_of_paths_are_no_ids(client: httpx.Client) -> None:
    """What stands beside the alerts' ids in paths is no alert: other methods do not exist there."""
    for word in ("stream", "export"):
        assert client.patch(f"{ALERTS}/{word}", json={"note": "x"}).status_code == 405
    assert client.patch(f"{ALERTS}/triage", json={"note": "x"}).status_code == 405
    assert client.get(f"{ALERTS}/triage").status_code == 405
    assert client.get(f"{ALERTS}/triage/history").status_code == 404
    assert client.get(f"{ALERTS}/exports").status_code == 422


def test_ranges_that_are_none_are_refused(client: httpx.Client) -> None:
    """A lowest value above the highest is a mistake and no empty list."""
    for name in ("score", "amount"):
        params: Params = {f"min_{name}": 2, f"max_{name}": 1}
        assert client.get(ALERTS, params=params).status_code == 422


LISTS = [
    AlertFilter(),
    AlertFilter(user_id="u-7"),
    AlertFilter(assignee="analyst-1"),
    AlertFilter(statuses=["open"], assigned=False),
    AlertFilter(severities=["low"], since=NOON - 1_000 * HOUR),
    AlertFilter(rules=["velocity"]),
    AlertFilter(statuses=["open"]),
    AlertFilter(statuses=["investigating", "open"], severities=["high"]),
    AlertFilter(countries=["DE"]),
    AlertFilter(countries=["C1", "C2", "C3", "C4", "C5", "C6", "C7"]),
    AlertFilter(countries=["DE", "C1"], statuses=["open"]),
    AlertFilter(currencies=["EUR", "USD"]),
    AlertFilter(severities=["low", "high"], assignee="analyst-1"),
    AlertFilter(rules=["velocity"], statuses=["open"], countries=["DE"], min_score=1),
    AlertFilter(min_score=99),
    AlertFilter(min_amount=Decimal(990)),
    AlertFilter(min_amount=Decimal(1), max_amount=Decimal(2), currencies=["USD"]),
    AlertFilter(until=NOON - 8 * HOUR),
    AlertFilter(suppressed=True),
    AlertFilter(suppressed=True, statuses=["open"]),
    AlertFilter(suppressed=False),
    AlertFilter(suppressed=False, statuses=["open"]),
    AlertFilter(text="corner"),
    AlertFilter(text="t-77"),
]


def test_lists_use_an_index(world: World) -> None:
    """A page costs what the page has and not what the table has, also far down the list."""
    world.execute(FILL)
    world.execute("ANALYZE alerts")
    with world.cursor() as cursor:
        for wanted, sort in product(LISTS, SORTS):
            middle = Position(
                sort=sort, occurred_at=NOON - HOUR, score=50, amount=Decimal(500), alert_id=5_000
            )
            for after in (None, middle):
                query, parameters = alerts.list_query(wanted, sort, after=after, limit=51)
                cursor.execute(f"EXPLAIN {query}", parameters)
                plan = "\n".join(line for (line,) in cursor)
                assert "Seq Scan" not in plan, (wanted, sort, plan)
                assert "using alerts_" in plan or "on alerts_" in plan, (wanted, sort, plan)


@pytest.mark.parametrize(
    ("sort", "index"),
    [
        ("newest", "alerts_by_country_time"),
        ("oldest", "alerts_by_country_time"),
        ("score", "alerts_by_country_score"),
    ],
)
def test_a_countrys_alerts_are_walked_in_their_own_order(
    world: World, sort: Sort, index: str
) -> None:
    """One country's with a word, and several countries': those of others are not passed."""
    world.execute(FILL)
    world.execute("ANALYZE alerts")
    of_a_word = AlertFilter(countries=["C3"], text="shop")
    with world.cursor() as cursor:
        for wanted in (of_a_word, AlertFilter(countries=["C1", "C2", "C3"])):
            query, parameters = alerts.list_query(wanted, sort, after=None, limit=51)
            cursor.execute(f"EXPLAIN {query}", parameters)
            plan = "\n".join(line for (line,) in cursor)
            assert index in plan, (wanted, plan)


def test_what_belongs_to_an_alert_is_found_by_an_index(world: World) -> None:
    """Its customer's alerts, its incident, its history, its notes, and the next events likewise."""
    world.execute(FILL)
    world.execute(
        "INSERT INTO triage_history SELECT alert_id, n, now(), 'alice', 'open', 'open', NULL, NULL,"
        " 'note' FROM alerts, generate_series(2, 3) AS n"
    )
    world.execute(
        "INSERT INTO alert_log SELECT inbox_id, alert_id, version FROM alert_inbox;"
        "ANALYZE alerts; ANALYZE triage_history; ANALYZE alert_log"
    )
    parameters = {
        "alert_id": 5_000,
        "alert_ids": [1, 2, 3],
        "user_id": "u-7",
        "incident_id": "t",
        "after": 9,
        "limit": 50,
    }
    queries = {
        "alerts.sql": ["read_alert", "has_alert", "incident_alert_ids", "other_alerts"],
        "triage.sql": ["lock_alerts", "latest_changes", "read_history", "read_notes"],
        "alert_log.sql": ["read_events"],
    }
    with world.cursor() as cursor:
        for file, names in queries.items():
            for name in names:
                sql = alerts.with_columns(named_queries(file)[name])
                cursor.execute(f"EXPLAIN {sql}", parameters)
                plan = "\n".join(line for (line,) in cursor)
                assert "Seq Scan" not in plan, (name, plan)
                assert "Index" in plan, (name, plan)


FILL = """
INSERT INTO alerts (
  user_id, transaction_id, rule, rule_version, severity, score, story, evidence, incident_id,
  amount, currency, merchant, category, channel, city, country, lat, lon, occurred_at,
  published_at, topic, topic_id, partition, "offset", status, assignee, suppressed_by
)
SELECT 'u-' || n % 1000, 't-' || n, CASE WHEN n % 3 = 0 THEN 'velocity' ELSE 'high_value' END, 1,
  CASE WHEN n % 50 = 0 THEN 'high' ELSE 'low' END, n % 101, 'story', '{}', 't', n % 1000, 'USD',
  CASE WHEN n % 100 = 0 THEN 'Corner Books' ELSE 'Shop' END, 'c', 'online', 'c',
  CASE WHEN n % 9 = 0 THEN 'C' || n % 8 ELSE 'DE' END, 0, 0,
  timestamptz '2026-03-01T12:00Z' - n * interval '1 second', now(), 't', 't', 0, n,
  CASE WHEN n % 40 = 0 THEN 'open' ELSE 'false_positive' END,
  CASE WHEN n % 30 = 0 THEN 'analyst-' || n % 7 END, CASE WHEN n % 90 = 0 THEN n % 9 + 1 END
FROM generate_series(1, 30000) AS n
"""
