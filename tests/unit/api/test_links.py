"""Links between operations: each can be followed, and whatever has an id is led to."""

from collections.abc import Iterator
from typing import Any

import pytest

from finguard.api.app import create_app
from tests.unit.api.configuration import api_settings

Json = dict[str, Any]


@pytest.fixture(scope="module")
def description() -> Json:
    """What the API says of itself."""
    return create_app(api_settings()).openapi()


def operations(description: Json) -> dict[str, Json]:
    """Every operation by its name, with its path."""
    return {
        operation["operationId"]: {**operation, "path": path}
        for path, methods in description["paths"].items()
        for operation in methods.values()
    }


def links(description: Json) -> Iterator[tuple[Json, Json]]:
    """Every link, after the answer that has it."""
    for operation in operations(description).values():
        for answer in operation["responses"].values():
            for link in answer.get("links", {}).values():
                yield answer, link


def resolved(description: Json, schema: Json) -> Json:
    """A schema itself, where it is a reference to one."""
    name = schema.get("$ref", "").rpartition("/")[2]
    return description["components"]["schemas"][name] if name else schema


def holds(description: Json, schema: Json, pointer: str) -> bool:
    """Whether what a schema describes can have something at a JSON pointer."""
    for step in pointer.split("/")[1:]:
        schema = resolved(description, schema)
        part = schema.get("items") if step.isdecimal() else schema.get("properties", {}).get(step)
        if part is None:
            return False
        schema = part
    return True


def body(content: Json) -> Json:
    """The schema of an answer or of a request, whatever its type."""
    (kind,) = content["content"].values()
    return dict(kind["schema"])


def expressions(part: object) -> Iterator[str]:
    """Every runtime expression of a link."""
    if isinstance(part, str):
        yield part
    elif isinstance(part, dict):
        for value in part.values():
            yield from expressions(value)
    elif isinstance(part, list):
        for value in part:
            yield from expressions(value)


def test_links_lead_to_what_takes_them(description: Json) -> None:
    """A link's operation exists and has the link's parameters and fields."""
    known = operations(description)
    seen = 0
    for _, link in links(description):
        target = known[link["operationId"]]
        names = {parameter["name"] for parameter in target.get("parameters", [])}
        assert set(link.get("parameters", {})) <= names, link
        for field in link.get("requestBody", {}):
            assert holds(description, body(target["requestBody"]), f"/{field}"), link
        seen += 1
    assert seen > 20


def test_links_take_what_the_answer_has(description: Json) -> None:
    """A link takes fields and headers that its answer is described with."""
    for answer, link in links(description):
        for expression in expressions([link.get("parameters"), link.get("requestBody")]):
            place, _, name = expression.partition("#")
            if place == "$response.body":
                assert holds(description, body(answer), name), link
            else:
                assert place.removeprefix("$response.header.") in answer["headers"], link


def test_whatever_has_an_id_is_led_to(description: Json) -> None:
    """Nobody has to guess an id: some answer's link has it for each operation that takes one."""
    with_id = {name for name, each in operations(description).items() if "{" in each["path"]}
    assert with_id <= {link["operationId"] for _, link in links(description)}
