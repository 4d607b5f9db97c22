"""Paths with a customer's name in them: whatever the name, it stays one part."""

from typing import Any
from urllib.parse import unquote

from hypothesis import given
from hypothesis import strategies as st

from finguard.api.paths import CUSTOMERS, customer_path, routed


def scope_of(raw: str, root_path: str = "") -> dict[str, Any]:
    """A request as a server hands it on."""
    return {
        "type": "http",
        "path": unquote(root_path + raw),
        "raw_path": (root_path + raw).encode(),
        "root_path": root_path,
    }


@given(st.text(min_size=1), st.sampled_from(["", "/behind/a proxy"]))
def test_a_name_is_one_part(name: str, root_path: str) -> None:
    """The path that links lead to has the name in one place, also behind a proxy's path."""
    if any("\ud800" <= character <= "\udfff" for character in name):
        return
    path = routed(scope_of(customer_path(name, "transactions"), root_path))["path"]
    begin = root_path + CUSTOMERS
    assert path.startswith(begin)
    empty, part, rest = path.removeprefix(begin).split("/")
    assert (empty, unquote(part), rest) == ("", name, "transactions")


def test_other_paths_are_left_alone() -> None:
    """Nothing changes where no customer is meant."""
    for raw in ("/api/v1/alerts/a%2Fb", CUSTOMERS, "/", "/docs"):
        scope = scope_of(raw)
        assert routed(scope) is scope


def test_needless_quotes_change_nothing() -> None:
    """The way to the customers may be quoted as well, and is the same way."""
    scope = scope_of("/api/v1/%75sers/a/transactions")
    assert routed(scope)["path"] == f"{CUSTOMERS}/a/transactions"
