"""Ranges of time: what they default to, and that they are widened and never shrunk."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from pydantic import ValidationError

from finguard.api.alert_inputs import AlertQuery
from finguard.api.inputs import RangeQuery
from finguard.api.stat_inputs import MAX_BUCKETS, TimelineQuery, has_whole_hours

NOW = datetime(2026, 3, 1, 12, 34, 56, 789, tzinfo=UTC)
MINUTE = timedelta(minutes=1)

moments = st.datetimes(
    datetime(1970, 1, 1),  # noqa: DTZ001 - hypothesis adds the zone
    datetime(2199, 12, 31),  # noqa: DTZ001 - as above
    timezones=st.just(UTC),
)
steps = st.sampled_from([MINUTE, timedelta(hours=1), timedelta(days=1)])


def ranged(since: object = None, until: object = None) -> RangeQuery:
    """A query's range, as a request spells it."""
    given_fields = {"from": since, "to": until}
    return RangeQuery.model_validate({k: v for k, v in given_fields.items() if v is not None})


def test_default_is_the_last_day() -> None:
    """Without a range, the 24 hours up to now, to whole minutes."""
    since, until = ranged().widened(NOW, MINUTE)
    assert datetime(2026, 2, 28, 12, 34, tzinfo=UTC) == since
    assert datetime(2026, 3, 1, 12, 35, tzinfo=UTC) == until


def test_begin_alone_reaches_until_now() -> None:
    """With a begin only, the range ends now."""
    begin = datetime(2026, 1, 1, tzinfo=UTC)
    assert (begin, datetime(2026, 3, 1, 12, 35, tzinfo=UTC)) == ranged(begin).widened(NOW, MINUTE)


def test_end_alone_reaches_back_a_day() -> None:
    """With an end only, the range is the day before it."""
    end = datetime(2020, 5, 6, tzinfo=UTC)
    assert (end - timedelta(days=1), end) == ranged(until=end).widened(NOW, MINUTE)


@given(moments, moments, steps)
def test_range_is_widened_to_whole_steps(since: datetime, until: datetime, step: timedelta) -> None:
    """What was asked for lies within what is answered, which is whole steps and not one more."""
    assume(since < until)
    begin, end = ranged(since, until).widened(NOW, step)
    assert since - step < begin <= since < until <= end < until + step
    epoch = datetime(1970, 1, 1, tzinfo=UTC)
    assert ((begin - epoch) % step, (end - epoch) % step) == (timedelta(0), timedelta(0))


@given(moments | st.none(), moments | st.none(), moments, steps)
def test_range_is_never_empty(
    since: datetime | None, until: datetime | None, now: datetime, step: timedelta
) -> None:
    """Whatever is left out and whenever it is, a range has at least one step."""
    assume(since is None or until is None or since < until)
    assume(until is None or until > datetime(1970, 1, 1, tzinfo=UTC))
    assume(now > datetime(1970, 1, 1, tzinfo=UTC))
    begin, end = ranged(since, until).widened(now, step)
    assert end - begin >= step


@pytest.mark.parametrize(
    "moment",
    [
        "2026-03-01T12:00:00",
        "2026-03-01",
        "2026-03-01T12:00Z",
        "1772366400",
        "0.5",
        "1970-01-01T00:00:00+00:01",
        "2199-12-31T23:59:59-00:01",
        "2026-02-30T00:00:00Z",
        "2026-03-01T12:00:00Z\n",
        "0001-01-01T00:00:00+23:59",
        "9999-12-31T23:59:59-23:59",
        "1969-12-31T23:59:59Z",
        "infinity",
        "NaN",
        "1e400",
        "9" * 400,
        "",
        "now",
        "\x00",
    ],
)
def test_moments_that_make_no_sense_are_refused(moment: str) -> None:
    """No zone, out of range, no number: all refused as invalid, and as nothing worse."""
    with pytest.raises(ValidationError):
        ranged(moment)


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2026-03-01T12:00:00Z", datetime(2026, 3, 1, 12, tzinfo=UTC)),
        ("2026-03-01t12:00:00z", datetime(2026, 3, 1, 12, tzinfo=UTC)),
        ("2026-03-01T14:30:00.123456+02:30", datetime(2026, 3, 1, 12, 0, 0, 123456, tzinfo=UTC)),
        ("1970-01-01T00:00:00Z", datetime(1970, 1, 1, tzinfo=UTC)),
        ("2199-12-31T23:59:59.999999Z", datetime(2199, 12, 31, 23, 59, 59, 999999, tzinfo=UTC)),
    ],
)
def test_moments_are_written_as_in_rfc_3339(text: str, moment: datetime) -> None:
    """Every zone is understood, and the instant is kept to the microsecond."""
    assert ranged(text).since == moment


@pytest.mark.parametrize("query", [RangeQuery, AlertQuery, TimelineQuery])
def test_backward_range_is_refused(query: type[RangeQuery | AlertQuery]) -> None:
    """A range must have a begin before its end."""
    with pytest.raises(ValidationError, match="`from` must lie before `to`"):
        query.model_validate({"from": NOW, "to": NOW})


def bounds(since: object, until: object, bucket: str, zone: str = "UTC") -> list[datetime]:
    """Where a timeline's buckets begin and end."""
    query = {"from": since, "to": until, "bucket": bucket, "zone": zone}
    return TimelineQuery.model_validate(query).bounds(NOW)


def test_longest_timeline_is_allowed_and_a_longer_one_is_not() -> None:
    """Exactly the most buckets pass, and one more does not."""
    begin = datetime(2026, 1, 1, tzinfo=UTC)
    end = begin + MAX_BUCKETS * MINUTE
    assert bounds(begin, end, "minute") == [begin + n * MINUTE for n in range(MAX_BUCKETS + 1)]
    with pytest.raises(ValueError, match="2,001 minutes"):
        bounds(begin, end + timedelta(microseconds=1), "minute")
    with pytest.raises(ValueError, match=r"47,\d+ days"):
        bounds(datetime(1970, 1, 1, tzinfo=UTC), datetime(2100, 1, 1, tzinfo=UTC), "day")


def test_days_are_those_of_the_zone() -> None:
    """They begin at its midnight, and last 23 or 25 hours where its clocks are changed."""
    spring = bounds("2026-03-28T12:00:00Z", "2026-03-30T12:00:00Z", "day", "Europe/Berlin")
    assert [bound.isoformat() for bound in spring] == [
        "2026-03-27T23:00:00+00:00",
        "2026-03-28T23:00:00+00:00",
        "2026-03-29T22:00:00+00:00",
        "2026-03-30T22:00:00+00:00",
    ]
    autumn = bounds("2026-10-25T00:00:00Z", "2026-10-25T12:00:00Z", "day", "Europe/Berlin")
    assert [autumn[1] - autumn[0]] == [timedelta(hours=25)]


def test_days_without_a_midnight_begin_when_the_clocks_are_changed() -> None:
    """In Cairo a day in April begins at one o'clock, and Samoa's calendar has skipped one."""
    cairo = bounds("2026-04-24T12:00:00Z", "2026-04-24T13:00:00Z", "day", "Africa/Cairo")
    assert cairo == [
        datetime(2026, 4, 23, 22, tzinfo=UTC),
        datetime(2026, 4, 24, 21, tzinfo=UTC),
    ]
    samoa = bounds("2011-12-29T12:00:00Z", "2011-12-31T09:00:00Z", "day", "Pacific/Apia")
    assert [later - earlier for earlier, later in pairwise(samoa)] == [timedelta(hours=24)] * 2


def test_hours_are_those_of_the_zone() -> None:
    """In India they begin at half past UTC's; an hour that comes twice is two buckets."""
    india = bounds("2026-03-01T12:00:00Z", "2026-03-01T13:00:00Z", "hour", "Asia/Kolkata")
    assert [bound.minute for bound in india] == [30, 30, 30]
    assert len(bounds("2026-10-25T00:00:00Z", "2026-10-25T02:00:00Z", "hour", "Europe/Berlin")) == 3


zones = st.sampled_from(
    ["UTC", "Europe/Berlin", "Asia/Kolkata", "Asia/Kathmandu", "Pacific/Apia", "Africa/Cairo"]
)


@given(moments, st.integers(1, 1_900), st.sampled_from(["minute", "hour", "day"]), zones)
def test_buckets_cover_what_was_asked_for(
    since: datetime, length: int, bucket: str, zone: str
) -> None:
    """In any zone the bounds rise, and there is no bucket beyond what holds the range."""
    until = since + length * MINUTE
    assume(until < datetime(2199, 12, 1, tzinfo=UTC))
    assume(since > datetime(1970, 1, 3, tzinfo=UTC))
    found = bounds(since, until, bucket, zone)
    assert all(earlier < later for earlier, later in pairwise(found))
    assert found[0] <= since < found[1]
    assert found[-2] < until <= found[-1]


@pytest.mark.parametrize("zone", ["Mars/Olympus", "", "UTC; --", "../UTC", "europe/berlin", "+3"])
def test_zones_that_do_not_exist_are_refused(zone: str) -> None:
    """Only IANA's names, as IANA spells them."""
    with pytest.raises(ValidationError):
        TimelineQuery.model_validate({"zone": zone})


@pytest.mark.parametrize(
    ("zone", "year", "expected"),
    [
        ("UTC", 2026, True),
        ("America/New_York", 2026, True),
        ("Asia/Kolkata", 2026, False),
        ("Australia/Lord_Howe", 2026, False),
        ("Asia/Singapore", 1981, False),
        ("Asia/Singapore", 1990, True),
    ],
)
def test_some_zones_have_whole_hours(zone: str, year: int, expected: bool) -> None:  # noqa: FBT001 - a table
    """Some have an offset of half an hour, some had, and some have in summer alone."""
    year_of = datetime(year, 1, 1, tzinfo=UTC), datetime(year, 12, 31, tzinfo=UTC)
    assert has_whole_hours(zone, *year_of) is expected
