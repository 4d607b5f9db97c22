"""Statistics of dead letters: how many there were, why, and what became of them."""

from collections import Counter
from datetime import UTC, datetime
from http import HTTPStatus
from typing import Annotated, get_args

from fastapi import APIRouter, Depends, Query, Response
from pydantic import BaseModel, ConfigDict, Field

from finguard.adapters.postgres import statistics
from finguard.adapters.postgres.pool import Row
from finguard.api.access import require
from finguard.api.problems import GUARDED, documented
from finguard.api.services import Provided
from finguard.api.stat_inputs import MaxAge, TimelineQuery
from finguard.api.stat_models import Range
from finguard.api.stats import answered, as_json, bounds_of
from finguard.domain.dead_letters import Status

router = APIRouter(
    prefix="/api/v1/stats", tags=["statistics"], dependencies=[Depends(require("viewer"))]
)


class DeadLetterRow(BaseModel):
    """The dead letters of one bucket."""

    bucket: Annotated[datetime, Field(description="When it begins.")]
    by_reason: Annotated[dict[str, int], Field(description="Reasons without any are absent.")]


class DeadLetterCounts(Range):
    """Dead letters of a range, by when Kafka took the messages."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "from": "2026-03-01T12:00:00Z",
                    "to": "2026-03-01T14:00:00Z",
                    "bucket": "hour",
                    "zone": "UTC",
                    "dead_letters": 3,
                    "by_reason": {"amount": 1, "schema": 2},
                    "by_status": {"open": 2, "replayed": 0, "resolved": 1, "discarded": 0},
                    "rows": [
                        {"bucket": "2026-03-01T12:00:00Z", "by_reason": {"amount": 1, "schema": 2}},
                        {"bucket": "2026-03-01T13:00:00Z", "by_reason": {}},
                    ],
                }
            ]
        }
    )

    bucket: Annotated[str, Field(description="As asked for.")]
    zone: Annotated[str, Field(description="As asked for.")]
    dead_letters: int
    by_reason: Annotated[dict[str, int], Field(description="Reasons without any are absent.")]
    by_status: Annotated[dict[Status, int], Field(description="As they are now.")]
    rows: Annotated[list[DeadLetterRow], Field(description="All buckets, oldest first.")]


@router.get(
    "/dead-letters",
    response_model=DeadLetterCounts,
    summary="Count dead letters",
    response_description="The counts.",
    responses=documented(*GUARDED, HTTPStatus.UNPROCESSABLE_ENTITY),
)
async def count_dead_letters(
    query: Annotated[TimelineQuery, Query()], services: Provided, max_age_s: MaxAge
) -> Response:
    """Dead letters of each minute, hour or day by reason, and all of them by status.

    Replays that came back are letters of their own. Without `from` and `to` the range is the last
    24 hours. It is widened to whole buckets, of which there may be 2,000.
    """
    bounds = bounds_of(query, datetime.now(UTC))

    def work() -> bytes:
        with services.database.cursor() as cursor:
            counted = statistics.dead_letters_by_bucket(cursor, bounds)
        return as_json(_counts(query, bounds, counted))

    question = ("dead-letters", bounds[0], bounds[-1], query.bucket, query.zone)
    return await answered(services, max_age_s, question, work)


def _counts(query: TimelineQuery, bounds: list[datetime], counted: list[Row]) -> DeadLetterCounts:
    by_reason: Counter[str] = Counter()
    by_status: Counter[Status] = Counter(dict.fromkeys(get_args(Status), 0))
    rows: list[Counter[str]] = [Counter() for _ in bounds[:-1]]
    for row in counted:
        by_reason[row["reason"]] += row["counted"]
        by_status[row["status"]] += row["counted"]
        rows[row["number"] - 1][row["reason"]] += row["counted"]
    return DeadLetterCounts(
        since=bounds[0],
        until=bounds[-1],
        bucket=query.bucket,
        zone=query.zone,
        dead_letters=by_reason.total(),
        by_reason=dict(sorted(by_reason.items())),
        by_status=by_status,
        rows=[
            DeadLetterRow(bucket=begin, by_reason=dict(sorted(row.items())))
            for begin, row in zip(bounds, rows, strict=False)
        ],
    )
