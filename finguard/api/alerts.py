"""Alerts: the list and each one."""

from http import HTTPStatus
from typing import Annotated

import msgspec
from fastapi import APIRouter, Depends, Path, Query, Response

from finguard.adapters.postgres import alerts, triage
from finguard.adapters.postgres.alerts import Position
from finguard.api.access import require
from finguard.api.alert_inputs import AlertQuery
from finguard.api.alert_outputs import AlertDetail, AlertPage
from finguard.api.cursor import encode_cursor
from finguard.api.inputs import AlertId
from finguard.api.links import ETAG, Link, leads_to
from finguard.api.paths import ALERT
from finguard.api.problems import GUARDED, documented
from finguard.api.services import Provided
from finguard.api.triage import etag, no_such_alert

router = APIRouter(
    prefix="/api/v1/alerts", tags=["alerts"], dependencies=[Depends(require("viewer"))]
)


_FIRST = {"alert_id": "$response.body#/items/0/alert_id"}
_THIS = {"alert_id": "$response.body#/alert_id"}


@router.get(
    "",
    summary="List alerts",
    response_model=AlertPage,
    response_description="A page of alerts.",
    responses=leads_to(
        HTTPStatus.OK,
        Link("list_alerts", {"cursor": "$response.body#/next_cursor"}),
        Link("read_alert", _FIRST),
        Link("read_history", _FIRST),
        Link(
            "triage_alerts",
            body={
                "items": [
                    {
                        "alert_id": "$response.body#/items/0/alert_id",
                        "version": "$response.body#/items/0/version",
                    }
                ]
            },
        ),
    )
    | documented(*GUARDED, HTTPStatus.UNPROCESSABLE_ENTITY),
)
def list_alerts(query: Annotated[AlertQuery, Query()], services: Provided) -> Response:
    """Alerts that match every filter given, newest first unless `sort` says otherwise.

    A filter that is given several times matches any of its values. To read on, pass
    `next_cursor` as `cursor` with the same filters and sort. What a list is ordered by never
    changes, so whatever arrives or is triaged meanwhile, no alert appears twice, and none is left
    out that was there at the first page and still matches.
    """
    with services.database.cursor() as cursor:
        rows = alerts.list_alerts(
            cursor, query.wanted(), sort=query.sort, after=query.after(), limit=query.limit + 1
        )
    page = rows[: query.limit]
    has_more = len(rows) > query.limit
    next_cursor = encode_cursor(Position.of(page[-1], query.sort)) if has_more else None
    # The rows have the fields of the model; to make models of them would take longer than the rest.
    answer = msgspec.json.encode({"items": page, "next_cursor": next_cursor})
    return Response(answer, media_type="application/json")


@router.get(
    f"/{ALERT}",
    summary="Read an alert",
    response_model=AlertDetail,
    response_description="The alert.",
    responses=leads_to(
        HTTPStatus.OK,
        Link("triage_alert", {**_THIS, "If-Match": "$response.header.ETag"}),
        Link("read_history", _THIS),
        Link("list_alerts", {"user_id": "$response.body#/user_id"}),
        Link("read_customer", {"user_id": "$response.body#/user_id"}),
        headers=ETAG,
    )
    | documented(*GUARDED, HTTPStatus.NOT_FOUND, HTTPStatus.UNPROCESSABLE_ENTITY),
)
def read_alert(alert_id: Annotated[AlertId, Path()], services: Provided) -> Response:
    """One alert with its evidence, notes and source, and what else is known of the customer.

    `ETag` has its version, for a triage's `If-Match`. The customer's recent transactions come from
    the detector's own memory; without it the rest comes all the same, and says so.
    """
    with services.database.snapshot() as snapshot:
        row = alerts.read_alert(snapshot, alert_id)
        notes = triage.read_notes(snapshot, alert_id)
    if row is None:
        raise no_such_alert()
    recent = services.recent.of(
        topic_id=row["topic_id"], partition=row["partition"], user_id=row["user_id"]
    )
    answer = AlertDetail.model_validate(
        {
            **row,
            "notes": notes,
            "recent_transactions_available": recent is not None,
            "recent_transactions": recent or [],
        }
    )
    return Response(
        answer.model_dump_json(), media_type="application/json", headers={"ETag": etag(row)}
    )
