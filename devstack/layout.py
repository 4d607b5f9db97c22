"""Where a stack keeps its data, logs, state and downloads."""

import contextlib
import fcntl
import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parent.parent
OUTSIDE = Path("/var/lib/finguard")


@dataclass(frozen=True, kw_only=True)
class Layout:
    """The folders of one stack; every path below `folder` belongs to the stack alone."""

    folder: Path
    cache: Path

    @classmethod
    def of_checkout(cls, checkout: Path = CHECKOUT) -> "Layout":
        """Return the layout that `make up` and `make demo` use."""
        return cls(folder=checkout / ".finguard", cache=checkout / ".finguard" / "cache")

    def home(self, name: str) -> Path:
        """Return the folder that holds the data and configuration of one service."""
        return self.folder / name

    def log(self, name: str) -> Path:
        """Return the log file of one process."""
        return self.folder / "logs" / f"{name}.log"

    def state(self, name: str) -> Path:
        """Return the file that remembers which process runs as `name`."""
        return self.folder / "run" / f"{name}.json"

    @contextlib.contextmanager
    def locked(self) -> Iterator[None]:
        """Let only one process at a time start or stop the services of this stack."""
        self.folder.mkdir(parents=True, exist_ok=True)
        with (self.folder / "lock").open("w") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            yield


def outside(folder: Path) -> Path:
    """Return where to keep what an unprivileged account must reach and cannot reach in `folder`."""
    return OUTSIDE / hashlib.sha256(str(folder.resolve()).encode()).hexdigest()[:12]
