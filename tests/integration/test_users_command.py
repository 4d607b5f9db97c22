"""`python -m finguard users`: who may sign in, from a terminal."""

import os
import pty
import select
import subprocess
import sys
from pathlib import Path
from time import monotonic

import pytest

from finguard.adapters.passwords import verify_password
from tests.integration.api.world import World
from tests.patience import PATIENCE_S
from tests.unit.api.configuration import UNREACHABLE_DSN

CHECKOUT = Path(__file__).parents[2]
PASSWORD = "correct horse"


def environment(dsn: str) -> dict[str, str]:
    """What the command may know of this machine."""
    return {
        "PATH": os.environ["PATH"],
        "FINGUARD_POSTGRES_DSN": dsn,
        "FINGUARD_LOG_LEVEL": "error",
        "LOGNAME": "olga",
    }


def users(dsn: str, *arguments: str, typed: bytes = b"") -> subprocess.CompletedProcess[bytes]:
    """Run the command with something on its standard input."""
    return subprocess.run(  # noqa: S603 - our own command
        [sys.executable, "-m", "finguard", "users", *arguments],
        cwd=CHECKOUT,
        env=environment(dsn),
        input=typed,
        capture_output=True,
        timeout=PATIENCE_S,
        check=False,
    )


def refusal(dsn: str, *arguments: str, typed: bytes = b"") -> str:
    """The one line that the command ends with."""
    ended = users(dsn, *arguments, typed=typed)
    assert ended.returncode == 1, ended
    (line,) = ended.stderr.decode().splitlines()
    assert line.startswith("error: ")
    assert ended.stdout == b""
    return line


def password_is(world: World, username: str, password: str) -> bool:
    """Whether somebody could sign in with this."""
    ((stored,),) = world.query("SELECT password_hash FROM users WHERE username = %s", username)
    return verify_password(password, stored)


def test_users_from_the_first_to_the_last_word(database: str) -> None:
    """Add, list, passwd, disable, enable: each does what it says, and the log knows who did it."""
    world = World(database)
    assert (
        users(database, "add", "Ann", "--role", "admin", typed=b"correct horse\n").returncode == 0
    )
    assert users(database, "add", "bob", typed=b"password of bob").returncode == 0
    assert password_is(world, "ann", PASSWORD)
    assert users(database, "passwd", "bob", typed=b"another password\r\n").returncode == 0
    assert password_is(world, "bob", "another password")
    assert users(database, "disable", "bob").returncode == 0
    listed = [line.split()[:3] for line in users(database, "list").stdout.decode().splitlines()]
    assert [["ann", "admin", "enabled"], ["bob", "viewer", "disabled"]] == listed
    assert users(database, "enable", "BOB").returncode == 0
    log = world.query("SELECT actor, action, subject FROM audit_log ORDER BY audit_id")
    assert [
        ("cli:olga", "user.create", "ann"),
        ("cli:olga", "user.create", "bob"),
        ("cli:olga", "user.reset_password", "bob"),
        ("cli:olga", "user.disable", "bob"),
        ("cli:olga", "user.enable", "bob"),
    ] == log


def test_first_user_needs_no_api(database: str) -> None:
    """On a database without tables the command makes them, as every program does."""
    world = World(database)
    world.execute("DROP SCHEMA public CASCADE; CREATE SCHEMA public")
    assert (
        users(database, "add", "ann", "--role", "admin", typed=b"correct horse\n").returncode == 0
    )
    assert password_is(world, "ann", PASSWORD)


def test_last_administrator_stays(database: str) -> None:
    """Disabled ones do not count; the refusal names the remedy."""
    world = World(database)
    for name in ("ann", "bob"):
        world.add_user(name, PASSWORD, "admin")
    assert users(database, "disable", "bob").returncode == 0
    assert "make somebody else one" in refusal(database, "disable", "ann")
    assert [("ann",)] == world.query("SELECT username FROM users WHERE NOT disabled")


@pytest.mark.parametrize(
    ("arguments", "typed", "told"),
    [
        (("add", "taken"), b"correct horse\n", "a user taken already"),
        (("add", "ann"), b"short\n", "8 to 128 characters"),
        (("add", "ann"), b"", "8 to 128 characters"),
        (("add", "ann"), b"x" * 129, "8 to 128 characters"),
        (("add", "ann"), b"\xff\xfe\xff\xfe\xff\xfe\xff\xfe\n", "UTF-8"),
        (("add", "not a name"), b"correct horse\n", "'not a name' cannot be a user's name"),
        (("add", "\x1b[31m"), b"correct horse\n", r"'\x1b[31m' cannot"),
        (("passwd", "nobody"), b"correct horse\n", "no user nobody"),
        (("disable", "nobody"), b"", "no user nobody"),
        (("enable", os.fsdecode(b"\xff")), b"", r"'\udcff' cannot"),
    ],
)
def test_what_cannot_be_done_is_told_in_a_line(
    database: str, arguments: tuple[str, ...], typed: bytes, told: str
) -> None:
    """No trace, no password in the answer, nothing changed, and no entry in the audit log."""
    world = World(database)
    world.add_user("taken", "the first password", "viewer")
    line = refusal(database, *arguments, typed=typed)
    assert told in line
    assert PASSWORD not in line
    assert world.query("SELECT username FROM users") == [("taken",)]
    assert world.query("SELECT 1 FROM audit_log") == []


def test_absent_database_is_told_in_a_line() -> None:
    """With what to do about it, and without the password of its address."""
    line = refusal(UNREACHABLE_DSN, "list")
    assert "make up" in line
    assert "nobody:nothing" not in line


def at_a_terminal(dsn: str, *answers: bytes) -> tuple[int, bytes]:
    """Add a user from a terminal; the exit code and all that was shown."""
    master, slave = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-m", "finguard", "users", "add", "ann"],
        cwd=CHECKOUT,
        env=environment(dsn),
        stdin=slave,
        stdout=slave,
        stderr=slave,
        start_new_session=True,
    )
    os.close(slave)
    shown, waiting, deadline_s = b"", list(answers), monotonic() + PATIENCE_S
    try:
        while monotonic() < deadline_s:
            if not select.select([master], [], [], 0.1)[0]:
                continue
            try:
                part = os.read(master, 4_096)
            except OSError:
                break
            if not part:
                break
            shown += part
            if waiting and shown.count(b": ") > len(answers) - len(waiting):
                os.write(master, waiting.pop(0))
        return process.wait(timeout=PATIENCE_S), shown
    finally:
        process.kill()
        os.close(master)


def test_typed_password_is_not_shown(database: str) -> None:
    """It is asked for twice, without an echo."""
    code, shown = at_a_terminal(database, b"correct horse\n", b"correct horse\n")
    assert (0, 1, 1) == (code, shown.count(b"Password: "), shown.count(b"Again: "))
    assert b"horse" not in shown
    assert password_is(World(database), "ann", PASSWORD)


def test_mistyped_password_changes_nothing(database: str) -> None:
    """Two that differ are told apart before anybody has a password nobody knows."""
    code, shown = at_a_terminal(database, b"correct horse\n", b"correct hrose\n")
    assert code == 1
    assert b"the two passwords differ" in shown
    assert World(database).query("SELECT 1 FROM users") == []


def test_cancelled_prompt_changes_nothing(database: str) -> None:
    """End of input in place of a password is a line and no trace."""
    code, shown = at_a_terminal(database, b"\x04")
    assert code == 1
    assert b"no password was given" in shown
    assert b"Traceback" not in shown
