"""The system's Chromium, and how it is started without a window."""

import shutil
from pathlib import Path
from typing import Final

_NAMES: Final = ("chromium", "chromium-browser", "google-chrome")

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


def find_browser() -> Path | None:
    """Where it is, if it is."""
    found = next(filter(None, map(shutil.which, _NAMES)), None)
    return None if found is None else Path(found)
