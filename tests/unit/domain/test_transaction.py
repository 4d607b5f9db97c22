"""The event survives its journey as bytes, and says the same time and money everywhere."""

from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from zoneinfo import ZoneInfo

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from finguard.domain.transaction import (
    MAX_AMOUNT,
    Transaction,
    amount_units,
    decode,
    encode,
)
from finguard.errors import InvalidMessage
from tests.strategies import amounts, timestamps, transactions
from tests.unit.domain.examples import ORDINARY, purchase, reread

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@given(transactions())
def test_decoding_gives_back_what_was_encoded(transaction: Transaction) -> None:
    """Nothing of any transaction is lost or changed on its way through Kafka."""
    assert transaction == reread(transaction)


@given(transactions(location_radius_km=None))
def test_an_unknown_radius_is_left_out(transaction: Transaction) -> None:
    """The bytes hold no null: absent says the same in fewer of them."""
    assert b"location_radius_km" not in encode(transaction)


def test_the_encoding_is_plain_json() -> None:
    """The bytes read as anybody would write the event, the amount as a number."""
    expected = (
        b'{"transaction_id":"t1","user_id":"u1","amount":123.45,"currency":"USD",'
        b'"merchant":"Corner Books","category":"books","channel":"in_person","city":"Istanbul",'
        b'"country":"TR","lat":41.0138,"lon":28.9497,"timestamp":"2026-11-23T12:00:00Z"}'
    )
    assert expected == encode(ORDINARY)


@given(timestamps())
def test_time_counts_microseconds_exactly(timestamp: datetime) -> None:
    """From 1970 to 9999 no microsecond is lost to a float."""
    transaction = msgspec.structs.replace(ORDINARY, timestamp=timestamp)
    assert timestamp == EPOCH + timedelta(microseconds=transaction.time_us)


@given(timestamps(), st.integers(-23 * 60, 23 * 60))
def test_case_07_one_instant_in_two_zones_is_equal(timestamp: datetime, minutes: int) -> None:
    """A zone is a way to write an instant and no part of it."""
    here = msgspec.structs.replace(ORDINARY, timestamp=timestamp)
    elsewhere = timestamp.astimezone(timezone(timedelta(minutes=minutes)))
    there = msgspec.structs.replace(ORDINARY, timestamp=elsewhere)
    assert here == there
    assert here.time_us == there.time_us


def test_case_07_the_repeated_hour_of_autumn_is_two_hours() -> None:
    """Where clocks go back, 02:30 summer time and 02:30 winter time are an hour apart."""
    berlin = ZoneInfo("Europe/Berlin")
    summer = purchase(timestamp=datetime(2026, 10, 25, 2, 30, tzinfo=berlin))
    winter = purchase(timestamp=datetime(2026, 10, 25, 2, 30, tzinfo=berlin, fold=1))
    assert 3_600_000_000 == winter.time_us - summer.time_us
    assert reread(summer).time_us == summer.time_us
    assert reread(winter).time_us == winter.time_us


@pytest.mark.parametrize("sign", [1, -1])
def test_an_offset_with_seconds_keeps_its_instant(sign: int) -> None:
    """RFC 3339 knows no seconds in an offset; the instant is written in UTC then."""
    odd = timezone(sign * timedelta(minutes=19, seconds=32))
    transaction = purchase(timestamp=datetime(1975, 1, 1, tzinfo=odd))
    assert transaction.time_us == reread(transaction).time_us


@given(amounts())
def test_amounts_are_counted_exactly(amount: Decimal) -> None:
    """Ten-thousandths of a currency turn back into the same money."""
    assert amount == Decimal(amount_units(amount)).scaleb(-4)


@pytest.mark.parametrize(
    ("text", "units"),
    [
        ("0", 0),
        ("-0", 0),
        ("0E-50", 0),
        ("0E+999999", 0),
        ("1e12", 10**16),
        ("0.0001", 1),
        ("999999999999.9999", 10**16 - 1),
        ("1." + "0" * 60, 10_000),
    ],
)
def test_money_may_be_written_in_many_ways(text: str, units: int) -> None:
    """Zero is money, and so is a number with a long but empty tail."""
    assert units == amount_units(Decimal(text))


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("-0.0001", "between 0 and"),
        ("1000000000000.0001", "between 0 and"),
        ("1E+999999", "between 0 and"),
        ("1E+999999999999999999", "between 0 and"),
        ("-Infinity", "between 0 and"),
        ("Infinity", "between 0 and"),
        ("NaN", "finite"),
        ("sNaN", "finite"),
        ("0.00001", "four decimals"),
        ("1E-400", "four decimals"),
        ("1E-999999999999999999", "four decimals"),
        # Multiplying these rounds to 28 digits, upon which they look like 1 and like 0.0001.
        ("0." + "9" * 60, "four decimals"),
        ("0.0001" + "0" * 40 + "1", "four decimals"),
    ],
)
def test_what_is_no_money_is_refused(text: str, complaint: str) -> None:
    """Signs, sizes and decimals outside those of money are named, however long the number is."""
    with pytest.raises(InvalidMessage, match=complaint) as caught:
        amount_units(Decimal(text))
    assert "amount" == caught.value.reason


@given(st.decimals(allow_nan=True, allow_infinity=True))
def test_any_decimal_is_money_or_refused(amount: Decimal) -> None:
    """No decimal raises anything but InvalidMessage, nor slips through inexactly."""
    try:
        units = amount_units(amount)
    except InvalidMessage:
        return
    assert amount == Decimal(units).scaleb(-4)
    assert 0 <= amount <= MAX_AMOUNT


def test_the_fingerprint_tells_what_a_profile_does_not_keep() -> None:
    """Merchant, category and channel each change it; the order of words between them counts."""
    others = [
        purchase(merchant="Corner Book"),
        purchase(category="book"),
        purchase(channel="online"),
        purchase(merchant="books", category="Corner Books"),
    ]
    fingerprints = {transaction.fingerprint for transaction in [ORDINARY, *others]}
    assert 1 + len(others) == len(fingerprints)


def test_a_string_of_digits_is_an_amount_too() -> None:
    """Sources that fear floats send money as text; it is read exactly."""
    payload = encode(ORDINARY).replace(b"123.45", b'"123.4500"')
    assert ORDINARY == decode(payload, key=b"u1", published_us=ORDINARY.time_us)
