"""Strangers' bytes: shown in every form, and edited without losing any."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from finguard.dashboard.client.letters import Content
from finguard.dashboard.payload import (
    base64_lines,
    converted,
    draft_of,
    editable,
    edited,
    form_of,
    hexdump,
    measured,
)
from tests.unit.dashboard import letter_samples


def content(data: bytes, size: int | None = None) -> Content:
    """Bytes as the API tells of them."""
    return Content.model_validate(letter_samples.content(data, size))


def test_a_dump_tells_places_bytes_and_letters() -> None:
    """Eight bytes a line, and a dot for whatever is no ASCII letter."""
    assert hexdump(b'{"a":1}\n\x00<') == (
        '000000  7b 22 61 22 3a 31 7d 0a  {"a":1}·\n000008  00 3c                    ·<'
    )
    assert hexdump(b"") == ""


@given(st.binary(max_size=200))
def test_a_dump_and_base64_hold_every_byte(data: bytes) -> None:
    """What is shown can be read back, and no byte acts."""
    dump = hexdump(data)

    read = b"".join(bytes.fromhex(line[8:31]) for line in dump.splitlines())

    assert read == data
    assert all(char.isprintable() or char == "\n" for char in dump)
    assert base64_lines(content(data)).replace("\n", "") == content(data).base64


def test_sizes_are_told_and_what_is_cut() -> None:
    """A part is never taken for the whole."""
    assert measured(content(b"abc")) == "3 bytes"
    assert measured(content(b"a")) == "1 byte"
    assert measured(content(b"abc", size=70_000)) == "the first 3 of 70,000 bytes"


@pytest.mark.parametrize(
    "data", [b"\xff", b"a\r\nb", b"\x1b[2J", "\u202e".encode(), b"\x00", "\u2028".encode()]
)
def test_what_a_text_field_would_change_is_no_text(data: bytes) -> None:
    """Such bytes are edited in base64, which holds them all."""
    assert editable(data) is None
    assert form_of(content(data)) == "Base64"


@given(st.binary(max_size=100))
def test_what_nobody_touched_is_not_sent(data: bytes) -> None:
    """In the form in which it is offered, nothing is lost by looking at it."""
    original = content(data)
    form = form_of(original)

    assert edited(draft_of(original, form), form, original) is None


def test_an_edit_is_sent_in_its_form() -> None:
    """Text as text, and base64 without the spaces of whoever pasted it."""
    original = content(b"abc")

    assert edited("abd", "Text", original) == {"text": "abd"}
    assert edited("", "Text", original) == {"text": ""}
    assert edited(" YWJk\n", "Base64", original) == {"base64": "YWJk"}
    assert edited(" YW\nJj", "Base64", original) is None
    assert edited("", "Text", None) is None


@pytest.mark.parametrize("draft", ["abc", "ab=c", "é"])
def test_what_is_no_base64_is_told(draft: str) -> None:
    """Before anything is sent, with what helps."""
    with pytest.raises(ValueError, match="no base64"):
        edited(draft, "Base64", None)


def test_drafts_change_their_form() -> None:
    """Both ways where there are both, and empty where there is none."""
    assert converted("é", "Base64") == "w6k="
    assert converted("w6k=", "Text") == "é"
    assert converted("/wA=", "Text") == ""
    assert converted("no base64!", "Text") == ""
