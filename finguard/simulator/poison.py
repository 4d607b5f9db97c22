"""Messages that are no transactions, of every kind a consumer must survive."""

from collections.abc import Callable
from random import Random
from typing import Final, NamedTuple

import msgspec

from finguard.domain.transaction import MAX_PAYLOAD_BYTES, Transaction, encode

Spoil = Callable[[bytes], bytes | None]
"""Makes a valid payload invalid in one way; None stands for a message without a value."""


class PoisonMessage(NamedTuple):
    """A message that must not be accepted, and the kind of what is wrong with it."""

    kind: str
    key: bytes | None
    value: bytes | None


def _replace(field: str, value: bytes) -> Spoil:
    """Put other raw JSON in the place of a field's value."""

    def spoil(payload: bytes) -> bytes:
        raw = msgspec.json.decode(payload, type=dict[str, msgspec.Raw])
        return msgspec.json.encode(raw | {field: msgspec.Raw(value)})

    return spoil


def _drop(field: str) -> Spoil:
    def spoil(payload: bytes) -> bytes:
        raw = msgspec.json.decode(payload, type=dict[str, msgspec.Raw])
        del raw[field]
        return msgspec.json.encode(raw)

    return spoil


def _append(member: bytes) -> Spoil:
    """Write one more member at the object's end."""

    def spoil(payload: bytes) -> bytes:
        return payload.removesuffix(b"}") + b"," + member + b"}"

    return spoil


_DEPTH: Final = MAX_PAYLOAD_BYTES // 4

SPOILS: Final[dict[str, Spoil]] = {
    "truncated_json": lambda payload: payload[: len(payload) // 2],
    "not_json": lambda _: b"<transaction>not JSON at all</transaction>",
    "not_an_object": lambda payload: b"[" + payload + b"]",
    "trailing_data": lambda payload: payload + payload,
    "invalid_utf8": _replace("merchant", b'"caf\xe9 \xff\xfe"'),
    "utf16": lambda payload: payload.decode().encode("utf-16"),
    "byte_order_mark": lambda payload: b"\xef\xbb\xbf" + payload,
    "empty": lambda _: b"",
    "no_value": lambda _: None,
    "wrong_type": _replace("amount", b"true"),
    "number_as_text": _replace("lat", b'"41.01"'),
    "null_field": _replace("user_id", b"null"),
    "missing_field": _drop("merchant"),
    "empty_text": _replace("city", b'""'),
    "nan": _replace("amount", b"NaN"),
    "nan_as_text": _replace("amount", b'"NaN"'),
    "infinity": _replace("lon", b"Infinity"),
    "infinity_as_text": _replace("amount", b'"-Infinity"'),
    "huge_amount": _replace("amount", b"1e400"),
    "huge_latitude": _replace("lat", b"1e400"),
    "negative_amount": _replace("amount", b"-12.5"),
    "too_many_decimals": _replace("amount", b"1.23456"),
    "latitude_out_of_range": _replace("lat", b"90.5"),
    "longitude_out_of_range": _replace("lon", b"-180.5"),
    "radius_out_of_range": _replace("location_radius_km", b"-1"),
    "naive_timestamp": _replace("timestamp", b'"2026-01-31T12:00:00"'),
    "impossible_timestamp": _replace("timestamp", b'"2026-02-30T12:00:00Z"'),
    "far_future_timestamp": _replace("timestamp", b'"2199-01-01T00:00:00Z"'),
    "ancient_timestamp": _replace("timestamp", b'"1813-01-01T00:00:00Z"'),
    "unknown_currency": _replace("currency", b'"XXQ"'),
    "unknown_channel": _replace("channel", b'"pigeon"'),
    "lower_case_country": _replace("country", b'"tr"'),
    "over_long_text": _replace("merchant", b'"' + b"x" * 200 + b'"'),
    "nul_character": _replace("merchant", b'"Corner\\u0000Books"'),
    "line_break": _replace("merchant", b'"Corner\\nBooks"'),
    "lone_surrogate": _replace("merchant", b'"Corner \\ud800 Books"'),
    "duplicate_key": _append(b'"amount":1'),
    "deep_nesting": lambda _: b"[" * _DEPTH + b"]" * _DEPTH,
    "deep_unknown_field": _append(b'"extra":' + b"[" * _DEPTH + b"]" * _DEPTH),
    "oversize": _append(b'"padding":"' + b"x" * MAX_PAYLOAD_BYTES + b'"'),
}
"""How the value is spoilt, by kind."""

KEY_KINDS: Final = ("wrong_key", "no_key")
"""Kinds whose value is a valid transaction under a key that is not its user's."""

KINDS: Final = (*SPOILS, *KEY_KINDS)


def make_poison(kind: str, transaction: Transaction) -> PoisonMessage:
    """A message that is wrong in one way and otherwise this transaction."""
    value = encode(transaction)
    key = transaction.user_id.encode()
    if kind == "wrong_key":
        return PoisonMessage(kind, b"somebody-else", value)
    if kind == "no_key":
        return PoisonMessage(kind, None, value)
    return PoisonMessage(kind, key, SPOILS[kind](value))


class PoisonCabinet:
    """Draws kinds so that each comes once before any comes again."""

    def __init__(self, rng: Random) -> None:
        self._rng = rng
        self._kinds: list[str] = []

    def brew(self, transaction: Transaction) -> PoisonMessage:
        """Poison of the next kind, made from a copy of a transaction under an id of its own."""
        if not self._kinds:
            self._kinds = list(KINDS)
            self._rng.shuffle(self._kinds)
        copy_id = f"px-{self._rng.getrandbits(64):016x}"
        copy = msgspec.structs.replace(transaction, transaction_id=copy_id)
        return make_poison(self._kinds.pop(), copy)
