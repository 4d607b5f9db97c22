"""From what somebody chose in the filter row to what the API is asked for."""

import re
from datetime import UTC, datetime
from decimal import Decimal
from typing import Final, NamedTuple, TypeVar

from finguard.dashboard.client.alerts import AlertFilter, Sort
from finguard.dashboard.client.letters import LetterFilter
from finguard.dashboard.period import Period

Filter = TypeVar("Filter", AlertFilter, LetterFilter)

ANYONE: Final = "Anyone"
NOBODY: Final = "Nobody"
ME: Final = "Me"
"""Whoever looks: a link to it shows everybody their own alerts."""

SORTS: Final[dict[Sort, str]] = {
    "newest": "Newest first",
    "oldest": "Oldest first",
    "score": "Highest score",
    "amount": "Largest amount",
}

_BETWEEN: Final = re.compile(r"[\s,;]+")


class Choices(NamedTuple):
    """What the filter row says; the API judges whether it makes sense."""

    text: str = ""
    rules: tuple[str, ...] = ()
    severities: tuple[str, ...] = ()
    statuses: tuple[str, ...] = ()
    assignee: str = ANYONE
    countries: str = ""
    user: str = ""
    min_amount: float | None = None
    max_amount: float | None = None
    min_score: int = 0

    @property
    def tucked_away(self) -> tuple[str, ...]:
        """Which of those are in use that are not always in sight."""
        used = {
            "user": bool(self.user.strip()),
            "countries": bool(country_codes(self.countries)),
            "amount": self.min_amount is not None or self.max_amount is not None,
            "score": self.min_score > 0,
        }
        return tuple(name for name, is_used in used.items() if is_used)


def alert_filter(choices: Choices, viewer: str) -> AlertFilter:
    """The filter that the choices of a viewer mean, without a time."""
    nobody = choices.assignee == NOBODY
    names = {ANYONE: "", NOBODY: "", ME: viewer}
    return AlertFilter(
        rules=choices.rules,
        severities=choices.severities,
        statuses=choices.statuses,
        countries=country_codes(choices.countries),
        user_id=choices.user.strip(),
        assignee=names.get(choices.assignee, choices.assignee.strip().lower()),
        assigned=False if nobody else None,
        min_score=choices.min_score,
        min_amount=_exact(choices.min_amount),
        max_amount=_exact(choices.max_amount),
        text=choices.text.strip(),
    )


def during(chosen: Filter, period: Period) -> Filter:
    """The same filter, of a range of time; where that slides, as it is now."""
    times = {"start": period.start(datetime.now(UTC)), "end": period.end}
    return chosen.model_copy(update=times)


def country_codes(text: str) -> tuple[str, ...]:
    """Codes as somebody types them, in any case and with anything between: `de, TR`."""
    return tuple(code.upper() for code in _BETWEEN.split(text) if code)


def _exact(amount: float | None) -> Decimal | None:
    return None if amount is None else Decimal(str(amount))
