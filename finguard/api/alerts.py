"""Alerts: the list and each one."""

from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, Depends, Path, Query

from finguard.adapters.postgres import reading
from finguard.adapters.postgres.pool import Row
from finguard.adapters.postgres.reading import Position
from finguard.api.access import require
from finguard.api.cursor import decode_cursor, encode_cursor
from finguard.api.inputs import AlertId, AlertQuery
from finguard.api.outputs import Alert, AlertDetail, AlertPage
from finguard.api.problems import GUARDED, ProblemError, documented
from finguard.api.services import Provided

router = APIRouter(
    prefix="/api/v1/alerts", tags=["alerts"], dependencies=[Depends(require("viewer"))]
)


@router.get(
    "",
    summary="List alerts",
    response_description="A page of alerts.",
    responses=documented(*GUARDED, HTTPStatus.UNPROCESSABLE_ENTITY),
)
def list_alerts(query: Annotated[AlertQuery, Query()], services: Provided) -> AlertPage:
    """Alerts that match every filter given, newest first by when the transaction happened.

    A filter that is given several times matches any of its values. To read on, pass
    `next_cursor` as `cursor` with the same filters: whatever arrives meanwhile, no alert appears
    twice and none that was there at the first page is left out.
    """
    below = decode_cursor(query.cursor) if query.cursor else None
    with services.database.cursor() as cursor:
        rows = reading.list_alerts(cursor, query.wanted(), below=below, limit=query.limit + 1)
    page = rows[: query.limit]
    next_cursor = encode_cursor(_position(page[-1])) if len(rows) > query.limit else None
    return AlertPage(items=[Alert.model_validate(row) for row in page], next_cursor=next_cursor)


@router.get(
    "/{alert_id}",
    summary="Read an alert",
    response_description="The alert.",
    responses=documented(*GUARDED, HTTPStatus.NOT_FOUND, HTTPStatus.UNPROCESSABLE_ENTITY),
)
def read_alert(alert_id: Annotated[AlertId, Path()], services: Provided) -> AlertDetail:
    """One alert with its evidence, its source in Kafka and its incident's other alerts."""
    with services.database.snapshot() as snapshot:
        row = reading.read_alert(snapshot, alert_id)
    if row is None:
        raise ProblemError(HTTPStatus.NOT_FOUND, "no-such-alert", "There is no such alert.")
    return AlertDetail.model_validate(row)


def _position(row: Row) -> Position:
    return Position(row["occurred_at"], row["alert_id"])
