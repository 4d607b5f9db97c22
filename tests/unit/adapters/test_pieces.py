"""Pieces of a range: together they are the range, and only minutes are left over."""

from datetime import UTC, datetime, timedelta
from itertools import accumulate

from hypothesis import given
from hypothesis import strategies as st

from finguard.adapters.postgres.pieces import (
    ALERT_GRAINS,
    TRANSACTION_GRAINS,
    Grain,
    Piece,
    bucket_pieces,
    ceiling,
    floor,
    pieces,
)

MINUTE = timedelta(minutes=1)
START = datetime(1970, 1, 1, tzinfo=UTC)

minutes = st.integers(0, 120 * 366 * 1_440).map(lambda number: START + number * MINUTE)
lengths = st.one_of(st.integers(0, 200), st.integers(0, 100_000), st.integers(0, 2_000_000))


@given(minutes, lengths, st.sampled_from([ALERT_GRAINS, TRANSACTION_GRAINS]))
def test_pieces_make_up_the_range(since: datetime, length: int, grains: tuple[str, ...]) -> None:
    """They follow one another without gap or overlap, and are whole grains."""
    until = since + length * MINUTE
    found = list(pieces(since, until, grains))  # type: ignore[arg-type] # hypothesis forgets them
    at = since
    for piece in found:
        assert piece.since == at < piece.until
        at = piece.until
        if piece.grain == "minute":
            assert piece.until - piece.since < timedelta(hours=2)
        else:
            assert floor(piece.since, piece.grain) == piece.since
            assert floor(piece.until, piece.grain) == piece.until
    assert at == until
    assert len(found) <= 2 * len(grains) + 1


def test_a_range_of_everything_in_between() -> None:
    """Minutes, hours, days, months, and back again."""
    since, until = (
        datetime(2026, 1, 30, 22, 58, tzinfo=UTC),
        datetime(2026, 4, 2, 1, 1, tzinfo=UTC),
    )
    found = list(pieces(since, until, ALERT_GRAINS))
    grains = ["minute", "hour", "day", "month", "day", "hour", "minute"]
    assert [piece.grain for piece in found] == grains
    months = Piece("month", datetime(2026, 2, 1, tzinfo=UTC), datetime(2026, 4, 1, tzinfo=UTC))
    assert found[3] == months


def test_the_end_of_a_month() -> None:
    """A month's last moment belongs to it, and its end is the next one's begin."""
    last = datetime(2024, 2, 29, 23, 59, tzinfo=UTC)
    assert floor(last, "month") == datetime(2024, 2, 1, tzinfo=UTC)
    assert ceiling(last, "month") == datetime(2024, 3, 1, tzinfo=UTC)
    assert ceiling(datetime(2024, 12, 31, tzinfo=UTC), "month") == datetime(2025, 1, 1, tzinfo=UTC)


def test_buckets_are_made_of_one_piece_of_the_coarsest_grain() -> None:
    """One bound off the hours takes quarters, and one off those takes minutes."""
    day = datetime(2026, 3, 1, tzinfo=UTC)
    grains: dict[Grain, timedelta] = {
        "day": timedelta(days=1),
        "hour": timedelta(hours=1),
        "minute": MINUTE,
    }
    for grain, length in grains.items():
        assert list(bucket_pieces([day, day + length])) == [Piece(grain, day, day + length)]


def test_only_hours_that_a_bound_divides_are_taken_by_quarters() -> None:
    """Of days that begin within an hour that is one an end."""
    first = datetime(2026, 3, 1, 18, 30, tzinfo=UTC)
    second = first + timedelta(days=1)
    assert list(bucket_pieces([first, second])) == [
        Piece("quarter", first, first + 30 * MINUTE),
        Piece("hour", first + 30 * MINUTE, second - 30 * MINUTE),
        Piece("quarter", second - 30 * MINUTE, second),
    ]


def test_divided_hours_in_a_row_are_one_piece() -> None:
    """Hours of a zone of half hours are read as one range of quarters."""
    begin = datetime(2026, 3, 1, 18, 30, tzinfo=UTC)
    bounds = [begin + number * timedelta(hours=1) for number in range(49)]
    assert list(bucket_pieces(bounds)) == [Piece("quarter", bounds[0], bounds[-1])]


@given(st.integers(0, 400), st.lists(st.integers(1, 200), min_size=1, max_size=20))
def test_pieces_of_buckets_make_up_the_range(first: int, lengths: list[int]) -> None:
    """Nothing is left out or counted twice, and no piece's grain is divided by a bound."""
    begin = datetime(2026, 3, 1, tzinfo=UTC)
    bounds = [begin + 15 * MINUTE * each for each in accumulate([first, *lengths])]
    found = list(bucket_pieces(bounds))
    assert [found[0].since, found[-1].until] == [bounds[0], bounds[-1]]
    assert [piece.until for piece in found[:-1]] == [piece.since for piece in found[1:]]
    for piece in found:
        assert piece.since < piece.until
        for bound in [piece.since, piece.until, *bounds]:
            if piece.since <= bound <= piece.until:
                assert floor(bound, piece.grain) == bound
