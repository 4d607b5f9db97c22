"""What is no transaction is refused for a stated reason, whatever the bytes."""

import json
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from finguard.domain.transaction import (
    FUTURE_ALLOWANCE_S,
    MAX_PAYLOAD_BYTES,
    Transaction,
    decode,
    encode,
)
from finguard.errors import InvalidMessage
from tests.strategies import transactions
from tests.unit.domain.examples import ORDINARY, purchase

PUBLISHED_US = ORDINARY.time_us
FIELDS: dict[str, Any] = json.loads(encode(ORDINARY))
REASONS = {
    "amount",
    "country",
    "currency",
    "duplicate_key",
    "empty",
    "encoding",
    "future",
    "key_mismatch",
    "malformed_json",
    "schema",
    "timestamp",
    "too_large",
    "unprintable",
}


def read(payload: bytes | None, key: bytes | None = b"u1") -> Transaction:
    """Decode as the detector would at the ordinary transaction's time."""
    return decode(payload, key=key, published_us=PUBLISHED_US)


def refusal(payload: bytes | None, key: bytes | None = b"u1") -> str:
    """The reason for which a message is refused."""
    with pytest.raises(InvalidMessage) as caught:
        read(payload, key)
    return caught.value.reason


def message(**changes: object) -> bytes:
    """The ordinary event as JSON with other values."""
    return json.dumps(FIELDS | changes).encode()


def raw(name: str, value: str) -> bytes:
    """The ordinary event with one value written as given."""
    return message(**{name: "@"}).replace(b'"@"', value.encode())


@pytest.mark.parametrize(
    ("payload", "reason"),
    [
        (None, "empty"),
        (b"", "empty"),
        (b" " * (MAX_PAYLOAD_BYTES + 1), "too_large"),
        (b"{", "malformed_json"),
        (b"null", "schema"),
        (b"[]", "schema"),
        (b"7", "schema"),
        (b"{}", "schema"),
        (message()[:-1], "malformed_json"),
        (message() + b"}", "malformed_json"),
        (b"\xef\xbb\xbf" + message(), "malformed_json"),
        (message().decode().encode("utf-16"), "malformed_json"),
        (b"[" * 16_000, "schema"),
        (b'{"x":' + b"[" * 16_000, "malformed_json"),
        (message(extra="@").replace(b'"@"', b"[" * 5_000 + b"]" * 5_000), "malformed_json"),
        (message(city="@").replace(b"@", b"\xff"), "encoding"),
        (message(city="@").replace(b"@", b"\xed\xa0\x80"), "encoding"),
        (message(extra="@").replace(b"@", b"\xff"), "encoding"),
        (message(city="@").replace(b"@", b"\x00"), "malformed_json"),
    ],
)
def test_what_is_no_json_object(payload: bytes | None, reason: str) -> None:
    """Nothing, too much, other JSON, other encodings and endless nesting are told apart."""
    assert reason == refusal(payload)


@pytest.mark.parametrize("field", sorted(FIELDS))
@pytest.mark.parametrize("value", [None, True, [], {}, [1], {"a": 1}])
def test_a_wrong_type_names_the_field(field: str, value: object) -> None:
    """Case 8: no field takes nulls, booleans for numbers or lists; the detail says which field."""
    with pytest.raises(InvalidMessage, match=rf"\$\.{field}") as caught:
        read(message(**{field: value}))
    assert "schema" == caught.value.reason


@pytest.mark.parametrize("field", sorted(FIELDS))
def test_a_missing_field_is_named(field: str) -> None:
    """Every field but the radius must be there."""
    payload = json.dumps({name: FIELDS[name] for name in FIELDS if name != field}).encode()
    with pytest.raises(InvalidMessage, match=field) as caught:
        read(payload)
    assert "schema" == caught.value.reason


@pytest.mark.parametrize(
    ("field", "value", "reason"),
    [
        ("amount", "NaN", "malformed_json"),
        ("amount", "-Infinity", "malformed_json"),
        ("amount", '"NaN"', "amount"),
        ("amount", '"Infinity"', "amount"),
        ("amount", "-0.01", "amount"),
        ("amount", "0.00001", "amount"),
        ("amount", "1" + "0" * 5_000, "amount"),
        ("amount", "1e400", "amount"),
        ("amount", "1e-400", "amount"),
        ("amount", "1e99999999999999999999", "schema"),
        ("amount", '"much"', "schema"),
        ("lat", "NaN", "malformed_json"),
        ("lat", "90.0000001", "schema"),
        ("lat", "-91", "schema"),
        ("lat", "1e400", "schema"),
        ("lat", '"41"', "schema"),
        ("lon", "180.0000001", "schema"),
        ("lon", "-1e99", "schema"),
        ("location_radius_km", "-0.1", "schema"),
        ("location_radius_km", "1001", "schema"),
        ("location_radius_km", "Infinity", "malformed_json"),
        ("currency", '"usd"', "currency"),
        ("currency", '"XXX"', "currency"),
        ("currency", '"XAU"', "currency"),
        ("currency", '"US"', "schema"),
        ("country", '"tr"', "country"),
        ("country", '"T1"', "country"),
        ("country", '"ÄÖ"', "country"),
        ("country", '"TUR"', "schema"),
        ("channel", '"phone"', "schema"),
        ("transaction_id", '""', "schema"),
        ("transaction_id", f'"{"x" * 65}"', "schema"),
        ("user_id", f'"{"x" * 65}"', "schema"),
        ("merchant", f'"{"x" * 129}"', "schema"),
        ("category", '""', "schema"),
        ("city", r'"\u0000"', "unprintable"),
        ("city", r'"a\nb"', "unprintable"),
        ("merchant", r'"\u001b[31m"', "unprintable"),
        ("merchant", '"\u2028"', "unprintable"),
        ("merchant", '"\u202etxt"', "unprintable"),
        ("merchant", '"\u0085"', "unprintable"),
        ("merchant", '"\u007f"', "unprintable"),
        ("user_id", r'"\t"', "unprintable"),
        ("city", r'"\ud800"', "malformed_json"),
        ("city", r'"\udc00"', "malformed_json"),
        ("city", r'"\x41"', "malformed_json"),
        ("timestamp", '"2026-11-23T12:00:00"', "schema"),
        ("timestamp", '"2026-11-23"', "schema"),
        ("timestamp", "1795435200", "schema"),
        ("timestamp", '"2026-02-30T12:00:00Z"', "schema"),
        ("timestamp", '"2026-11-23T12:00:60Z"', "schema"),
        ("timestamp", '"0000-01-01T00:00:00Z"', "schema"),
        ("timestamp", '"0001-01-01T00:00:00+23:59"', "timestamp"),
        ("timestamp", '"1969-12-31T23:59:59.999999Z"', "timestamp"),
        ("timestamp", '"1970-01-01T00:00:00+00:01"', "timestamp"),
        ("timestamp", '"9999-12-31T23:59:59-23:59"', "future"),
        ("timestamp", '"9999-12-31T23:59:59.9999999Z"', "schema"),
    ],
)
def test_a_wrong_value_has_its_reason(field: str, value: str, reason: str) -> None:
    """Cases 6, 7 and 8, and all the values that would break something further on."""
    assert reason == refusal(raw(field, value))


@pytest.mark.parametrize("text", ["1_000", " 12 ", "+5", "١٢", "1e3", "", "0x10", "1."])
def test_an_amount_that_only_python_reads_as_a_number_is_refused(text: str) -> None:
    """As text an amount must be plain digits, or two programs would read two amounts."""
    assert refusal(raw("amount", json.dumps(text))) in {"amount", "schema"}


def test_an_amount_as_plain_text_is_exact() -> None:
    """Sources that do not trust numbers send money as text."""
    assert str(read(raw("amount", '"1234567.8901"')).amount) == "1234567.8901"


@pytest.mark.parametrize(
    "city", ["Saint\u00a0Denis", "\u0646\u06cc\u0645\u200c\u0641\u0627", "👩\u200d🚀", "Å", "東京"]
)
def test_names_in_every_script_are_names(city: str) -> None:
    """No-break spaces and joiners belong to writing; only control characters are refused."""
    assert city == read(message(city=city)).city


def test_case_06_the_future_begins_five_minutes_after_publication() -> None:
    """A clock may run 300 s ahead and not a microsecond more, so no profile sees the future."""
    transaction = purchase()
    allowed_us = transaction.time_us - FUTURE_ALLOWANCE_S * 1_000_000
    payload = encode(transaction)
    assert transaction == decode(payload, key=b"u1", published_us=allowed_us)
    with pytest.raises(InvalidMessage, match="300 s after") as caught:
        decode(payload, key=b"u1", published_us=allowed_us - 1)
    assert "future" == caught.value.reason


def test_no_publication_time_is_too_odd() -> None:
    """A record's timestamp is a number of 64 bits; even the least of them is no crash."""
    with pytest.raises(InvalidMessage, match="future"):
        decode(encode(ORDINARY), key=b"u1", published_us=-(2**63) * 1000)


def test_case_08_the_corners_of_the_map_are_places() -> None:
    """The greatest and least coordinates, and zero, are within range."""
    for lat, lon in [(90, 180), (-90, -180), (0, 0), (-0.0, 0.0)]:
        transaction = read(message(lat=lat, lon=lon))
        assert (lat, lon) == (transaction.lat, transaction.lon)


@pytest.mark.parametrize("key", [None, b"", b"u2", b"u1 ", b"\xff"])
def test_the_key_must_be_the_user(key: bytes | None) -> None:
    """A message under another key would land in a partition that does not know its user."""
    assert "key_mismatch" == refusal(message(), key)


def test_the_largest_message_still_fits() -> None:
    """Exactly 16 KiB are read, one byte more is not."""
    payload = message()
    padded = payload + b" " * (MAX_PAYLOAD_BYTES - len(payload))
    assert ORDINARY == read(padded)
    assert "too_large" == refusal(padded + b" ")


def test_a_long_value_does_not_make_a_long_detail() -> None:
    """The reason stays fit for a log line and a database row."""
    with pytest.raises(InvalidMessage) as caught:
        read(message(channel="\0" + "x" * 10_000))
    assert len(caught.value.detail) <= 200
    assert caught.value.detail.isprintable()


@given(st.binary(max_size=300), st.none() | st.binary(max_size=8))
@example(b"", None)
def test_any_bytes_are_a_transaction_or_refused(payload: bytes, key: bytes | None) -> None:
    """Random bytes raise nothing but InvalidMessage."""
    with suppress(InvalidMessage):
        read(payload, key)


@given(transactions(), st.data())
@settings(max_examples=200)
def test_damaged_messages_are_transactions_or_refused(
    transaction: Transaction, data: st.DataObject
) -> None:
    """A few bytes changed, lost or added raise nothing but InvalidMessage with a known reason."""
    payload = bytearray(encode(transaction))
    for _ in range(data.draw(st.integers(1, 3))):
        at = data.draw(st.integers(0, len(payload) - 1))
        payload[at : at + data.draw(st.integers(0, 2))] = data.draw(st.binary(max_size=2))
    _read_or_refuse(bytes(payload), transaction.user_id.encode(), transaction.time_us)


json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.integers(-(10**400), 10**400)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=5,
)


@given(st.dictionaries(st.sampled_from(sorted(FIELDS)), json_values, max_size=3))
def test_any_json_value_in_any_field(changes: dict[str, object]) -> None:
    """Whatever JSON can say in a field raises nothing but InvalidMessage with a known reason."""
    _read_or_refuse(message(**changes), b"u1", PUBLISHED_US)


def _read_or_refuse(payload: bytes, key: bytes, published_us: int) -> None:
    try:
        transaction = decode(payload, key=key, published_us=published_us)
    except InvalidMessage as error:
        assert error.reason in REASONS  # noqa: PT017 - most examples are refused, some are not
        assert "\0" not in error.detail  # noqa: PT017 - PostgreSQL takes no NUL
        assert len(error.detail.encode()) <= 800  # noqa: PT017 - and no lone surrogate
    else:
        again = decode(encode(transaction), key=key, published_us=published_us)
        assert transaction == again
