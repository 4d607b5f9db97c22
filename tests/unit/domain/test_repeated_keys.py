"""A message that says a key twice says two things; no way to write it gets past the decoder."""

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from finguard.domain.transaction import Transaction, decode, encode
from finguard.errors import InvalidMessage
from tests.unit.domain.examples import ORDINARY

FIELDS: dict[str, Any] = json.loads(encode(ORDINARY))
Pair = tuple[str, str]

spaces = st.sampled_from(["", " ", "\n", "\t \r"])
others = st.sampled_from(
    ["null", "1", '"text"', '"a \\" quotation"', '{"deep":[1,{"deep":2}]}', '["\\u0022"]']
)
radii = st.sampled_from(["null", "0", "5.5"])


def read(payload: str) -> Transaction:
    """Decode the text as a message of the ordinary transaction's user."""
    return decode(payload.encode(), key=b"u1", published_us=ORDINARY.time_us)


@st.composite
def keys(draw: st.DrawFn, name: str) -> str:
    """A key as JSON may write it, with any of its characters escaped."""
    escaped = draw(st.sets(st.integers(0, len(name) - 1), max_size=2))
    letters = [f"\\u{ord(c):04x}" if i in escaped else c for i, c in enumerate(name)]
    return f'"{"".join(letters)}"'


@st.composite
def pairs(draw: st.DrawFn) -> list[Pair]:
    """Every field once, perhaps a radius, perhaps fields nobody knows, in any order."""
    said = [(name, json.dumps(value)) for name, value in FIELDS.items()]
    if draw(st.booleans()):
        said.append(("location_radius_km", draw(radii)))
    said += [(name, draw(others)) for name in draw(st.sets(st.sampled_from("xyz")))]
    return draw(st.permutations(said))


@st.composite
def written(draw: st.DrawFn, said: list[Pair]) -> str:
    """The pairs as JSON with any white space."""
    members = [
        f"{draw(spaces)}{draw(keys(name))}{draw(spaces)}:{draw(spaces)}{value}{draw(spaces)}"
        for name, value in said
    ]
    return "{" + ",".join(members) + "}"


@given(st.data())
def test_each_key_once_is_accepted(data: st.DataObject) -> None:
    """Escapes, white space, order, unknown fields and a null radius change nothing."""
    said = data.draw(pairs())
    transaction = read(data.draw(written(said)))
    radius = json.loads(dict(said).get("location_radius_km", "null"))
    expected = {**FIELDS} | ({} if radius is None else {"location_radius_km": radius})
    assert expected == json.loads(encode(transaction))


@given(st.data())
@settings(max_examples=200)
def test_a_key_said_twice_is_never_accepted(data: st.DataObject) -> None:
    """Known or unknown, equal or different, escaped or not: a repeated key is found."""
    said = data.draw(pairs())
    name, value = data.draw(st.sampled_from(said))
    if name == "location_radius_km":
        value = data.draw(radii)
    elif name not in FIELDS:
        value = data.draw(others)
    said.insert(data.draw(st.integers(0, len(said))), (name, value))
    with pytest.raises(InvalidMessage) as caught:
        read(data.draw(written(said)))
    assert "duplicate_key" == caught.value.reason


@pytest.mark.parametrize(
    "more",
    [
        '"amount":1',
        '"amount":"1"',
        '"\\u0061mount":1',
        '"location_radius_km":null,"location_radius_km":null',
        '"location_radius_km":5,"location_radius_km":null',
        '"location_radius_km":null,"location_radius_km":5',
        '"x":{"y":1,"y":1}',
        '"x":1,"x":2',
    ],
)
def test_examples_of_repeated_keys(more: str) -> None:
    """The ways that came to mind, those inside of unknown fields included."""
    payload = encode(ORDINARY).decode()[:-1] + f",{more}}}"
    with pytest.raises(InvalidMessage) as caught:
        read(payload)
    assert "duplicate_key" == caught.value.reason


def test_an_unknown_number_may_be_endless() -> None:
    """Looking for repeated keys does not stumble over integers that Python refuses to read."""
    payload = encode(ORDINARY).decode()[:-1] + f',"x":{"9" * 5_000}}}'
    assert ORDINARY == read(payload)
