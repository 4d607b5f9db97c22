"""What every service of the stack can tell and do."""

import signal
from typing import Protocol

from devstack.console import Console
from devstack.processes import Command
from devstack.settings import Address


class Service(Protocol):
    """A server that the programs need: how to find it, and how to run one here."""

    @property
    def name(self) -> str:
        """Return the name of its files."""

    @property
    def title(self) -> str:
        """Return the name that people know."""

    @property
    def setting(self) -> str:
        """Return the variable that says where it is."""

    @property
    def address(self) -> Address:
        """Return where it listens."""

    @property
    def is_embeddable(self) -> bool:
        """Tell whether a server started here would be found under that address."""

    @property
    def stop_signal(self) -> signal.Signals:
        """Return the signal for an orderly end that does not wait for clients."""

    def probe(self) -> None:
        """Talk to it as the programs will; raise `NotServingError` with the reason."""

    def fetch(self, console: Console) -> None:
        """Download what running it needs; raise `StackError`."""

    def prepare(self) -> Command:
        """Make its data folder ready and return the command; raise `StackError`."""
