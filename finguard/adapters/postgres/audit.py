"""The audit log: who changed what, when, from what to what; append-only."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final

import msgspec
from psycopg2.extensions import cursor as Cursor  # noqa: N812 - psycopg2's own lower case
from psycopg2.extras import Json, RealDictCursor, execute_values

from finguard.adapters.postgres.pool import Row
from finguard.adapters.postgres.queries import named_queries

_SQL: Final = named_queries("audit.sql")


class AuditEntry(msgspec.Struct, frozen=True, kw_only=True):
    """One change by one person.

    Attributes:
        actor: a user's name, or `cli:NAME` for a command on the server.
        action: what kind of thing and what was done, such as `alert.triage`.
        subject: the thing's id.
        before: what the change replaced, JSON-ready; None where there was nothing.
        after: what stands there now; None where nothing does. Neither may hold a secret.
        request_id: of the HTTP request, where there was one.
    """

    actor: str
    action: str
    subject: str
    before: Mapping[str, Any] | None = None
    after: Mapping[str, Any] | None = None
    request_id: str | None = None


def append(cursor: Cursor, entries: Sequence[AuditEntry]) -> None:
    """Write entries in the transaction that makes the changes, so that neither stands alone."""
    rows = [
        (
            entry.actor,
            entry.action,
            entry.subject,
            None if entry.before is None else Json(entry.before),
            None if entry.after is None else Json(entry.after),
            entry.request_id,
        )
        for entry in entries
    ]
    if rows:
        execute_values(cursor, _SQL["append"], rows)


class AuditFilter(msgspec.Struct, frozen=True, kw_only=True):
    """Which entries to list; what is None does not restrict.

    Attributes:
        kind: what an action begins with, such as `alert`.
        since: entries of then or later. until: of before then.
    """

    actor: str | None = None
    action: str | None = None
    kind: str | None = None
    subject: str | None = None
    since: datetime | None = None
    until: datetime | None = None


def list_entries(
    cursor: RealDictCursor, wanted: AuditFilter, *, below: int | None, limit: int
) -> list[Row]:
    """At most `limit` entries, newest first, from before the entry with the id `below`."""
    parameters = {**msgspec.structs.asdict(wanted), "below": below, "limit": limit}
    cursor.execute(_SQL["list_entries"], parameters)
    return [dict(row) for row in cursor]
