"""Who may sign in, from a terminal on the server: for the first users, and when nobody can."""

import argparse
import re
import sys
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from getpass import getpass, getuser
from typing import Any, Final, get_args

from psycopg2.extras import RealDictCursor

from finguard.adapters.passwords import hash_password
from finguard.adapters.postgres import accounts
from finguard.adapters.postgres.accounts import NAME_PATTERN, Author
from finguard.adapters.postgres.connection import connect, translated
from finguard.adapters.postgres.migrate import migrate
from finguard.adapters.postgres.users import Role
from finguard.errors import FinGuardError
from finguard.settings import Settings

_PAGE: Final = 200

Run = Callable[[Settings, argparse.Namespace], int]


class UsageError(FinGuardError):
    """What was typed cannot be used."""


def add_to(commands: "argparse._SubParsersAction[Any]") -> None:
    """Add `users` and what can be done with them."""
    parser = commands.add_parser("users", help="who may sign in", description=__doc__)
    actions = parser.add_subparsers(metavar="ACTION", required=True)
    add = _action(actions, "add", "let somebody sign in; asks for a password", _add)
    add.add_argument("--role", choices=get_args(Role), default="viewer", help="default: viewer")
    _action(actions, "disable", "end somebody's sessions and let them sign in no more", _disable)
    _action(actions, "enable", "let somebody sign in again", _enable)
    _action(actions, "passwd", "give somebody another password; asks for it", _passwd)
    listing = actions.add_parser("list", help="show everybody")
    listing.set_defaults(run=_list)


def _action(
    actions: "argparse._SubParsersAction[Any]", name: str, about: str, run: Run
) -> argparse.ArgumentParser:
    parser: argparse.ArgumentParser = actions.add_parser(name, help=about, description=about)
    parser.add_argument("username", metavar="NAME", type=str.lower)
    parser.set_defaults(run=run)
    return parser


def _add(settings: Settings, chosen: argparse.Namespace) -> int:
    username = _username(chosen)
    password_hash = _asked_password()
    with _transaction(settings) as transaction:
        accounts.create_account(transaction, _author(), username, password_hash, chosen.role)
    _say(f"{username} may sign in as {chosen.role}")
    return 0


def _disable(settings: Settings, chosen: argparse.Namespace) -> int:
    username = _username(chosen)
    with _transaction(settings) as transaction:
        accounts.change_account(transaction, _author(), username, disabled=True)
    _say(f"{username} may not sign in any more; all sessions have ended")
    return 0


def _enable(settings: Settings, chosen: argparse.Namespace) -> int:
    username = _username(chosen)
    with _transaction(settings) as transaction:
        accounts.change_account(transaction, _author(), username, disabled=False)
    _say(f"{username} may sign in")
    return 0


def _passwd(settings: Settings, chosen: argparse.Namespace) -> int:
    username = _username(chosen)
    with _transaction(settings) as transaction:
        accounts.read_account(transaction, username)
    password_hash = _asked_password()
    with _transaction(settings) as transaction:
        accounts.reset_password(transaction, _author(), username, password_hash)
    _say(f"{username} has another password; all sessions have ended")
    return 0


def _list(settings: Settings, _chosen: argparse.Namespace) -> int:
    after = ""
    while True:
        with _transaction(settings) as transaction:
            page = accounts.list_accounts(transaction, after=after, limit=_PAGE)
        for account in page:
            state = "disabled" if account.disabled else "enabled"
            since = f"since {account.created_at:%Y-%m-%d}"
            _say(f"{account.username:24} {account.role:8} {state:9} {since}")
        if len(page) < _PAGE:
            return 0
        after = page[-1].username


def _username(chosen: argparse.Namespace) -> str:
    username: str = chosen.username
    if not re.fullmatch(NAME_PATTERN, username):
        raise UsageError(
            f"{username!a} cannot be a user's name: 1 to 64 letters, digits and ._@- "
            "that begin with a letter or a digit"
        )
    return username


@contextmanager
def _transaction(settings: Settings) -> Iterator[RealDictCursor]:
    """A transaction in a database that has the tables."""
    dsn, sslmode = settings.postgres_dsn.get_secret_value(), settings.postgres_sslmode
    migrate(dsn, sslmode=sslmode)
    with (
        translated(),
        closing(connect(dsn, sslmode=sslmode, application_name="finguard-users")) as connection,
        connection,
        connection.cursor(cursor_factory=RealDictCursor) as cursor,
    ):
        yield cursor


def _author() -> Author:
    """Whoever is at the terminal, as far as the system knows."""
    try:
        return Author(f"cli:{getuser()}")
    except (OSError, KeyError):
        return Author("cli:unknown")


def _asked_password() -> str:
    """The hash of the password that is typed twice, or of standard input's first line.

    Never an argument, which everybody on the machine could read, and the shell would remember.

    Raises:
        UsageError: when there is none that will do.
    """
    try:
        password = _typed_twice() if sys.stdin.isatty() else sys.stdin.readline().rstrip("\r\n")
        return hash_password(password)
    except (EOFError, KeyboardInterrupt) as error:
        raise UsageError("no password was given; nothing has changed") from error
    except UnicodeError as error:
        raise UsageError("the password is not text in UTF-8; nothing has changed") from error
    except ValueError as error:
        raise UsageError(f"{error}; nothing has changed") from error


def _typed_twice() -> str:
    password = getpass("Password: ")
    if getpass("Again: ") != password:
        raise UsageError("the two passwords differ; nothing has changed")
    return password


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
