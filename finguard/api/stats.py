"""Statistics: the numbers of a range of time, how they went, and who and where stands out."""

from collections.abc import Callable, Hashable
from datetime import UTC, datetime
from http import HTTPStatus
from itertools import product
from typing import Annotated, Final

import msgspec
from fastapi import APIRouter, Depends, Query, Response
from pydantic import BaseModel

from finguard.adapters.postgres import statistics
from finguard.adapters.postgres.pieces import Grain, ceiling, floor
from finguard.adapters.postgres.pool import Row
from finguard.api.access import require
from finguard.api.inputs import RangeQuery
from finguard.api.links import Link, leads_to
from finguard.api.problems import GUARDED, FieldError, ProblemError, documented
from finguard.api.services import Provided, Services
from finguard.api.stat_inputs import (
    MINUTE,
    MapQuery,
    MaxAge,
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
    "/summary",
    response_model=Summary,
    summary="Sum up a range",
    response_description="The numbers.",
    responses=_ANSWERS,
)
async def read_summary(
    query: Annotated[RangeQuery, Query()], services: Provided, max_age_s: MaxAge
) -> Response:
    """Every number of a range of event time, exact, and all of one moment.

    Without `from` and `to` the range is the last 24 hours; for the whole history, pass
    `from=1970-01-01T00:00:00Z`. It is widened to whole minutes, and the answer says to which. A
    transaction that several rules object to counts once, when the first of its alerts happened.
    """
    since, until = query.widened(datetime.now(UTC), MINUTE)

    def work() -> bytes:
        with services.database.snapshot() as snapshot:
            tally = statistics.tally(snapshot, since, until)
        return as_json(sum_up(since, until, tally, services.units_per_usd))

    return await answered(services, max_age_s, ("summary", since, until), work)


@router.get(
    "/timeline",
    response_model=Timeline,
    summary="Follow a range",
    response_description="The rows, oldest first.",
    responses=_ANSWERS,
)
async def read_timeline(
    query: Annotated[TimelineQuery, Query()], services: Provided, max_age_s: MaxAge
) -> Response:
    """Transactions and alerts of each minute, hour or day of a time zone, zeros included.

    Without `from` and `to` the range is the last 24 hours. It is widened to whole buckets, of
    which there may be 2,000. A day has 23 or 25 hours where the zone's clocks are changed.
    """
    bounds = bounds_of(query, datetime.now(UTC))

    def work() -> bytes:
        with services.database.snapshot() as snapshot:
            rows = statistics.timeline(snapshot, bounds)
        # The rows have the fields of the model; 2,000 models would take longer than the rest.
        return msgspec.json.encode(
            {
                "from": bounds[0],
                "to": bounds[-1],
                "bucket": query.bucket,
                "zone": query.zone,
                "rows": rows,
            }
        )

    question = ("timeline", bounds[0], bounds[-1], query.bucket, query.zone)
    return await answered(services, max_age_s, question, work)


@router.get(
    "/hours-of-week",
    response_model=Week,
    summary="See the week's busy hours",
    response_description="The hours, Monday's first one first.",
    responses=_ANSWERS,
)
async def read_hours_of_week(
    query: Annotated[WeekQuery, Query()], services: Provided, max_age_s: MaxAge
) -> Response:
    """Alerts by weekday and hour on the clocks of a time zone, for a heat map.

    Without `from` and `to` the range is the last 24 hours. It is widened to whole hours of UTC, or
    to quarters of them where the zone's hours begin within those.
    """
    since, until = query.widened(datetime.now(UTC), MINUTE)

    def work() -> bytes:
        grain: Grain = "hour" if has_whole_hours(query.zone, since, until) else "quarter"
        begin, end = floor(since, grain), ceiling(until, grain)
        try:
            with services.database.cursor() as cursor:
                rows = statistics.hours_of_week(cursor, begin, end, zone=query.zone, grain=grain)
        except ValueError as error:
            raise _invalid("There is no such time zone.", "zone", error) from error
        return as_json(Week(since=begin, until=end, zone=query.zone, rows=_whole_week(rows)))

    return await answered(services, max_age_s, ("hours-of-week", since, until, query.zone), work)


@router.get(
    "/top-users",
    response_model=TopUsers,
    summary="Name the customers with most alerts",
    response_description="The customers, those with most alerts first.",
    responses=leads_to(
        HTTPStatus.OK, Link("list_alerts", _FIRST_USER), Link("read_customer", _FIRST_USER)
    )
    | _ANSWERS,
)
async def read_top_users(
    query: Annotated[TopQuery, Query()], services: Provided, max_age_s: MaxAge
) -> Response:
    """Customers by their number of alerts.

    Without `from` and `to` the range is the last 24 hours. The whole history is answered at once;
    any other range takes as long as it has alerts.
    """
    since, until = query.widened(datetime.now(UTC), MINUTE)

    def work() -> bytes:
        with services.database.snapshot() as snapshot:
            rows = statistics.top_users(snapshot, since, until, limit=query.limit)
        found = [TopUser.model_validate(row) for row in rows]
        return as_json(TopUsers(since=since, until=until, rows=found))

    return await answered(services, max_age_s, ("top-users", since, until, query.limit), work)


@router.get(
    "/top-cities",
    response_model=TopCities,
    summary="Name the cities with most alerts",
    response_description="The cities, those with most alerts first.",
    responses=_ANSWERS,
)
async def read_top_cities(
    query: Annotated[TopQuery, Query()], services: Provided, max_age_s: MaxAge
) -> Response:
    """Cities by their number of alerts.

    Without `from` and `to` the range is the last 24 hours.
    """
    since, until = query.widened(datetime.now(UTC), MINUTE)

    def work() -> bytes:
        with services.database.snapshot() as snapshot:
            rows = statistics.top_cities(snapshot, since, until, limit=query.limit)
        found = [TopCity.model_validate(row) for row in rows]
        return as_json(TopCities(since=since, until=until, rows=found))

    return await answered(services, max_age_s, ("top-cities", since, until, query.limit), work)


@router.get(
    "/map",
    response_model=Map,
    summary="Place the latest alerts",
    response_description="The alerts, newest first.",
    responses=_ANSWERS,
)
async def read_map(
    query: Annotated[MapQuery, Query()], services: Provided, max_age_s: MaxAge
) -> Response:
    """Where the latest alerts of a range happened, and the journeys that gave travel alerts away.

    Without `from` and `to` the range is the last 24 hours.
    """
    since, until = query.widened(datetime.now(UTC), MINUTE)

    def work() -> bytes:
        with services.database.cursor() as cursor:
            rows = statistics.latest_places(cursor, since, until, limit=query.limit)
        points = [Point.model_validate({**row, "arcs": arcs(row["journeys"])}) for row in rows]
        return as_json(Map(since=since, until=until, points=points))

    return await answered(services, max_age_s, ("map", since, until, query.limit), work)


def bounds_of(query: TimelineQuery, now: datetime) -> list[datetime]:
    """The begin of every bucket, and the end of the last."""
    try:
        return query.bounds(now)
    except ValueError as error:
        raise _invalid("The range is too long for buckets this short.", "bucket", error) from error


async def answered(
    services: Services, max_age_s: float, question: Hashable, work: Callable[[], bytes]
) -> Response:
    """The answer to a question, found once for all who wait for it or whom a young one suits."""
    content = await services.statistics.answer(question, work, max_age_s=max_age_s)
    return Response(content, media_type="application/json")


def as_json(answer: BaseModel) -> bytes:
    """An answer as it is sent."""
    return answer.model_dump_json(by_alias=True).encode()


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
