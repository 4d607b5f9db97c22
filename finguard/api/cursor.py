"""Page cursors: a place in a list as an opaque text."""

import struct
from base64 import urlsafe_b64decode, urlsafe_b64encode
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Final, get_args

from finguard.adapters.postgres.alerts import Position, Sort
from finguard.domain import dead_letters

_VERSION: Final = 2
_LAYOUT: Final = struct.Struct(">BBqBQQ")
_LETTER_VERSION: Final = 1
_LETTER_LAYOUT: Final = struct.Struct(">BqQ")
_SORTS: Final[tuple[Sort, ...]] = get_args(Sort)
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND: Final = timedelta(microseconds=1)
_MAX_ID: Final = 2**63 - 1
_MAX_AMOUNT_UNITS: Final = 10**17 - 1
_AMOUNT_DECIMALS: Final = 4


def encode_cursor(position: Position) -> str:
    """The text that `decode_cursor` makes the same position of."""
    packed = _LAYOUT.pack(
        _VERSION,
        _SORTS.index(position.sort),
        (position.occurred_at - _EPOCH) // _MICROSECOND,
        position.score,
        int(position.amount.scaleb(_AMOUNT_DECIMALS)),
        position.alert_id,
    )
    return _text(packed)


def decode_cursor(text: str) -> Position:
    """The position that a text stands for.

    Raises:
        ValueError: when it is not exactly what `encode_cursor` gives for some position.
    """
    try:
        version, sort, time_us, score, units, alert_id = _LAYOUT.unpack(_packed(text))
        position = Position(
            sort=_SORTS[sort],
            occurred_at=_EPOCH + time_us * _MICROSECOND,
            score=score,
            amount=Decimal(units).scaleb(-_AMOUNT_DECIMALS),
            alert_id=alert_id,
        )
    except (ValueError, IndexError, struct.error, OverflowError) as error:
        raise ValueError("this is no cursor of ours") from error
    is_possible = version == _VERSION and alert_id <= _MAX_ID and units <= _MAX_AMOUNT_UNITS
    # Decoding base64 overlooks stray characters and bits.
    if not is_possible or encode_cursor(position) != text:
        raise ValueError("this is no cursor of ours")
    return position


def encode_letter_cursor(position: dead_letters.Position) -> str:
    """The same for a list of dead letters."""
    time_us = (position.published_at - _EPOCH) // _MICROSECOND
    return _text(_LETTER_LAYOUT.pack(_LETTER_VERSION, time_us, position.dead_letter_id))


def decode_letter_cursor(text: str) -> dead_letters.Position:
    """The position that a text stands for.

    Raises:
        ValueError: when it is not exactly what `encode_letter_cursor` gives for some position.
    """
    try:
        version, time_us, letter_id = _LETTER_LAYOUT.unpack(_packed(text))
        position = dead_letters.Position(_EPOCH + time_us * _MICROSECOND, letter_id)
    except (ValueError, struct.error, OverflowError) as error:
        raise ValueError("this is no cursor of ours") from error
    is_possible = version == _LETTER_VERSION and letter_id <= _MAX_ID
    if not is_possible or encode_letter_cursor(position) != text:
        raise ValueError("this is no cursor of ours")
    return position


def _text(packed: bytes) -> str:
    return urlsafe_b64encode(packed).rstrip(b"=").decode()


def _packed(text: str) -> bytes:
    return urlsafe_b64decode(text.encode("ascii") + b"=" * (-len(text) % 4))
