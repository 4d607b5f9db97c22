"""Fills PostgreSQL with alerts as months of work leave them, in minutes; kept between runs.

Migrations that are new since the filling are applied to what is kept, as they are to anybody's.
"""

import csv
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import closing, contextmanager
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from itertools import accumulate
from pathlib import Path
from typing import Any, Final

import psycopg2
from psycopg2.extensions import connection as Connection  # noqa: N812 - psycopg2's own lower case
from psycopg2.extras import execute_values
from tqdm import tqdm

from devstack.layout import CHECKOUT
from finguard.adapters.postgres.migrate import migrate
from finguard.domain.currencies import UNITS_PER_USD

DAYS: Final = 90
SLICES: Final = 30
ANALYSTS: Final = 12
FILLERS: Final = 2
ALERTS_A_USER: Final = 12
PARTITIONS: Final = 6

_FILL: Final = Path(__file__).with_name("fill.sql").read_text("utf-8")
_CITIES: Final = CHECKOUT / "finguard" / "simulator" / "data" / "cities.csv"
_BULK: Final = """
SET maintenance_work_mem = '1GB'; SET work_mem = '256MB'; SET synchronous_commit = off;
SET max_parallel_maintenance_workers = 1; SET max_parallel_workers_per_gather = 0;
"""
_INDEXES: Final = """
SELECT indexname, indexdef FROM pg_indexes
WHERE tablename = 'alerts' AND schemaname = 'public' AND indexname NOT IN (
  SELECT conname FROM pg_constraint WHERE conrelid = 'alerts'::regclass)
"""
_HOURS: Final = """
INSERT INTO transactions_per_hour (hour, topic_id, partition, transactions, by_minute)
SELECT hour, 'bench', partition, (SELECT sum(each) FROM unnest(by_minute) AS each), by_minute
FROM generate_series(%(begin)s::timestamptz, %(end)s::timestamptz - interval '1 hour', '1 hour')
  AS hour
CROSS JOIN generate_series(0, %(partitions)s - 1) AS partition
CROSS JOIN LATERAL (
  SELECT array_agg(20 + floor(day.busy * random())::bigint) AS by_minute
  FROM generate_series(1, 60),
    (SELECT 200 - 10 * abs(14 - extract(hour FROM hour)) AS busy) AS day
) AS minutes
"""


def fill(dsn: str, alerts: int) -> bool:
    """Have so many alerts, in fives, in the database, which must be empty or filled by this.

    Returns:
        Whether they were made now; else they are those of a run before.
    """
    applied = migrate(dsn)
    wanted = _digest(alerts)
    with _session(dsn) as connection:
        held = _query(connection, "SELECT to_regclass('bench_filled') IS NOT NULL")[0][0]
        if held and _query(connection, "SELECT digest FROM bench_filled") == [(wanted,)]:
            if applied:
                _query(connection, "VACUUM ANALYZE")
            return False
        end = datetime.now(UTC).replace(minute=0, second=0, microsecond=0)
        _prepare(connection, end)
        _fill(dsn, connection, alerts, end)
        _query(connection, "CREATE TABLE bench_filled AS SELECT %s::text AS digest", wanted)
    return True


def _digest(alerts: int) -> str:
    """Changes with the statements that fill, and the count."""
    parts = [_FILL, _HOURS, f"{alerts} in {SLICES}"]
    return sha256("\0".join(parts).encode()).hexdigest()[:16]


def _prepare(connection: Connection, end: datetime) -> None:
    """Empty what there is, and store what the statement that fills draws from."""
    for table in ("bench_filled", "bench_cities", "bench_shares"):
        _query(connection, f"DROP TABLE IF EXISTS {table}")
    _query(connection, "ALTER TABLE triage_history DISABLE TRIGGER USER")
    _query(connection, "TRUNCATE alerts, triage_history, alert_inbox, transactions_per_hour")
    _query(connection, "ALTER TABLE triage_history ENABLE TRIGGER USER")
    with _CITIES.open(encoding="utf-8") as file:
        rows = list(csv.DictReader(line for line in file if not line.startswith("#")))
    shares = [float(row["population"]) ** 0.5 for row in rows]
    bounds = [0.0, *(share / sum(shares) for share in accumulate(shares[:-1]))]
    cities = [
        (
            number,
            row["name"],
            row["country"],
            row["currency"],
            float(row["lat"]),
            float(row["lon"]),
            float(UNITS_PER_USD[row["currency"]]),
        )
        for number, row in enumerate(rows, 1)
    ]
    _query(
        connection,
        "CREATE TABLE bench_cities (number integer PRIMARY KEY, name text, country text,"
        " currency text, lat float8, lon float8, units_per_usd float8)",
    )
    with connection.cursor() as cursor:
        execute_values(cursor, "INSERT INTO bench_cities VALUES %s", cities)
    _query(connection, "CREATE TABLE bench_shares AS SELECT %s::float8[] AS bounds", bounds)
    begin = end - timedelta(days=DAYS)
    _query(connection, _HOURS, {"begin": begin, "end": end, "partitions": PARTITIONS})


def _fill(dsn: str, connection: Connection, alerts: int, end: datetime) -> None:
    """Without the indexes and triggers, which are cheaper for all at once."""
    indexes = _query(connection, _INDEXES)
    for name, _ in indexes:
        _query(connection, f"DROP INDEX {name}")
    _query(connection, "ALTER TABLE alerts DISABLE TRIGGER USER")
    try:
        with tqdm(total=alerts, desc="alerts", unit="", unit_scale=True) as bar:
            _fill_slices(dsn, alerts, end, bar)
    finally:
        _query(connection, "ALTER TABLE alerts ENABLE TRIGGER USER")
        for _, definition in tqdm(indexes, desc="indexes", unit=""):
            _query(connection, definition)
    for step in tqdm(("SELECT recount_rollups()", "VACUUM ANALYZE"), desc="rollups", unit="step"):
        _query(connection, step)


def _fill_slices(dsn: str, alerts: int, end: datetime, bar: "tqdm[Any]") -> None:
    # In fives: four transactions, one of which has two alerts.
    fives = alerts // 5
    slices = [(number, fives // SLICES + (number < fives % SLICES)) for number in range(SLICES)]

    def fill_slice(number: int, count: int) -> int:
        first, last = (DAYS * edge // SLICES for edge in (number, number + 1))
        parameters = {
            "slice": number,
            "users": max(1, alerts // ALERTS_A_USER),
            "begin": end - timedelta(days=DAYS - first),
            "days": last - first,
            "end": end,
            "transactions": 4 * count,
            "first_offset": number * alerts,
        }
        with _session(dsn) as connection:
            _query(connection, "SELECT setseed(%s)", number / SLICES)
            _query(connection, _FILL, parameters)
        return 5 * count

    with ThreadPoolExecutor(FILLERS) as threads:
        for done in as_completed([threads.submit(fill_slice, *each) for each in slices]):
            bar.update(done.result())


@contextmanager
def _session(dsn: str) -> Iterator[Connection]:
    with closing(psycopg2.connect(dsn)) as connection:
        connection.autocommit = True
        _query(connection, _BULK)
        yield connection


def _query(connection: Connection, statement: str, parameters: Any = None) -> list[Any]:  # noqa: ANN401 - what psycopg2 takes
    values = parameters if isinstance(parameters, dict) or parameters is None else (parameters,)
    with connection.cursor() as cursor:
        cursor.execute(statement, values)
        return cursor.fetchall() if cursor.description else []
