"""From a row of any file to the event."""

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from decimal import ROUND_HALF_EVEN, Decimal
from typing import Any, Final, NamedTuple

from finguard.domain.transaction import AMOUNT_DECIMALS, Transaction, decode, encode
from finguard.errors import FinGuardError, InvalidMessage
from finguard.simulator.message import Message

FIELDS: Final = Transaction.__struct_fields__

STANDARD_DEFAULTS: Final = {"channel": "in_person"}
"""Files with places of purchase and no word on the channel tell of cards at terminals."""

_OPTIONAL: Final = frozenset({"location_radius_km"})
_FINEST_AMOUNT: Final = Decimal(1).scaleb(-AMOUNT_DECIMALS)


class MappingError(FinGuardError):
    """The file's columns and the event's fields do not come together."""


class _Source(NamedTuple):
    """Where a field's value comes from: a column, and a fallback for rows that say nothing."""

    field: str
    column: str | None
    convert: Callable[[Any], object]
    has_fallback: bool
    fallback: object


class RowMapping:
    """Turns rows into messages; columns that are no event field, such as labels, are left out.

    Args:
        columns: what the file has; None where each row says its own.
        renamed: the column of each field that is called differently there.
        defaults: values, as text, for fields that have no column, or whose cell is empty.

    Raises:
        MappingError: when a field would get no value, a renamed column does not exist or a default
            is none.
    """

    def __init__(
        self,
        columns: Sequence[str] | None,
        renamed: Mapping[str, str],
        defaults: Mapping[str, str],
    ) -> None:
        self.defaulted = STANDARD_DEFAULTS | dict(defaults)
        self._sources = [self._source(field, columns, renamed) for field in FIELDS]
        if columns is not None:
            self._refuse_gaps(columns, renamed)
        self.columns = [source.column for source in self._sources if source.column is not None]

    def message(self, cells: Mapping[str, object], published_us: int) -> Message:
        """The row as a message that the detector will accept.

        Amounts finer than four decimals are rounded, half to even; times without a zone are UTC.

        Raises:
            InvalidMessage: when the row cannot be a transaction.
        """
        transaction = Transaction(
            **{source.field: _read(source, cells) for source in self._sources}  # type: ignore[arg-type] # checked by decoding it below
        )
        try:
            payload, key = encode(transaction), transaction.user_id.encode()
        except UnicodeEncodeError as error:
            raise InvalidMessage("encoding", "the row is not UTF-8") from error
        decode(payload, key=key, published_us=published_us)
        return Message(key, payload, transaction.time_us)

    def _source(
        self, field: str, columns: Sequence[str] | None, renamed: Mapping[str, str]
    ) -> _Source:
        column = renamed.get(field, field)
        convert = _CONVERTERS.get(field, _text)
        known = columns is None or column in columns
        if field not in self.defaulted:
            return _Source(field, column if known else None, convert, field in _OPTIONAL, None)
        try:
            fallback = convert(self.defaulted[field])
        except (TypeError, ValueError, ArithmeticError) as error:
            raise MappingError(f"the default of {field} is unfit: {error}") from error
        return _Source(field, column if known else None, convert, True, fallback)

    def _refuse_gaps(self, columns: Sequence[str], renamed: Mapping[str, str]) -> None:
        absent = sorted(set(renamed.values()) - set(columns))
        missing = [
            source.field
            for source in self._sources
            if source.column is None and not source.has_fallback
        ]
        if absent or missing:
            problem = f"no column {', '.join(absent or missing)}"
            raise MappingError(
                f"{problem}; the file has {', '.join(columns)}; see --map, --default"
            )


def _read(source: _Source, cells: Mapping[str, object]) -> object:
    value = None if source.column is None else cells.get(source.column)
    # Not equal to itself: the NaN by which pandas says that a cell is empty.
    if value is None or value == "" or value != value:  # noqa: PLR0124
        if source.has_fallback:
            return source.fallback
        raise InvalidMessage("missing", f"no {source.field}")
    try:
        return source.convert(value)
    except (TypeError, ValueError, ArithmeticError) as error:
        raise InvalidMessage("unfit", f"{source.field}: {str(value)[:60]!a} {error}") from error


def _text(value: object) -> str:
    """Text as it is; whole numbers, such as card numbers, without a decimal point."""
    if isinstance(value, str):
        return value
    if isinstance(value, int | float | Decimal) and not isinstance(value, bool) and value % 1 == 0:
        return str(int(value))
    raise TypeError("is no text")


def _amount(value: object) -> Decimal:
    """Exactly what the file says; a float's shortest text, never its binary expansion."""
    amount = _decimal(value)
    exponent = amount.as_tuple().exponent
    if isinstance(exponent, int) and exponent < -AMOUNT_DECIMALS:
        # 914.1500000000001, as summing floats leaves it, was meant to be 914.15.
        return Decimal(f"{amount.quantize(_FINEST_AMOUNT, ROUND_HALF_EVEN):f}".rstrip("0"))
    return amount


def _decimal(value: object) -> Decimal:
    if isinstance(value, bool) or not isinstance(value, str | int | float | Decimal):
        raise TypeError("is no number")
    try:
        number = Decimal(repr(value)) if isinstance(value, float) else Decimal(value)
    except ArithmeticError:
        raise ValueError("is no number") from None
    if not number.is_finite():
        raise ValueError("is no finite number")
    return number


def _float(value: object) -> float:
    return float(_decimal(value))


def _time(value: object) -> datetime:
    """An ISO 8601 time; UTC where it names no zone."""
    if isinstance(value, str):
        value = datetime.fromisoformat(value)
    if not isinstance(value, datetime):
        raise TypeError("is no time")
    return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


_CONVERTERS: Final[dict[str, Callable[[Any], object]]] = {
    "amount": _amount,
    "lat": _float,
    "lon": _float,
    "location_radius_km": _float,
    "timestamp": _time,
}
