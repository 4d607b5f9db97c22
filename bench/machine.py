"""What a figure was measured on; without it a figure says nothing."""

import os
import platform
from datetime import UTC, datetime
from importlib.metadata import version


def describe(*packages: str) -> str:
    """One line: date, processor count, Python, and the packages' versions."""
    versions = ", ".join(f"{package} {version(package)}" for package in packages)
    return (
        f"{datetime.now(UTC):%Y-%m-%d}, {os.cpu_count()} cores {platform.machine()}, "
        f"Python {platform.python_version()}, {versions}"
    )
