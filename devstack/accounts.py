"""The unprivileged account that runs PostgreSQL, which refuses to work for root."""

import os
import pwd
from dataclasses import dataclass
from pathlib import Path

from devstack.errors import StackError

# Every Unix has the second; a machine that has had PostgreSQL installed has the first.
CANDIDATES = ("postgres", "nobody")


@dataclass(frozen=True, kw_only=True)
class Account:
    """A system account that commands can run as when devstack itself runs as root."""

    uid: int
    gid: int

    def own(self, folder: Path) -> None:
        """Make a folder of ours belong to this account, and closed to all others."""
        folder.mkdir(parents=True, exist_ok=True)
        os.chown(folder, self.uid, self.gid)
        folder.chmod(0o700)


def unprivileged_account(data: Path) -> Account | None:
    """Return the account for a data folder, or nothing when devstack does not run as root."""
    if os.geteuid() != 0:
        return None
    if data.exists() and (owner := data.stat()).st_uid != 0:
        return Account(uid=owner.st_uid, gid=owner.st_gid)
    for name in CANDIDATES:
        try:
            entry = pwd.getpwnam(name)
        except KeyError:
            continue
        return Account(uid=entry.pw_uid, gid=entry.pw_gid)
    raise StackError(
        f"PostgreSQL does not run as root, and none of the accounts {CANDIDATES} exists",
        "run this as an ordinary user, or create one with: useradd --system postgres",
    )
