"""The range picker's choices."""

from datetime import UTC, datetime, timedelta

from finguard.dashboard.period import ALL_TIME, BEGINNING, PERIODS, period_called

NOW = datetime(2026, 3, 1, 12, 30, 45, tzinfo=UTC)


def test_a_period_begins_on_a_whole_minute() -> None:
    """Transactions are counted by minutes, so a bar is never cut."""
    assert PERIODS[0].start(NOW) == datetime(2026, 3, 1, 12, 15, tzinfo=UTC)


def test_the_previous_period_ends_where_this_one_begins() -> None:
    """It has the same length, so that figures compare."""
    previous = PERIODS[1].previous(NOW)

    assert previous is not None
    assert previous[1] == PERIODS[1].start(NOW)
    assert previous[1] - previous[0] == timedelta(hours=1)


def test_nothing_comes_before_all_time() -> None:
    """It begins before the first transaction, and is compared with nothing."""
    assert ALL_TIME.start(NOW) == BEGINNING
    assert ALL_TIME.previous(NOW) is None


def test_a_url_may_say_anything() -> None:
    """A period is found by its label; nonsense gives the first."""
    assert period_called("All") is ALL_TIME
    assert period_called("a fortnight") is PERIODS[0]
    assert period_called(None) is PERIODS[0]
