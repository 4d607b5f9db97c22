"""What keeps alerts quiet, in words."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from finguard.dashboard.client.customers import Suppression
from finguard.dashboard.quiet import (
    EVERY_RULE,
    OTHER,
    WITHDRAWN,
    end_of,
    ends,
    past_frame,
    scope,
    until,
)
from finguard.dashboard.wording import Clock
from tests.unit.dashboard.fake_customers import entry

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)


def suppression(number: int = 1, **changes: object) -> Suppression:
    """An entry as the client reads it."""
    return Suppression.model_validate(entry(number, **changes))


def test_a_snooze_ends_and_an_allow_may_hold() -> None:
    """What nobody can have is not offered."""
    assert WITHDRAWN not in ends("snooze")
    assert ends("allow")[0] == WITHDRAWN


def test_an_end_is_counted_from_now_or_is_ones_own() -> None:
    """Or there is none, until somebody withdraws it."""
    own = NOW + timedelta(hours=5)

    assert end_of("In 7 days", NOW, None) == NOW + timedelta(days=7)
    assert end_of(OTHER, NOW, own) == own
    assert end_of(WITHDRAWN, NOW, None) is None


def test_an_entry_says_of_what_and_until_when() -> None:
    """In the viewer's zone, with UTC beside it."""
    clock = Clock(ZoneInfo("Europe/Istanbul"))

    assert scope(suppression()) == "Impossible travel"
    assert scope(suppression(rule=None)) == EVERY_RULE
    assert until(suppression(), clock) == "until 6 Mar 2026 20:00:00 (17:00:00 UTC)"
    assert until(suppression(expires_at=None), clock) == "until it is withdrawn"


def test_past_entries_say_who_ended_them() -> None:
    """Active ones are not among them."""
    frame = past_frame(
        [
            suppression(number=3),
            suppression(number=2, state="withdrawn", withdrawn_by="bob", withdrawn_at=NOW),
            suppression(number=1, state="expired"),
        ]
    )

    assert list(frame["State"]) == ["✗ Withdrawn", "○ Expired"]
    assert list(frame["Who"]) == ["bob", "–"]  # noqa: RUF001
    assert list(frame["By"]) == ["alice", "alice"]
