"""Page cursors: every position survives them, and no other text passes for one."""

from contextlib import suppress
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from finguard.adapters.postgres.alerts import Position, Sort
from finguard.api.cursor import (
    decode_cursor,
    decode_letter_cursor,
    encode_cursor,
    encode_letter_cursor,
)
from finguard.domain import dead_letters

moments = st.datetimes(
    min_value=datetime(1, 1, 2),  # noqa: DTZ001 - hypothesis adds the zone
    max_value=datetime(9999, 12, 30),  # noqa: DTZ001 - as above
    timezones=st.sampled_from([UTC, timezone(timedelta(hours=-11)), timezone(timedelta(hours=14))]),
)
amounts = st.decimals(0, Decimal(10) ** 13 - 1, places=4)
positions = st.builds(
    Position,
    sort=st.sampled_from(get_args(Sort)),
    occurred_at=moments,
    score=st.integers(0, 100),
    amount=amounts,
    alert_id=st.integers(1, 2**63 - 1),
)
letter_positions = st.builds(dead_letters.Position, moments, st.integers(1, 2**63 - 1))


@given(positions)
def test_position_survives(position: Position) -> None:
    """Decoding gives the very values that were encoded, to the microsecond and the last digit."""
    assert decode_cursor(encode_cursor(position)) == position


@given(positions)
def test_cursor_needs_no_escaping(position: Position) -> None:
    """A cursor can stand in a URL as it is and stays short."""
    text = encode_cursor(position)
    assert text.replace("-", "").replace("_", "").isalnum()
    assert len(text) <= 40


@given(st.text() | st.from_regex(r"[A-Za-z0-9_-]{34,38}", fullmatch=True))
def test_other_texts_are_refused_or_canonical(text: str) -> None:
    """Any text is refused with a `ValueError` or is exactly what encoding its position gives."""
    with suppress(ValueError):
        assert encode_cursor(decode_cursor(text)) == text


@given(positions, st.sampled_from(["=", " ", "\n", "A", "\x00", "é", "\ud800"]))
def test_additions_are_refused(position: Position, addition: str) -> None:
    """Nothing may be appended, not even what a base64 decoder overlooks."""
    with pytest.raises(ValueError, match="no cursor"):
        decode_cursor(encode_cursor(position) + addition)


@pytest.mark.parametrize("text", ["", "AA", "AQ", "_" * 36, "A" * 36])
def test_texts_of_a_likely_look_are_refused(text: str) -> None:
    """Too short, another version, a time that no calendar has: none is a position."""
    with pytest.raises(ValueError, match="no cursor"):
        decode_cursor(text)


@given(letter_positions)
def test_a_letters_position_survives(position: dead_letters.Position) -> None:
    """Likewise, and no list takes the other's cursor."""
    text = encode_letter_cursor(position)
    assert decode_letter_cursor(text) == position
    with pytest.raises(ValueError, match="no cursor"):
        decode_cursor(text)


@given(st.text() | st.from_regex(r"[A-Za-z0-9_-]{22,24}", fullmatch=True) | positions)
def test_other_texts_are_no_letters_position(other: str | Position) -> None:
    """Refused, or exactly what encoding the position gives."""
    text = other if isinstance(other, str) else encode_cursor(other)
    with suppress(ValueError):
        assert encode_letter_cursor(decode_letter_cursor(text)) == text
