"""What an operator does from a terminal; each command is a module here."""

import argparse
from collections.abc import Sequence

from finguard.commands import dead_letters, users
from finguard.logging import configure_logging
from finguard.program import warn_of
from finguard.settings import load_settings, unknown_settings


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command that the arguments name.

    Returns:
        The exit code.

    Raises:
        FinGuardError: whatever keeps the command from doing its work, in one line.
    """
    chosen = _parser().parse_args(arguments)
    settings = load_settings()
    configure_logging("finguard", level=settings.log_level, format=settings.log_format)
    warn_of(unknown_settings())
    code: int = chosen.run(settings, chosen)
    return code


def _parser() -> argparse.ArgumentParser:
    """Every command with its options; a command's module adds itself and says what runs it."""
    parser = argparse.ArgumentParser(prog="python -m finguard", description=__doc__)
    commands = parser.add_subparsers(metavar="COMMAND", required=True)
    users.add_to(commands)
    dead_letters.add_to(commands)
    return parser
