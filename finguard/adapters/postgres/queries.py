"""Reads SQL files in which every query has a name and a comment."""

import re
from importlib import resources
from typing import Final

_NAME: Final = re.compile(r"^-- name: (\w+)$", re.MULTILINE)


def named_queries(file: str) -> dict[str, str]:
    """The queries of `finguard/adapters/postgres/sql/<file>` by name.

    A query begins at a line `-- name: its_name` and ends at the next such line.
    """
    text = (resources.files("finguard.adapters.postgres") / "sql" / file).read_text("utf-8")
    _, *parts = _NAME.split(text)
    return {name: sql.strip() for name, sql in zip(parts[::2], parts[1::2], strict=True)}
