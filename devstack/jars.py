"""The pinned Java archives of a Kafka broker, as listed in `kafka.lock`."""

import os
from dataclasses import dataclass
from pathlib import Path

from devstack.console import Console
from devstack.downloads import Download, fetch

LOCK_FILE = Path(__file__).with_name("kafka.lock")
MAVEN_URL_SETTING = "FINGUARD_MAVEN_URL"
MAVEN_CENTRAL_URL = "https://repo.maven.apache.org/maven2"
LOCAL_REPOSITORY = Path.home() / ".m2" / "repository"


@dataclass(frozen=True, kw_only=True)
class Jar:
    """One archive: its Maven coordinates, checksum and size."""

    group: str
    artifact: str
    version: str
    sha256: str
    size_bytes: int

    @classmethod
    def parse(cls, line: str) -> "Jar":
        """Read a line of the lock file; raise `ValueError` for one of another form."""
        sha256, size_bytes, coordinates = line.split()
        group, artifact, version = coordinates.split(":")
        return cls(
            group=group,
            artifact=artifact,
            version=version,
            sha256=sha256,
            size_bytes=int(size_bytes),
        )

    def __str__(self) -> str:
        return f"{self.sha256} {self.size_bytes:>9} {self.group}:{self.artifact}:{self.version}"

    @property
    def name(self) -> str:
        """Return the file name."""
        return f"{self.artifact}-{self.version}.jar"

    @property
    def path(self) -> str:
        """Return the path within a Maven repository."""
        group = self.group.replace(".", "/")
        return f"{group}/{self.artifact}/{self.version}/{self.name}"


def locked_jars(lock: Path = LOCK_FILE) -> list[Jar]:
    """Return the archives that the lock file names."""
    lines = lock.read_text(encoding="utf-8").splitlines()
    return [Jar.parse(line) for line in lines if line and not line.startswith("#")]


def jar_files(cache: Path, lock: Path = LOCK_FILE) -> list[Path]:
    """Return where the archives are once `fetch_jars` is done."""
    return [cache / lock.stem / jar.name for jar in locked_jars(lock)]


def fetch_jars(cache: Path, console: Console, lock: Path = LOCK_FILE) -> None:
    """Download what is missing; raise `StackError` when it cannot be had."""
    base_url = os.environ.get(MAVEN_URL_SETTING, MAVEN_CENTRAL_URL).rstrip("/")
    downloads = [
        Download(
            url=f"{base_url}/{jar.path}",
            sha256=jar.sha256,
            size_bytes=jar.size_bytes,
            target=cache / lock.stem / jar.name,
            copy=LOCAL_REPOSITORY / jar.path,
        )
        for jar in locked_jars(lock)
    ]
    fetch(lock.stem.replace("-", " ").title(), downloads, console)
