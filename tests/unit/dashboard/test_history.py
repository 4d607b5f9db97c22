"""The timeline of all time, of which the API does not say when it began."""

from datetime import UTC, datetime, timedelta

import pytest

from finguard.dashboard.client.statistics import Bucket, Summary, Timeline, TimelineRow
from finguard.dashboard.history import whole_timeline
from finguard.dashboard.period import WIDTH
from tests.unit.dashboard.samples import summary

NOW = datetime(2026, 3, 1, 12, 30, tzinfo=UTC)


class Past:
    """An API whose transactions happened at the given times, one in each."""

    def __init__(self, *times: datetime) -> None:
        self.times = times
        self.asked: list[Bucket] = []

    @property
    def summary(self) -> Summary:
        """Of all time."""
        return Summary.model_validate(summary(transactions=len(self.times), alerts=0))

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
    """Days are read backwards until they hold everything, and nothing is asked beyond."""
    begin = datetime(2018, 4, 1, 9, 0, tzinfo=UTC)
    past = Past(*(begin + timedelta(days=day) for day in range(10)))

    timeline = whole_timeline(past, past.summary, NOW)

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

    timeline = whole_timeline(past, past.summary, NOW)

    assert timeline is not None
    assert timeline.bucket == bucket
    assert timeline.rows[0].transactions > 0
    assert timeline.rows[-1].transactions > 0


def test_without_any_transaction_there_is_no_bar() -> None:
    """An empty database gives an empty timeline after one question."""
    past = Past()

    timeline = whole_timeline(past, past.summary, NOW)

    assert timeline == Timeline(bucket="day", rows=())
    assert past.asked == ["day"]


def test_figures_that_do_not_agree_end_in_1970() -> None:
    """A summary that is ahead of the timeline does not make it ask for ever."""
    past = Past(NOW)
    ahead = Summary.model_validate(summary(transactions=5, alerts=0))

    timeline = whole_timeline(past, ahead, NOW)

    assert timeline is not None
    assert len(timeline.rows) == 1


def test_while_the_api_is_away_there_is_none() -> None:
    """An outage halfway is no timeline."""
    assert whole_timeline(lambda _bucket, _start, _end: None, Past(NOW).summary, NOW) is None
