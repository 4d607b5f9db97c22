"""The timeline of all time, which begins where the API says that everything does."""

from datetime import UTC, datetime, timedelta

import pytest

from finguard.dashboard.client.statistics import Bucket, Timeline, TimelineRow
from finguard.dashboard.history import whole_timeline
from finguard.dashboard.period import WIDTH

NOW = datetime(2026, 3, 1, 12, 30, tzinfo=UTC)


class Past:
    """An API whose transactions happened at the given times, one in each."""

    def __init__(self, *times: datetime) -> None:
        self.times = times
        self.asked: list[Bucket] = []

    @property
    def earliest(self) -> datetime | None:
        """When the first of them was."""
        return min(self.times, default=None)

    def __call__(self, bucket: Bucket, start: datetime, end: datetime) -> Timeline:
        """Every bucket from start to end, as the API answers."""
        self.asked.append(bucket)
        width = WIDTH[bucket]
        assert (end - start) / width <= 2_000, "the API would refuse so many"
        rows = []
        while start < end:
            inside = sum(start <= time < start + width for time in self.times)
            rows.append(TimelineRow(bucket=start, transactions=inside, alerts=0))
            start += width
        return Timeline(bucket=bucket, rows=tuple(rows))


def test_a_replay_of_old_records_is_found() -> None:
    """Days are asked for in as many parts as it takes, and nothing beyond the first of them."""
    begin = datetime(2018, 4, 1, 9, 0, tzinfo=UTC)
    past = Past(*(begin + timedelta(days=day) for day in range(10)))

    timeline = whole_timeline(past, past.earliest, NOW)

    assert timeline is not None
    assert (timeline.bucket, len(timeline.rows)) == ("day", 10)
    assert timeline.rows[0].bucket == datetime(2018, 4, 1, tzinfo=UTC)
    assert past.asked == ["day", "day"]


@pytest.mark.parametrize(
    ("span", "bucket"),
    [
        (timedelta(days=20), "day"),
        (timedelta(hours=30), "hour"),
        (timedelta(minutes=20), "minute"),
        (timedelta(0), "minute"),
    ],
)
def test_bars_are_as_fine_as_the_data_takes(span: timedelta, bucket: Bucket) -> None:
    """Ten minutes of data are not one bar of a day."""
    past = Past(NOW - span, NOW)

    timeline = whole_timeline(past, past.earliest, NOW)

    assert timeline is not None
    assert timeline.bucket == bucket
    assert timeline.rows[0].transactions > 0
    assert timeline.rows[-1].transactions > 0


def test_without_any_transaction_there_is_no_bar() -> None:
    """An empty database gives an empty timeline without a question."""
    past = Past()

    timeline = whole_timeline(past, past.earliest, NOW)

    assert timeline == Timeline(bucket="day", rows=())
    assert past.asked == []


def test_while_the_api_is_away_there_is_none() -> None:
    """An outage halfway is no timeline."""
    assert whole_timeline(lambda _bucket, _start, _end: None, Past(NOW).earliest, NOW) is None
