"""The limits of rules in words and units."""

from collections.abc import Callable, Sequence
from decimal import Decimal, InvalidOperation
from typing import Final

from pydantic import JsonValue

from finguard.dashboard.client.rules import Variant
from finguard.dashboard.wording import NOTHING, duration, money

_NAMES: Final = {
    "min_distance_km": "Journeys are judged from",
    "max_speed_kmh": "Impossible beyond",
    "ground_speed_kmh": "Improbable beyond a train of",
    "flight_speed_kmh": "… and beyond a flight of",
    "flight_overhead_s": "… with a wait around it of",
    "clock_skew_s": "Allowed for clocks that differ",
    "threshold_usd": "Amounts from",
    "window_s": "Counted within",
    "max_count": "More transactions than",
    "max_amount_usd": "Or a larger sum than",
    "units_per_usd": "One US dollar stands for",
}
"""In the order in which they are read; the API's answers have none."""

_UNITS: Final[dict[str, Callable[[Decimal], str]]] = {
    "usd": lambda amount: money(amount, "USD"),
    "kmh": "{:,f} km/h".format,
    "km": "{:,f} km".format,
    "s": lambda seconds: duration(float(seconds)),
}
_SHOWN_CURRENCIES: Final = ("EUR", "GBP", "JPY")


def limit_lines(variants: Sequence[Variant]) -> list[tuple[str, ...]]:
    """A line per limit: its name, and what it is in each of the variants.

    A name begins with `≠` where they differ.
    """
    found = {name for variant in variants for name in variant.limits}
    names = [name for name in _NAMES if name in found] + sorted(found - _NAMES.keys())
    return [_line(name, [variant.limits.get(name) for variant in variants]) for name in names]


def _line(name: str, values: Sequence[JsonValue]) -> tuple[str, ...]:
    differ = any(value != values[0] for value in values)
    return (("≠ " if differ else "") + _named(name), *(_written(name, value) for value in values))


def _named(name: str) -> str:
    return _NAMES.get(name) or name.replace("_", " ").capitalize()


def _written(name: str, value: JsonValue) -> str:
    """A value in the unit that its name says; of a limit that is new here, as it stands."""
    if value is None:
        return NOTHING
    if isinstance(value, dict):
        return _units(value)
    try:
        number = Decimal(str(value)).normalize()
    except InvalidOperation:
        return str(value)
    write = _UNITS.get(name.rpartition("_")[2], "{:,f}".format)
    return write(number)


def _units(units: dict[str, JsonValue]) -> str:
    """The best-known ones, since there are dozens."""
    known = [code for code in _SHOWN_CURRENCIES if code in units] or list(units)[:3]
    shown = ", ".join(f"{units[code]} {code}" for code in known)
    rest = len(units) - len(known)
    return shown + (f" and {rest} more" if rest else "")
