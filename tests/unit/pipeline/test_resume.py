"""Where a member resumes, from what PostgreSQL, Redis and Kafka say."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from finguard.domain.stream import Bounds, Claim
from finguard.errors import DataLossError
from finguard.pipeline.resume import ResumePoint, resume_point


def test_all_level() -> None:
    """After a clean stop the next record is the next to be judged."""
    point = resume_point(Claim(0, 2, 50), Bounds(0, 90), 49)
    assert point == ResumePoint(50, 49, rebuilding=False)


def test_redis_behind() -> None:
    """What PostgreSQL has and Redis lacks is folded again."""
    point = resume_point(Claim(0, 2, 50), Bounds(0, 90), 39)
    assert point == ResumePoint(40, 39, rebuilding=True)


def test_redis_gone() -> None:
    """Everything that Kafka still holds is folded again."""
    point = resume_point(Claim(0, 2, 50), Bounds(20, 90), None)
    assert point == ResumePoint(20, None, rebuilding=True)


def test_first_run() -> None:
    """Nothing done yet: begin at the beginning, there is nothing to rebuild."""
    point = resume_point(Claim(0, 1, 5), Bounds(5, 90), None)
    assert point == ResumePoint(5, None, rebuilding=False)


def test_redis_older_than_retention() -> None:
    """A copy of Redis from before the oldest record counts as lost."""
    point = resume_point(Claim(0, 2, 50), Bounds(40, 90), 10)
    assert point == ResumePoint(40, 10, rebuilding=True)


def test_redis_ahead() -> None:
    """PostgreSQL restored from an older copy would lose effects: a person must decide."""
    with pytest.raises(DataLossError, match="PostgreSQL was restored"):
        resume_point(Claim(0, 2, 50), Bounds(0, 90), 60)


def test_a_gap_is_accepted_on_request() -> None:
    """With the operator's word the detector goes on behind the gap."""
    point = resume_point(Claim(0, 2, 50), Bounds(60, 90), 49, accept_data_loss=True)
    assert point == ResumePoint(60, 49, rebuilding=False)


offsets = st.integers(0, 20)


@given(offsets, offsets, offsets, st.none() | offsets, st.booleans())
def test_nothing_is_ever_skipped(
    start: int,
    end: int,
    done: int,
    watermark: int | None,
    accept: bool,  # noqa: FBT001 - hypothesis passes it by position
) -> None:
    """Reading never starts behind the first record that has had no effect and still exists."""
    bounds = Bounds(min(start, end), max(start, end))
    try:
        point = resume_point(Claim(0, 1, done), bounds, watermark, accept_data_loss=accept)
    except DataLossError:
        return
    assert bounds.start <= point.position <= max(done, bounds.start)
