"""From rows to events: exact amounts, UTC times, mapped names, stripped labels."""

import math
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal

import pytest

from finguard.domain.transaction import Transaction, decode
from finguard.errors import InvalidMessage
from finguard.simulator.replay.mapping import FIELDS, MappingError, RowMapping

NOW_US = 1_767_225_600_000_000
CELLS: dict[str, object] = {
    "transaction_id": "t1",
    "user_id": "ann",
    "amount": "12.3",
    "currency": "EUR",
    "merchant": "Shop",
    "category": "books",
    "channel": "online",
    "city": "Brussels",
    "country": "BE",
    "lat": "50.8",
    "lon": "4.3",
    "timestamp": "2018-06-01T00:00:00Z",
}


def _map(
    cells: Mapping[str, object],
    renamed: Mapping[str, str] | None = None,
    defaults: Mapping[str, str] | None = None,
) -> Transaction:
    mapping = RowMapping(list(cells), renamed or {}, defaults or {})
    message = mapping.message(cells, NOW_US)
    transaction = decode(message.value, key=message.key, published_us=NOW_US)
    assert message.time_us == transaction.time_us
    return transaction


def test_a_row_of_text_becomes_an_event() -> None:
    """All fields arrive under their names, under the user's id as the key."""
    transaction = _map(CELLS)
    assert {name: getattr(transaction, name) for name in FIELDS} == {
        **CELLS,
        "amount": Decimal("12.3"),
        "lat": 50.8,
        "lon": 4.3,
        "timestamp": datetime(2018, 6, 1, tzinfo=UTC),
        "location_radius_km": None,
    }


def test_labels_are_left_out() -> None:
    """Columns that are no event field never reach the payload."""
    cells = CELLS | {"label_fraud": 1, "is_fraud": 1, "home_lat": 1.0}
    value = RowMapping(list(cells), {}, {}).message(cells, NOW_US).value or b""
    assert b"label" not in value
    assert b"fraud" not in value
    assert b"home" not in value


@pytest.mark.parametrize(
    ("cell", "amount"),
    [
        (12.3, "12.3"),
        (0.1 + 0.2, "0.3"),
        ("12.30", "12.30"),
        (" 7 ", "7"),
        (0, "0"),
        (0.0, "0.0"),
        (Decimal("1.2345"), "1.2345"),
        (1.23455, "1.2346"),
        (1.23445, "1.2344"),
        ("0.00001", "0"),
        ("1e-999999", "0"),
        (1e11, "100000000000"),
        ("1E+3", "1000"),
    ],
)
def test_amounts_are_exact(cell: object, amount: str) -> None:
    """Floats give their shortest text, and beyond four decimals are rounded half to even."""
    assert Decimal(amount) == _map(CELLS | {"amount": cell}).amount


def test_an_amount_is_published_as_the_file_writes_it() -> None:
    """12.3 is on the wire as 12.3; what adding floats left behind is not."""
    for cell, written in ((12.3, b"12.3"), (914.1500000000001, b"914.15"), ("5.00", b"5.00")):
        cells = CELLS | {"amount": cell}
        message = RowMapping(list(cells), {}, {}).message(cells, NOW_US)
        assert b'"amount":' + written + b"," in (message.value or b"")


@pytest.mark.parametrize(
    "cell",
    [
        "2018-06-01T12:00:00Z",
        "2018-06-01 12:00:00",
        "2018-06-01T14:00:00+02:00",
        datetime(2018, 6, 1, 12),  # noqa: DTZ001 - as Parquet files often have it
        datetime(2018, 6, 1, 15, tzinfo=timezone(timedelta(hours=3))),
    ],
)
def test_times_are_utc(cell: object) -> None:
    """With a zone they are that instant; without one they are UTC."""
    cells = CELLS | {"timestamp": cell}
    value = RowMapping(list(cells), {}, {}).message(cells, NOW_US).value or b""
    assert b'"timestamp":"2018-06-01T12:00:00Z"' in value


@pytest.mark.parametrize(
    ("cell", "text"), [(4439407016451049, "4439407016451049"), (42.0, "42"), (Decimal(7), "7")]
)
def test_numbers_serve_as_ids(cell: object, text: str) -> None:
    """Card numbers stored as numbers lose no digit and gain no decimal point."""
    assert _map(CELLS | {"user_id": cell}).user_id == text


def test_columns_can_be_called_differently() -> None:
    """A renamed column is read in place of the field's own name."""
    cells = {**CELLS, "amt": "99"}
    assert _map(cells, {"amount": "amt"}).amount == 99


def test_one_column_can_serve_two_fields() -> None:
    """Nothing forbids that a merchant's name is its category, too."""
    assert _map(CELLS, {"category": "merchant"}).category == "Shop"


def test_the_channel_is_in_person_where_nothing_says_otherwise() -> None:
    """The standard default; an explicit one goes before it, and a column before both."""
    silent = {name: cell for name, cell in CELLS.items() if name != "channel"}
    assert _map(silent).channel == "in_person"
    assert _map(silent, defaults={"channel": "online"}).channel == "online"
    assert _map(CELLS).channel == "online"


@pytest.mark.parametrize("empty", [None, "", math.nan])
def test_an_empty_cell_takes_the_default(empty: object) -> None:
    """Empty text, null and the NaN of data frames are all "not said"."""
    cells = CELLS | {"currency": empty, "location_radius_km": empty}
    assert _map(cells, defaults={"currency": "USD"}).currency == "USD"
    with pytest.raises(InvalidMessage, match="missing: no currency"):
        _map(cells)


def test_the_radius_is_optional() -> None:
    """It is published where the file has it, and nowhere else."""
    assert _map(CELLS | {"location_radius_km": "2.5"}).location_radius_km == 2.5
    assert _map(CELLS).location_radius_km is None


@pytest.mark.parametrize(
    ("field", "cell", "reason"),
    [
        ("amount", "EUR 12", "unfit: amount: 'EUR 12' is no number"),
        ("amount", "1,200.50", "unfit: amount"),
        ("amount", "nan", "unfit: amount: 'nan' is no finite number"),
        ("amount", "-1", "amount: "),
        ("amount", True, "unfit: amount"),
        ("amount", 1e300, "amount"),
        ("lat", "north", "unfit: lat"),
        ("lat", "91", "schema"),
        ("lon", "inf", "unfit: lon"),
        ("timestamp", "01/06/2018", "unfit: timestamp"),
        ("timestamp", 1527811200, "unfit: timestamp: '1527811200' is no time"),
        ("timestamp", "2018-06-01T00:00:00+24:00", "unfit: timestamp"),
        ("timestamp", "0001-01-01T00:00:00+01:00", "unfit: timestamp"),
        ("timestamp", "2030-01-01T00:00:00Z", "future"),
        ("user_id", 1.5, "unfit: user_id"),
        ("user_id", ["ann"], "unfit: user_id"),
        ("merchant", "x" * 200, "schema"),
        ("merchant", "a\x00b", ""),
        ("merchant", "caf\udce9", "encoding"),
        ("currency", "EURO", "schema"),
        ("channel", "pos", "schema"),
    ],
)
def test_rows_that_are_no_transactions_are_refused(field: str, cell: object, reason: str) -> None:
    """With a reason that names the field, and by `InvalidMessage` alone."""
    with pytest.raises(InvalidMessage, match=f"^{reason}"):
        _map(CELLS | {field: cell})


def test_missing_columns_are_told_together() -> None:
    """With the columns there are and the options that help."""
    with pytest.raises(MappingError) as error:
        RowMapping(["user_id", "lat", "lon", "amt"], {}, {"currency": "EUR"})
    assert str(error.value) == (
        "no column transaction_id, amount, merchant, category, city, country, timestamp; "
        "the file has user_id, lat, lon, amt; see --map, --default"
    )


def test_an_unfit_default_is_told() -> None:
    """Before the first row is read."""
    with pytest.raises(MappingError, match="the default of amount is unfit"):
        RowMapping(list(CELLS), {}, {"amount": "much"})
