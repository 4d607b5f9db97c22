"""Statistics: the numbers of a range of time, and how they went."""

from collections import Counter
from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import Decimal
from http import HTTPStatus
from typing import Annotated, Final, get_args

from fastapi import APIRouter, Depends, Query

from finguard.adapters.postgres import reading
from finguard.adapters.postgres.pool import Row
from finguard.adapters.postgres.reading import BUCKET_STEPS, Tally
from finguard.api.access import require
from finguard.api.inputs import RangeQuery, TimelineQuery
from finguard.api.outputs import AmountAtRisk, Summary, Timeline, TimelineRow
from finguard.api.problems import GUARDED, FieldError, ProblemError, documented
from finguard.api.services import Provided
from finguard.domain.triage import Status
from finguard.domain.verdict import Severity

_CENT: Final = Decimal("0.01")

router = APIRouter(
    prefix="/api/v1/stats", tags=["statistics"], dependencies=[Depends(require("viewer"))]
)


@router.get(
    "/summary",
    summary="Sum up a range",
    response_description="The numbers.",
    responses=documented(*GUARDED, HTTPStatus.UNPROCESSABLE_ENTITY),
)
def read_summary(query: Annotated[RangeQuery, Query()], services: Provided) -> Summary:
    """Every number of a range of event time, exact, and all of one moment.

    Without `from` and `to` the range is the last 24 hours; for the whole history, pass
    `from=1970-01-01T00:00:00Z`. It is widened to whole minutes, and the answer says to which.
    """
    since, until = query.widened(datetime.now(UTC), BUCKET_STEPS["minute"])
    with services.database.snapshot() as snapshot:
        tally = reading.tally(snapshot, since, until)
    return _summary(since, until, tally, services.units_per_usd)


@router.get(
    "/timeline",
    summary="Follow a range",
    response_description="The rows, oldest first.",
    responses=documented(*GUARDED, HTTPStatus.UNPROCESSABLE_ENTITY),
)
def read_timeline(query: Annotated[TimelineQuery, Query()], services: Provided) -> Timeline:
    """Transactions and alerts of each minute, hour or day (UTC), zeros included.

    Without `from` and `to` the range is the last 24 hours. It is widened to whole buckets, of
    which there may be 2,000.
    """
    try:
        since, until = query.buckets(datetime.now(UTC))
    except ValueError as error:
        raise _too_many_buckets(str(error)) from error
    with services.database.cursor() as cursor:
        rows = reading.timeline(cursor, since, until, query.bucket)
    return Timeline(
        since=since,
        until=until,
        bucket=query.bucket,
        rows=[TimelineRow.model_validate(row) for row in rows],
    )


def _summary(
    since: datetime, until: datetime, tally: Tally, units_per_usd: Mapping[str, Decimal]
) -> Summary:
    alerted = sum(row["transactions"] for row in tally.alerted)
    return Summary(
        since=since,
        until=until,
        transactions=tally.transactions,
        alerts=sum(row["alerts"] for row in tally.alerts),
        alerted_transactions=alerted,
        fraud_rate=alerted / tally.transactions if tally.transactions else None,
        amount_at_risk=_amount_at_risk(tally.alerted, units_per_usd),
        by_rule=_count(tally.alerts, "rule"),
        by_severity=dict.fromkeys(get_args(Severity), 0) | _count(tally.alerts, "severity"),
        by_status=dict.fromkeys(get_args(Status), 0) | _count(tally.alerts, "status"),
        dead_letters=tally.dead_letters,
        **tally.backlog,
    )


def _count(rows: list[Row], column: str) -> dict[str, int]:
    counts: Counter[str] = Counter()
    for row in rows:
        counts[row[column]] += row["alerts"]
    return dict(counts)


def _amount_at_risk(rows: list[Row], units_per_usd: Mapping[str, Decimal]) -> AmountAtRisk:
    amounts = {row["currency"]: row["amount"] for row in rows}
    known = [
        amount / units_per_usd[code] for code, amount in amounts.items() if code in units_per_usd
    ]
    return AmountAtRisk(
        by_currency=amounts,
        usd_equivalent=sum(known, Decimal(0)).quantize(_CENT),
        without_equivalent=[code for code in amounts if code not in units_per_usd],
    )


def _too_many_buckets(reason: str) -> ProblemError:
    return ProblemError(
        HTTPStatus.UNPROCESSABLE_ENTITY,
        "invalid-request",
        "The range is too long for buckets this short.",
        errors=[FieldError(where="query.bucket", message=reason)],
    )
