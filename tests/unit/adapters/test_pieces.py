"""Pieces of a range: together they are the range, and only minutes are left over."""

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from finguard.adapters.postgres.pieces import (
    ALERT_GRAINS,
    TRANSACTION_GRAINS,
    Piece,
    ceiling,
    coarsest,
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


def test_coarsest_grain_that_fits_all_bounds() -> None:
    """One bound that lies within an hour takes quarters, and one off those takes minutes."""
    day = datetime(2026, 3, 1, tzinfo=UTC)
    assert coarsest([day, day + timedelta(days=1)]) == "day"
    assert coarsest([day, day + timedelta(hours=1)]) == "hour"
    assert coarsest([day + 45 * MINUTE, day + timedelta(days=1)]) == "quarter"
    assert coarsest([day, day + MINUTE]) == "minute"
