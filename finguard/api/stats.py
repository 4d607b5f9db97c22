"""Statistics: the numbers of a range of time, how they went, and who and where stands out."""

from datetime import UTC, datetime
from http import HTTPStatus
from itertools import product
from typing import Annotated, Final

from fastapi import APIRouter, Depends, Query, Response

from finguard.adapters.postgres import statistics
from finguard.adapters.postgres.pieces import Grain, ceiling, floor
from finguard.adapters.postgres.pool import Row
from finguard.api.access import require
from finguard.api.inputs import RangeQuery
from finguard.api.links import Link, leads_to
from finguard.api.problems import GUARDED, FieldError, ProblemError, documented
from finguard.api.services import Provided
from finguard.api.stat_inputs import (
    MINUTE,
    MapQuery,
    TimelineQuery,
    TopQuery,
    WeekQuery,
    has_whole_hours,
)
from finguard.api.stat_models import (
    Map,
    Point,
    Summary,
    Timeline,
    TimelineRow,
    TopCities,
    TopCity,
    TopUser,
    TopUsers,
    Week,
    WeekHour,
)
from finguard.api.summing import arcs, sum_up

_FIRST_USER = {"user_id": "$response.body#/rows/0/user_id"}

router = APIRouter(
    prefix="/api/v1/stats", tags=["statistics"], dependencies=[Depends(require("viewer"))]
)

_ANSWERS: Final = documented(*GUARDED, HTTPStatus.UNPROCESSABLE_ENTITY)


@router.get(
    "/summary", summary="Sum up a range", response_description="The numbers.", responses=_ANSWERS
)
def read_summary(query: Annotated[RangeQuery, Query()], services: Provided) -> Summary:
    """Every number of a range of event time, exact, and all of one moment.

    Without `from` and `to` the range is the last 24 hours; for the whole history, pass
    `from=1970-01-01T00:00:00Z`. It is widened to whole minutes, and the answer says to which. A
    transaction that several rules object to counts once, when the first of its alerts happened.
    """
    since, until = query.widened(datetime.now(UTC), MINUTE)
    with services.database.snapshot() as snapshot:
        tally = statistics.tally(snapshot, since, until)
    return sum_up(since, until, tally, services.units_per_usd)


@router.get(
    "/timeline",
    response_model=Timeline,
    summary="Follow a range",
    response_description="The rows, oldest first.",
    responses=_ANSWERS,
)
def read_timeline(query: Annotated[TimelineQuery, Query()], services: Provided) -> Response:
    """Transactions and alerts of each minute, hour or day of a time zone, zeros included.

    Without `from` and `to` the range is the last 24 hours. It is widened to whole buckets, of
    which there may be 2,000. A day has 23 or 25 hours where the zone's clocks are changed.
    """
    bounds = bounds_of(query, datetime.now(UTC))
    with services.database.snapshot() as snapshot:
        rows = statistics.timeline(snapshot, bounds)
    answer = Timeline(
        since=bounds[0],
        until=bounds[-1],
        bucket=query.bucket,
        zone=query.zone,
        rows=[TimelineRow.model_validate(row) for row in rows],
    )
    # Written here, since FastAPI would look at each of 2,000 rows three more times.
    return Response(answer.model_dump_json(by_alias=True), media_type="application/json")


@router.get(
    "/hours-of-week",
    summary="See the week's busy hours",
    response_description="The hours, Monday's first one first.",
    responses=_ANSWERS,
)
def read_hours_of_week(query: Annotated[WeekQuery, Query()], services: Provided) -> Week:
    """Alerts by weekday and hour on the clocks of a time zone, for a heat map.

    Without `from` and `to` the range is the last 24 hours. It is widened to whole hours of UTC, or
    to quarters of them where the zone's hours begin within those.
    """
    since, until = query.widened(datetime.now(UTC), MINUTE)
    grain: Grain = "hour" if has_whole_hours(query.zone, since, until) else "quarter"
    since, until = floor(since, grain), ceiling(until, grain)
    try:
        with services.database.cursor() as cursor:
            rows = statistics.hours_of_week(cursor, since, until, zone=query.zone, grain=grain)
    except ValueError as error:
        raise _invalid("There is no such time zone.", "zone", error) from error
    return Week(since=since, until=until, zone=query.zone, rows=_whole_week(rows))


@router.get(
    "/top-users",
    summary="Name the customers with most alerts",
    response_description="The customers, those with most alerts first.",
    responses=leads_to(
        HTTPStatus.OK, Link("list_alerts", _FIRST_USER), Link("read_customer", _FIRST_USER)
    )
    | _ANSWERS,
)
def read_top_users(query: Annotated[TopQuery, Query()], services: Provided) -> TopUsers:
    """Customers by their number of alerts.

    Without `from` and `to` the range is the last 24 hours. The whole history is answered at once;
    any other range takes as long as it has alerts.
    """
    since, until = query.widened(datetime.now(UTC), MINUTE)
    with services.database.snapshot() as snapshot:
        rows = statistics.top_users(snapshot, since, until, limit=query.limit)
    return TopUsers(since=since, until=until, rows=[TopUser.model_validate(row) for row in rows])


@router.get(
    "/top-cities",
    summary="Name the cities with most alerts",
    response_description="The cities, those with most alerts first.",
    responses=_ANSWERS,
)
def read_top_cities(query: Annotated[TopQuery, Query()], services: Provided) -> TopCities:
    """Cities by their number of alerts.

    Without `from` and `to` the range is the last 24 hours.
    """
    since, until = query.widened(datetime.now(UTC), MINUTE)
    with services.database.snapshot() as snapshot:
        rows = statistics.top_cities(snapshot, since, until, limit=query.limit)
    return TopCities(since=since, until=until, rows=[TopCity.model_validate(row) for row in rows])


@router.get(
    "/map",
    summary="Place the latest alerts",
    response_description="The alerts, newest first.",
    responses=_ANSWERS,
)
def read_map(query: Annotated[MapQuery, Query()], services: Provided) -> Map:
    """Where the latest alerts of a range happened, and the journeys that gave travel alerts away.

    Without `from` and `to` the range is the last 24 hours.
    """
    since, until = query.widened(datetime.now(UTC), MINUTE)
    with services.database.cursor() as cursor:
        rows = statistics.latest_places(cursor, since, until, limit=query.limit)
    points = [Point.model_validate({**row, "arcs": arcs(row["journeys"])}) for row in rows]
    return Map(since=since, until=until, points=points)


def bounds_of(query: TimelineQuery, now: datetime) -> list[datetime]:
    """The begin of every bucket, and the end of the last."""
    try:
        return query.bounds(now)
    except ValueError as error:
        raise _invalid("The range is too long for buckets this short.", "bucket", error) from error


def _whole_week(rows: list[Row]) -> list[WeekHour]:
    alerts = {(row["weekday"], row["hour"]): row["alerts"] for row in rows}
    return [
        WeekHour(weekday=weekday, hour=hour, alerts=alerts.get((weekday, hour), 0))
        for weekday, hour in product(range(1, 8), range(24))
    ]


def _invalid(detail: str, field: str, reason: ValueError) -> ProblemError:
    return ProblemError(
        HTTPStatus.UNPROCESSABLE_ENTITY,
        "invalid-request",
        detail,
        errors=[FieldError(where=f"query.{field}", message=str(reason))],
    )
