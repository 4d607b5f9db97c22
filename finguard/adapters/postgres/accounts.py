"""Changes of users, each with its entry in the audit log."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

import msgspec
from psycopg2.extras import RealDictCursor

from finguard.adapters.postgres import audit
from finguard.adapters.postgres.audit import AuditEntry
from finguard.adapters.postgres.queries import named_queries
from finguard.adapters.postgres.users import Role, User
from finguard.errors import FinGuardError

_SQL: Final = named_queries("users.sql")

NAME_PATTERN: Final = r"[a-z0-9][a-z0-9._@-]{0,63}"
"""What the whole of a user's name looks like; the table checks it as well."""


class AccountError(FinGuardError):
    """A change of a user that cannot be made as things are."""


class NoSuchAccount(AccountError):  # noqa: N818 - a finding, as HTTP 404 is
    """There is no user of this name."""


class NameTaken(AccountError):  # noqa: N818 - a finding, as HTTP 409 is
    """There is a user of this name already."""


class LastAdmin(AccountError):  # noqa: N818 - as above
    """Nobody would be left who may manage users."""


class Account(msgspec.Struct, frozen=True, kw_only=True):
    """A user as those see them who manage users: without the password's hash."""

    username: str
    role: Role
    disabled: bool
    created_at: datetime


class Author(msgspec.Struct, frozen=True):
    """Whose change it is, as the audit log names them.

    Attributes:
        actor: a user's name, or `cli:NAME` for a command on the server.
        request_id: of the HTTP request, where there was one.
    """

    actor: str
    request_id: str | None = None

    def entry(
        self,
        action: str,
        username: str,
        before: Mapping[str, Any] | None = None,
        after: Mapping[str, Any] | None = None,
    ) -> AuditEntry:
        """What the audit log is to say of a change of a user."""
        return AuditEntry(
            actor=self.actor,
            action=f"user.{action}",
            subject=username,
            before=before,
            after=after,
            request_id=self.request_id,
        )


def list_accounts(cursor: RealDictCursor, *, after: str = "", limit: int) -> list[Account]:
    """At most `limit` users by name, from the one that comes after a name."""
    cursor.execute(_SQL["list_users"], {"after": after, "limit": limit})
    return [Account(**row) for row in cursor]


def read_account(cursor: RealDictCursor, username: str) -> Account:
    """One user.

    Raises:
        NoSuchAccount: when there is none of this name.
    """
    cursor.execute(_SQL["read_user"], {"username": username})
    return _found(cursor, username)


def create_account(
    transaction: RealDictCursor, author: Author, username: str, password_hash: str, role: Role
) -> Account:
    """Create a user of this name, which must match `NAME_PATTERN`.

    Raises:
        NameTaken: when there is one.
    """
    parameters = {"username": username, "password_hash": password_hash, "role": role}
    transaction.execute(_SQL["create_user"], parameters)
    row = transaction.fetchone()
    if row is None:
        raise NameTaken(f"there is a user {username} already")
    after = {"role": role, "disabled": False}
    audit.append(transaction, [author.entry("create", username, after=after)])
    return Account(**row)


def create_first_account(
    transaction: RealDictCursor, author: Author, username: str, password_hash: str, role: Role
) -> bool:
    """Create a user if there is none at all yet; whether that was so."""
    parameters = {"username": username, "password_hash": password_hash, "role": role}
    transaction.execute(_SQL["create_first_user"], parameters)
    if transaction.fetchone() is None:
        return False
    after = {"role": role, "disabled": False}
    audit.append(transaction, [author.entry("create", username, after=after)])
    return True


def change_account(
    transaction: RealDictCursor,
    author: Author,
    username: str,
    *,
    role: Role | None = None,
    disabled: bool | None = None,
) -> Account:
    """Give a user another role, or disable or enable them; what is None stays, and so do sessions
    where nothing changes.

    Raises:
        NoSuchAccount: when there is none of this name.
        LastAdmin: when no administrator would be left who may sign in.
    """  # noqa: D205 - one sentence
    transaction.execute(_SQL["lock_active_admins"])
    others = {row["username"] for row in transaction} - {username}
    transaction.execute(_SQL["lock_user"], {"username": username})
    before = _found(transaction, username)
    after = msgspec.structs.replace(
        before,
        role=before.role if role is None else role,
        disabled=before.disabled if disabled is None else disabled,
    )
    if before == after:
        return before
    if _manages(before) and not _manages(after) and not others:
        raise LastAdmin(f"{username} is the last administrator; make somebody else one before this")
    parameters = {"username": username, "role": after.role, "disabled": after.disabled}
    transaction.execute(_SQL["change_user"], parameters)
    audit.append(transaction, _changes(author, before, after))
    return after


def reset_password(
    transaction: RealDictCursor, author: Author, username: str, password_hash: str
) -> None:
    """Give a user another password and end all their sessions.

    Raises:
        NoSuchAccount: when there is none of this name.
    """
    parameters = {"username": username, "password_hash": password_hash}
    transaction.execute(_SQL["set_password"], parameters)
    if transaction.fetchone() is None:
        raise NoSuchAccount(f"there is no user {username}")
    audit.append(transaction, [author.entry("reset_password", username)])


def change_own_password(
    transaction: RealDictCursor, author: Author, user: User, password_hash: str
) -> int | None:
    """Give a user the password they chose, and end all their sessions.

    Returns:
        The user's new `token_epoch`; None when they have changed meanwhile, and then nothing
        has been done.
    """
    parameters = {"id": user.id, "token_epoch": user.token_epoch, "password_hash": password_hash}
    transaction.execute(_SQL["change_password"], parameters)
    row = transaction.fetchone()
    if row is None:
        return None
    audit.append(transaction, [author.entry("change_password", user.username)])
    return int(row["token_epoch"])


def _found(cursor: RealDictCursor, username: str) -> Account:
    row = cursor.fetchone()
    if row is None:
        raise NoSuchAccount(f"there is no user {username}")
    return Account(**row)


def _manages(account: Account) -> bool:
    return account.role == "admin" and not account.disabled


def _changes(author: Author, before: Account, after: Account) -> list[AuditEntry]:
    """An entry for each thing that changed."""
    entries = []
    if before.role != after.role:
        roles = {"role": before.role}, {"role": after.role}
        entries.append(author.entry("change_role", after.username, *roles))
    if before.disabled != after.disabled:
        states = {"disabled": before.disabled}, {"disabled": after.disabled}
        action = "disable" if after.disabled else "enable"
        entries.append(author.entry(action, after.username, *states))
    return entries
