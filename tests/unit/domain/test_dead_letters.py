"""What strangers write into messages is told apart, read with care, and shown without effect."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from finguard.domain.dead_letters import REPLAY_HEADER, claimed_letter, digest, escaped

PARTS = [None, b"", b"-", b"0:", b"a", b"ab", b"1:a", b"a1:"]


def test_every_pair_of_key_and_value_has_a_digest_of_its_own() -> None:
    """No bytes can be moved from one to the other, and nothing is told from empty."""
    digests = sorted(digest(key, value) for key in PARTS for value in PARTS)
    assert all(one != other for one, other in pairwise(digests))


@pytest.mark.parametrize(
    ("headers", "letter"),
    [
        ([], None),
        ([("other", b"7")], None),
        ([(REPLAY_HEADER, b"7")], 7),
        ([(REPLAY_HEADER, None), (REPLAY_HEADER, b"x"), (REPLAY_HEADER, b"8")], 8),
        ([(REPLAY_HEADER, b"9" * 18)], 10**18 - 1),
        ([(REPLAY_HEADER, b"9" * 19)], None),
        ([(REPLAY_HEADER, b"-7")], None),
        ([(REPLAY_HEADER, "\u0667".encode())], None),
    ],
)
def test_a_claim_is_a_plain_number_that_fits(
    headers: list[tuple[str, bytes | None]], letter: int | None
) -> None:
    """Everything else is no claim."""
    assert claimed_letter(headers) == letter


@given(st.binary())
def test_whatever_is_shown_is_printable(data: bytes) -> None:
    """No bytes move a terminal's cursor, and none of them are lost to an error."""
    assert escaped(data).isprintable()


@given(st.text())
def test_all_that_is_not_printable_is_written_out(text: str) -> None:
    """Character by character, as Python writes them; the rest is left alone."""
    data = text.encode("utf-8", "backslashreplace")
    assert escaped(data) == "".join(
        char if char.isprintable() else char.encode("unicode_escape").decode()
        for char in data.decode()
    )


def test_ordinary_text_stays_readable() -> None:
    """Letters of every script are shown as they are, and JSON as it is."""
    text = '{"city":"İstanbul","merchant":"Šťastný \\" 木"}'
    assert escaped(text.encode()) == text
    assert escaped(b"a\x1b[2J\xff\n") == "a\\x1b[2J\\xff\\n"
