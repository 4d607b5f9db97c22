"""Numbers, times and names as a person reads them; and strangers' text made harmless."""

import re
from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo
from decimal import Decimal
from typing import Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

NOTHING: Final = "–"  # noqa: RUF001 - a dash is what an empty cell shows

MINUS: Final = "−"  # noqa: RUF001 - as wide as a plus

SEVERITIES: Final = {"high": "▲ High", "medium": "◆ Medium", "low": "● Low"}
"""With a shape, so that the colour is never the only sign."""

QUIET: Final = ":gray-badge[:material/notifications_off: Suppressed]"
"""The mark of an alert that an allow or snooze entry keeps quiet."""

SEVERITY_BADGES: Final = {"high": "red", "medium": "orange", "low": "blue"}

RULES: Final = {
    "impossible_travel": "Impossible travel",
    "high_value": "High value",
    "velocity": "Velocity",
}

STATUSES: Final = {
    "open": "Open",
    "investigating": "Investigating",
    "confirmed_fraud": "Confirmed fraud",
    "false_positive": "False positive",
}

CHANNELS: Final = {"in_person": "in person", "online": "online"}

_MARKDOWN: Final = re.compile(r"([!-/:-@\[-`{-~])")
_SHORTCODE: Final = re.compile(r":(?!\d\d:)(?=[\w+-]+:)")
"""Begins an emoji's code such as `:fire:` or `:100:`; the minutes of a time are none."""

_UNITS: Final = (("day", 86_400), ("hour", 3_600), ("minute", 60), ("second", 1))
_LEAST_SHARE: Final = 0.00001
_HUNDRED: Final = 100
_MILLION: Final = 1_000_000
_BILLION: Final = 1_000_000_000


def named(names: dict[str, str], code: str) -> str:
    """The name of a code; of one that is new to the dashboard, the code in words."""
    return names.get(code) or code.replace("_", " ").capitalize()


def escape(text: str) -> str:
    """Text that markdown shows letter by letter, whatever it holds.

    Markdown takes a backslash before any punctuation mark. Streamlit replaces `:emoji:` after
    that, in the finished text, so a word joiner parts the colon from what follows.
    """
    parted = _SHORTCODE.sub(":\u2060", " ".join(text.split()))
    return _MARKDOWN.sub(r"\\\1", parted)


def count(number: int) -> str:
    """A whole number with thousands separators."""
    return f"{number:,}"


def percent(share: float | None) -> str:
    """A share as a percentage with as many digits as it takes to tell it from zero."""
    if share is None:
        return NOTHING
    if 0 < share < _LEAST_SHARE:
        return f"< {_LEAST_SHARE * 100:.3f} %"
    digits = 1 if share >= 0.1 or share == 0 else 2 if share >= 0.001 else 3  # noqa: PLR2004
    return f"{share * 100:,.{digits}f} %"


def money(amount: Decimal, currency: str) -> str:
    """Money in full: `12,500.00 USD`."""
    return f"{amount:,.2f} {currency}"


def short_money(amount: Decimal, currency: str) -> str:
    """Money that fits a card: `9,871 USD`, `1.23 M USD`."""
    if abs(amount) >= _BILLION:
        return f"{amount / _BILLION:,.2f} bn {currency}"
    if abs(amount) >= _MILLION:
        return f"{amount / _MILLION:,.2f} M {currency}"
    return f"{amount:,.0f} {currency}"


def pace(per_second: float) -> str:
    """Events a second, whole from ten on: `3.4 /s`, `2,150 /s`."""
    digits = 0 if per_second >= 10 or per_second == 0 else 1  # noqa: PLR2004 - as said
    return f"{per_second:,.{digits}f} /s"


def short_duration(seconds: float) -> str:
    """A length of time that fits a card: `85 ms`, `1.4 s`, `12 min`."""
    if seconds < 1:
        digits = 1 if seconds < 0.01 else 0  # noqa: PLR2004 - a hundredth tells little more
        return f"{seconds * 1000:,.{digits}f} ms"
    if seconds < _HUNDRED:
        return f"{seconds:.1f} s"
    return f"{seconds / 60:,.0f} min"


def change(now: float, before: float) -> str | None:
    """How much a figure grew: `+12 %`; None where nothing came before."""
    if before <= 0:
        return None
    percentage = round((now - before) / before * 100)
    if percentage > 999:  # noqa: PLR2004 - beyond that, a factor reads better
        return f"×{now / before:,.0f}"  # noqa: RUF001 - the multiplication sign
    return f"{percentage:+,d} %".replace("-", MINUS) if percentage else "0 %"


def duration(seconds: float) -> str:
    """A length of time in its largest fitting unit: `1.5 hours`."""
    for unit, size in _UNITS:
        if seconds >= size:
            digits = 1 if size > 1 else 0
            amount = f"{seconds / size:.{digits}f}".removesuffix(".0")
            return f"{amount} {unit}" + ("" if amount == "1" else "s")
    return "0 seconds" if seconds <= 0 else f"{seconds:.1g} seconds"


def ago(then: datetime, now: datetime) -> str:
    """How long ago, in whole units: `3 minutes ago`."""
    seconds = (now - then).total_seconds()
    for unit, size in _UNITS:
        amount = int(seconds // size)
        if amount >= 1:
            return f"{amount} {unit}{'' if amount == 1 else 's'} ago"
    return "just now"


@dataclass(frozen=True)
class Clock:
    """Times as the viewer's own clock shows them.

    Attributes:
        zone: the viewer's time zone.
    """

    zone: tzinfo = UTC

    @classmethod
    def of(cls, zone_name: str | None) -> "Clock":
        """The clock of a zone named as in the IANA database; UTC where it is unknown."""
        try:
            return cls(ZoneInfo(zone_name)) if zone_name else cls()
        except (ZoneInfoNotFoundError, ValueError, OSError):
            return cls()

    @property
    def name(self) -> str:
        """The zone in words."""
        return str(self.zone).replace("_", " ")

    def time(self, instant: datetime, now: datetime) -> str:
        """The time of day, with the date unless it is today's."""
        local, today = instant.astimezone(self.zone), now.astimezone(self.zone)
        if local.date() == today.date():
            return f"{local:%H:%M:%S}"
        year = "" if local.year == today.year else f" {local.year}"
        return f"{local.day} {local:%b}{year} {local:%H:%M:%S}"

    def full(self, instant: datetime) -> str:
        """Date and time, with UTC beside it where that differs."""
        local, utc = instant.astimezone(self.zone), instant.astimezone(UTC)
        written = f"{local.day} {local:%b %Y %H:%M:%S}"
        if local.utcoffset() == utc.utcoffset():
            return f"{written} UTC"
        same_day = local.date() == utc.date()
        return (
            f"{written} ({utc:%H:%M:%S} UTC)"
            if same_day
            else f"{written} ({utc:%d %b %H:%M:%S} UTC)"
        )
