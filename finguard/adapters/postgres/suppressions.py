"""Suppressions: whose alerts are kept quiet, why and until when; each change audited."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, Final, Literal

import msgspec
from psycopg2.extras import RealDictCursor

from finguard.adapters.postgres import audit
from finguard.adapters.postgres.accounts import Author
from finguard.adapters.postgres.audit import AuditEntry
from finguard.adapters.postgres.pool import Row
from finguard.adapters.postgres.queries import named_queries

_SQL: Final = {
    name: sql.replace("{columns}", named_queries("suppressions.sql")["columns"])
    for name, sql in named_queries("suppressions.sql").items()
}

Kind = Literal["allow", "snooze"]
State = Literal["active", "expired", "withdrawn"]

LONGEST: Final[dict[Kind, timedelta]] = {
    "allow": timedelta(days=5 * 366),
    "snooze": timedelta(days=90),
}
"""How far ahead the end of an entry may lie, where it has one."""


class Wanted(msgspec.Struct, frozen=True, kw_only=True):
    """An entry that somebody wants.

    Attributes:
        user_id: the customer.
        rule: whose alerts; None for every rule's.
        expires_at: from when on it no longer counts; None until somebody withdraws it.
    """

    user_id: str
    kind: Kind
    rule: str | None
    reason: str
    expires_at: datetime | None


class Addition(msgspec.Struct, frozen=True, kw_only=True):
    """What became of a wanted entry.

    Attributes:
        outcome: `repeated` is there already by the same request before; `exists` is another active
            one of the same kind and rule; `out_of_bounds` would end in the past or too late.
        entry: the one that is there now; None where there is none.
    """

    outcome: Literal["added", "repeated", "exists", "out_of_bounds"]
    entry: Row | None


def add_suppression(transaction: RealDictCursor, author: Author, wanted: Wanted) -> Addition:
    """Add an entry, unless one of its kind and rule is active; it counts from the commit on."""
    parameters = {**msgspec.structs.asdict(wanted), "author": author.actor}
    transaction.execute(_SQL["lock_customer"], parameters)
    for entry in list_active(transaction, wanted.user_id):
        if (entry["kind"], entry["rule"]) == (wanted.kind, wanted.rule):
            is_same = (entry["reason"], entry["expires_at"], entry["created_by"]) == (
                wanted.reason,
                wanted.expires_at,
                author.actor,
            )
            return Addition(outcome="repeated" if is_same else "exists", entry=entry)
    if wanted.expires_at is not None:
        transaction.execute(_SQL["can_expire"], {**parameters, "longest": LONGEST[wanted.kind]})
        if not _one(transaction)["can_expire"]:
            return Addition(outcome="out_of_bounds", entry=None)
    transaction.execute(_SQL["add_suppression"], parameters)
    added = _one(transaction)
    audit.append(transaction, [_entry(author, "add", added, after=_audited(added))])
    return Addition(outcome="added", entry=added)


def withdraw_suppression(
    transaction: RealDictCursor, author: Author, user_id: str, suppression_id: int
) -> Row | None:
    """End an entry now; one that has ended stays as it is. None where there is no such entry."""
    parameters = {"user_id": user_id, "suppression_id": suppression_id, "author": author.actor}
    transaction.execute(_SQL["withdraw_suppression"], parameters)
    withdrawn = transaction.fetchone()
    if withdrawn is None:
        return read_suppression(transaction, user_id, suppression_id)
    entry = _entry(
        author,
        "withdraw",
        withdrawn,
        before={**_audited(withdrawn), "withdrawn_at": None},
        after=_audited(withdrawn),
    )
    audit.append(transaction, [entry])
    return dict(withdrawn)


def read_suppression(cursor: RealDictCursor, user_id: str, suppression_id: int) -> Row | None:
    """One entry of a customer's."""
    parameters = {"user_id": user_id, "suppression_id": suppression_id}
    cursor.execute(_SQL["read_suppression"], parameters)
    row = cursor.fetchone()
    return dict(row) if row else None


def list_active(cursor: RealDictCursor, user_id: str) -> list[Row]:
    """Those of a customer's entries that count now, newest first."""
    cursor.execute(_SQL["list_active"], {"user_id": user_id})
    return [dict(row) for row in cursor]


def list_suppressions(
    cursor: RealDictCursor, user_id: str, *, below: int | None, limit: int
) -> list[Row]:
    """At most `limit` of all a customer's entries, newest first, from before the id `below`."""
    parameters = {"user_id": user_id, "below": below, "limit": limit}
    cursor.execute(_SQL["list_suppressions"], parameters)
    return [dict(row) for row in cursor]


def any_suppression(cursor: RealDictCursor, user_id: str) -> bool:
    """Whether a customer has ever had an entry."""
    cursor.execute(_SQL["any_suppression"], {"user_id": user_id})
    return cursor.fetchone() is not None


def _one(cursor: RealDictCursor) -> Row:
    return dict(cursor.fetchone() or {})


def _entry(
    author: Author,
    action: str,
    row: Mapping[str, Any],
    *,
    before: Mapping[str, Any] | None = None,
    after: Mapping[str, Any],
) -> AuditEntry:
    return AuditEntry(
        actor=author.actor,
        action=f"suppression.{action}",
        subject=str(row["suppression_id"]),
        before=before,
        after=after,
        request_id=author.request_id,
    )


def _audited(row: Mapping[str, Any]) -> dict[str, Any]:
    """An entry as JSON."""
    moments = {
        name: row[name].isoformat() if row[name] else None
        for name in ("expires_at", "withdrawn_at")
    }
    return {name: row[name] for name in ("user_id", "kind", "rule", "reason")} | moments
