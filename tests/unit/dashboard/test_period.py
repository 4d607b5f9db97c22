"""The range picker's choices."""

from datetime import UTC, datetime, timedelta

from finguard.dashboard.period import (
    ALL_TIME,
    BEGINNING,
    LONGEST,
    PERIODS,
    between,
    period_called,
)

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


def test_a_range_of_ones_own_has_its_end_and_its_buckets() -> None:
    """Minutes for hours, hours for days, days for more; and a stretch before it."""
    hours = {1: "minute", 3: "minute", 4: "hour", 24 * 14: "hour", 24 * 15: "day"}
    for length, bucket in hours.items():
        period = between(NOW - timedelta(hours=length), NOW)
        assert period is not None
        assert period.bucket == bucket
        assert period.end == datetime(2026, 3, 1, 12, 30, tzinfo=UTC)
        assert period.previous(NOW) == (
            period.end - timedelta(hours=2 * length),
            period.end - timedelta(hours=length),
        )


def test_a_range_must_have_a_length_that_can_be_drawn() -> None:
    """Neither none, nor more days than the API answers at once."""
    assert between(NOW, NOW) is None
    assert between(NOW, NOW - timedelta(days=1)) is None
    assert between(NOW - LONGEST - timedelta(days=1), NOW) is None
