"""Rewrites `kafka.lock`, run by a developer: `python -m devstack.lock 4.3.1`."""

import importlib
import sys
import tempfile
from pathlib import Path

from devstack.downloads import sha256_of
from devstack.jars import LOCK_FILE, Jar
from devstack.processes import Command

RESOLVER = "jgo==3.2.0"
# A broker and StorageTool; the logging backend is one small archive that writes to stderr.
ENDPOINT = "org.apache.kafka:kafka_2.13:{version}+org.slf4j:slf4j-simple:1.7.36"
# What only the compiler of Kafka's own sources needs.
UNUSED = {"scala-reflect"}
HEADER = "# SHA-256, size in bytes, group:artifact:version. Made with: python -m devstack.lock {}\n"


def main(version: str) -> None:
    """Resolve a Kafka version and write down every archive that its broker loads."""
    with tempfile.TemporaryDirectory() as folder:
        repository = Path(folder) / "repository"
        _resolve(ENDPOINT.format(version=version), repository, tools=Path(folder) / "tools")
        jars = [_jar(file, repository) for file in sorted(repository.rglob("*.jar"))]
    lines = [f"{jar}\n" for jar in jars if jar.artifact not in UNUSED]
    LOCK_FILE.write_text(HEADER.format(version) + "".join(lines), encoding="utf-8")


def _resolve(endpoint: str, repository: Path, *, tools: Path) -> None:
    """Let jgo, which only this script needs, download the archives and their dependencies."""
    pip = (sys.executable, "-m", "pip", "install", "--quiet", "--target", str(tools), RESOLVER)
    Command(argv=pip, folder=Path.cwd()).run()
    sys.path.insert(0, str(tools))
    context = importlib.import_module("jgo.maven").MavenContext(repo_cache=repository)
    builder = importlib.import_module("jgo.env").EnvironmentBuilder(context=context)
    builder.from_endpoint(endpoint)


def _jar(file: Path, repository: Path) -> Jar:
    *group, artifact, version, _name = file.relative_to(repository).parts
    return Jar(
        group=".".join(group),
        artifact=artifact,
        version=version,
        sha256=sha256_of(file),
        size_bytes=file.stat().st_size,
    )


if __name__ == "__main__":
    main(*sys.argv[1:])
