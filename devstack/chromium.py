"""The system's Chromium: where it is, how it is started, and how `make test` gets one.

`python -m devstack.chromium` installs it where that takes no question: as root, by apt.
"""

import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Final

NO_BROWSER: Final = "no Chromium on this machine; on Debian and Ubuntu: apt install chromium"

ARGUMENTS: Final = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)

_NAMES: Final = ("chromium", "chromium-browser", "google-chrome")
_INSTALL: Final = (
    ("apt-get", "-qq", "update"),
    ("apt-get", "-qq", "--yes", "--no-install-recommends", "install", "chromium"),
)
_WITHIN_S: Final = 180


def find_browser() -> Path | None:
    """Where it is, if it is."""
    found = next(filter(None, map(shutil.which, _NAMES)), None)
    return None if found is None else Path(found)


def install() -> int:
    """Install it if it is missing, and if nobody has to be asked.

    Returns:
        The exit status: 1, and a word of what to do, where it stays missing.
    """
    if find_browser() is None and os.geteuid() == 0 and shutil.which("apt-get"):
        sys.stderr.write("  installing Chromium (apt-get install chromium)\n")
        _run_apt()
    if find_browser() is None:
        sys.stderr.write(f"error: {NO_BROWSER}\n")
        return 1
    return 0


def _run_apt() -> None:
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    for command in _INSTALL:
        try:
            done = subprocess.run(  # noqa: S603 - ours, from above
                command, env=environment, stdout=subprocess.DEVNULL, check=False, timeout=_WITHIN_S
            )
        except subprocess.TimeoutExpired:
            sys.stderr.write(f"  {' '.join(command)} took more than {_WITHIN_S} s\n")
            return
        if done.returncode:
            sys.stderr.write(f"  {' '.join(command)} ended with {done.returncode}\n")


if __name__ == "__main__":
    raise SystemExit(install())
