"""Where a member starts reading a partition it was just given."""

import msgspec

from finguard.domain.stream import Bounds, Claim
from finguard.errors import DataLossError


class ResumePoint(msgspec.Struct, frozen=True):
    """Where to read from, and what is already done.

    Attributes:
        position: the next record to fold into profiles.
        watermark: what Redis must say when the first save comes; None where it has no word.
        rebuilding: profiles are folded again for records that had their effects long ago.
    """

    position: int
    watermark: int | None
    rebuilding: bool


def resume_point(
    claim: Claim,
    bounds: Bounds,
    watermark: int | None,
    *,
    accept_data_loss: bool = False,
) -> ResumePoint:
    """Decide where to start, from the three witnesses of progress.

    PostgreSQL says which records have had their effects (`claim.next_offset`), Redis which are in
    the profiles (`watermark`), Kafka which still exist. Redis is written after PostgreSQL, so it is
    level or behind; how far behind is folded again, without effects.

    Args:
        claim: what PostgreSQL says.
        bounds: what Kafka says.
        watermark: what Redis says.
        accept_data_loss: go on behind a gap instead of stopping.

    Raises:
        DataLossError: when records without effects are gone from Kafka, or when Kafka ends before
            what was already done, as after a restore of the broker from an old copy.
    """
    _refuse_loss(claim, bounds, accept=accept_data_loss)
    if watermark is not None and watermark + 1 > claim.next_offset:
        raise DataLossError(
            f"partition {claim.partition}: Redis knows records up to {watermark}, PostgreSQL only "
            f"up to {claim.next_offset - 1}: PostgreSQL was restored from an older copy. Empty "
            "FinGuard's Redis database; the profiles are then rebuilt from Kafka"
        )
    next_offset = max(claim.next_offset, bounds.start)
    if watermark is not None and bounds.start <= watermark + 1 <= bounds.end:
        return ResumePoint(watermark + 1, watermark, rebuilding=watermark + 1 < next_offset)
    # Everything that is still there: how far back a whole history reaches is told by event time,
    # of which offsets and Kafka's timestamps know nothing.
    return ResumePoint(bounds.start, watermark, rebuilding=bounds.start < next_offset)


def _refuse_loss(claim: Claim, bounds: Bounds, *, accept: bool) -> None:
    if claim.next_offset > bounds.end:
        raise DataLossError(
            f"partition {claim.partition}: Kafka ends at offset {bounds.end}, yet everything below "
            f"{claim.next_offset} was already judged: the log was truncated or restored from an "
            "old copy. Set FINGUARD_KAFKA_GROUP to a new name to judge the topic afresh"
        )
    if claim.next_offset < bounds.start and not accept:
        raise DataLossError(
            f"partition {claim.partition}: {bounds.start - claim.next_offset:,} transactions from "
            f"offset {claim.next_offset} on were deleted by retention before they were judged. Set "
            "FINGUARD_ACCEPT_DATA_LOSS=true to go on behind the gap"
        )
