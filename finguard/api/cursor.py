"""Page cursors: a place in the list of alerts as an opaque text."""

import struct
from base64 import urlsafe_b64decode, urlsafe_b64encode
from datetime import UTC, datetime, timedelta
from typing import Final

from finguard.adapters.postgres.reading import Position

_VERSION: Final = 1
_LAYOUT: Final = struct.Struct(">BqQ")
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND: Final = timedelta(microseconds=1)
_MAX_ALERT_ID: Final = 2**63 - 1


def encode_cursor(position: Position) -> str:
    """The text that `decode_cursor` makes the same position of."""
    time_us = (position.occurred_at - _EPOCH) // _MICROSECOND
    packed = _LAYOUT.pack(_VERSION, time_us, position.alert_id)
    return urlsafe_b64encode(packed).rstrip(b"=").decode()


def decode_cursor(text: str) -> Position:
    """The position that a text stands for.

    Raises:
        ValueError: when it is not exactly what `encode_cursor` gives for some position.
    """
    try:
        packed = urlsafe_b64decode(text.encode("ascii") + b"=" * (-len(text) % 4))
        version, time_us, alert_id = _LAYOUT.unpack(packed)
        position = Position(_EPOCH + time_us * _MICROSECOND, alert_id)
    except (ValueError, struct.error, OverflowError) as error:
        raise ValueError("this is no cursor of ours") from error
    # Decoding base64 overlooks stray characters and bits.
    if version != _VERSION or alert_id > _MAX_ALERT_ID or encode_cursor(position) != text:
        raise ValueError("this is no cursor of ours")
    return position
