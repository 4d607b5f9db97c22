"""Changes that analysts make to alerts: checked against what they saw, with history and audit."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

import msgspec
from psycopg2.extras import RealDictCursor, execute_values

from finguard.adapters.postgres import audit
from finguard.adapters.postgres.alerts import with_columns
from finguard.adapters.postgres.audit import AuditEntry
from finguard.adapters.postgres.pool import Row
from finguard.adapters.postgres.queries import named_queries
from finguard.domain.triage import Outcome, TriageEntry, TriageRequest, TriageState, judge

_SQL: Final = named_queries("triage.sql")

MAX_NOTES: Final = 200


class Author(msgspec.Struct, frozen=True, kw_only=True):
    """Who changes something, and with which HTTP request."""

    name: str
    request_id: str


class Result(msgspec.Struct, frozen=True, kw_only=True):
    """What became of one alert, and the alert as it is now; None where there is none."""

    outcome: Outcome
    alert: Row | None


def triage(
    transaction: RealDictCursor, seen: Mapping[int, int], request: TriageRequest, author: Author
) -> dict[int, Result]:
    """Make one change to alerts that are still as their author has seen them.

    Args:
        transaction: in which all of it happens or nothing.
        seen: the version that the author has seen, by alert.
        request: what to change.
        author: goes into the history and the audit log.

    Returns:
        What became of each alert, by id.
    """
    ids = {"alert_ids": list(seen)}
    locked = _by_id(transaction, with_columns(_SQL["lock_alerts"]), ids)
    latest = _by_id(transaction, _SQL["latest_changes"], ids)
    outcomes = {
        alert_id: judge(
            request,
            author.name,
            seen_version=version,
            state=msgspec.convert(locked[alert_id], TriageState),
            latest=msgspec.convert(latest[alert_id], TriageEntry) if alert_id in latest else None,
        )
        if alert_id in locked
        else "missing"
        for alert_id, version in seen.items()
    }
    changing = [alert_id for alert_id, outcome in outcomes.items() if outcome == "changed"]
    changed = _change(transaction, changing, request)
    pairs = [(locked[alert_id], changed[alert_id]) for alert_id in changing]
    _record(transaction, pairs, request, author)
    now = {**locked, **changed}
    return {
        alert_id: Result(outcome=outcome, alert=now.get(alert_id))
        for alert_id, outcome in outcomes.items()
    }


def read_history(cursor: RealDictCursor, alert_id: int, *, after: int, limit: int) -> list[Row]:
    """At most `limit` changes of an alert, oldest first, from behind a version."""
    return _rows(
        cursor, _SQL["read_history"], {"alert_id": alert_id, "after": after, "limit": limit}
    )


def read_notes(cursor: RealDictCursor, alert_id: int) -> list[Row]:
    """The newest notes of an alert."""
    return _rows(cursor, _SQL["read_notes"], {"alert_id": alert_id, "limit": MAX_NOTES})


def _change(
    transaction: RealDictCursor, alert_ids: Sequence[int], request: TriageRequest
) -> dict[int, Row]:
    if not alert_ids:
        return {}
    parameters = {
        "alert_ids": list(alert_ids),
        "status": request.status,
        "assigns": request.assigns,
        "assignee": request.assignee,
    }
    return _by_id(transaction, with_columns(_SQL["change_alerts"]), parameters)


def _record(
    transaction: RealDictCursor,
    pairs: Sequence[tuple[Row, Row]],
    request: TriageRequest,
    author: Author,
) -> None:
    """Write history and audit of changes, each from one row to another."""
    history = [
        (
            after["alert_id"],
            after["version"],
            after["triaged_at"],
            author.name,
            before["status"],
            after["status"],
            before["assignee"],
            after["assignee"],
            request.note,
        )
        for before, after in pairs
    ]
    if history:
        execute_values(transaction, _SQL["append_history"], history)
    audit.append(
        transaction,
        [
            AuditEntry(
                actor=author.name,
                action="alert.triage",
                subject=str(after["alert_id"]),
                before=_audited(before),
                after={**_audited(after), "note": request.note},
                request_id=author.request_id,
            )
            for before, after in pairs
        ],
    )


def _audited(alert: Mapping[str, Any]) -> dict[str, Any]:
    return {name: alert[name] for name in ("status", "assignee", "version")}


def _by_id(cursor: RealDictCursor, sql: str, parameters: Row) -> dict[int, Row]:
    return {row["alert_id"]: row for row in _rows(cursor, sql, parameters)}


def _rows(cursor: RealDictCursor, sql: str, parameters: Row) -> list[Row]:
    cursor.execute(sql, parameters)
    return [dict(row) for row in cursor]
