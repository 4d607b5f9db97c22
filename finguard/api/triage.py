"""Triage: what analysts decide of alerts, one or many, and the history of it."""

import re
from http import HTTPStatus
from typing import Annotated, Final

from fastapi import APIRouter, Depends, Header, Path, Query, Response
from fastapi.encoders import jsonable_encoder
from psycopg2.extras import RealDictCursor
from starlette.requests import Request

from finguard.adapters.postgres import alerts, triage, users
from finguard.adapters.postgres.pool import Row
from finguard.adapters.postgres.triage import Author, Result
from finguard.api.access import Analyst, require
from finguard.api.alert_inputs import BulkItem, BulkTriage, HistoryQuery, TriageChange
from finguard.api.alert_outputs import Alert, BulkOutcome, BulkResult, Change, History
from finguard.api.inputs import AlertId
from finguard.api.links import ETAG, Link, leads_to
from finguard.api.paths import ALERT
from finguard.api.problems import GUARDED, ProblemError, documented, request_id
from finguard.api.services import Provided
from finguard.domain.triage import next_statuses

router = APIRouter(prefix="/api/v1/alerts", tags=["triage"])


_STALE: Final = "Somebody has changed the alert since; nothing was done."
_MISSING: Final = "There is no such alert."
_NO_VERSION: Final = 0
_ETAG: Final = re.compile(r'"([1-9][0-9]{0,8})"')
_THIS: Final = {"alert_id": "$response.body#/alert_id"}

IF_MATCH: Final = {
    "name": "If-Match",
    "in": "header",
    "required": True,
    "description": "The `ETag` of the alert as you have seen it.",
    "schema": {"type": "string", "pattern": f"^{_ETAG.pattern}$"},
    "example": '"1"',
}
"""Described here, since FastAPI would answer 422 where a header that is required is missing."""


@router.patch(
    f"/{ALERT}",
    summary="Triage an alert",
    response_description="The alert as it is now; `ETag` has its new version.",
    openapi_extra={"parameters": [IF_MATCH]},
    responses=leads_to(
        HTTPStatus.OK,
        Link("triage_alert", {**_THIS, "If-Match": "$response.header.ETag"}),
        Link("read_alert", _THIS),
        Link("read_history", _THIS),
        headers=ETAG,
    )
    | documented(
        *GUARDED,
        HTTPStatus.BAD_REQUEST,
        HTTPStatus.NOT_FOUND,
        HTTPStatus.CONFLICT,
        HTTPStatus.PRECONDITION_FAILED,
        HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
        HTTPStatus.UNPROCESSABLE_ENTITY,
        HTTPStatus.PRECONDITION_REQUIRED,
    ),
)
def triage_alert(
    alert_id: Annotated[AlertId, Path()],
    change: TriageChange,
    user: Analyst,
    services: Provided,
    request: Request,
    response: Response,
    if_match: Annotated[str | None, Header(include_in_schema=False)] = None,
) -> Alert:
    """Change an alert's status or assignee, or add a note, if it still is as you have seen it.

    A request that comes again, say because its answer was lost, changes nothing and gets the same
    answer. From `confirmed_fraud` to `false_positive` and back leads through `investigating` or
    `open`; every other way is open.
    """
    seen = {alert_id: seen_version(if_match)}
    with services.database.transaction() as transaction:
        _check_assignee(transaction, change)
        author = Author(name=user.username, request_id=request_id(request))
        result = triage.triage(transaction, seen, change.request(), author)[alert_id]
    row = _insist(result)
    response.headers["ETag"] = etag(row)
    return Alert.model_validate(row)


@router.post(
    "/triage",
    summary="Triage many alerts",
    response_description="What became of each alert.",
    responses=documented(
        *GUARDED,
        HTTPStatus.BAD_REQUEST,
        HTTPStatus.CONFLICT,
        HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
        HTTPStatus.UNPROCESSABLE_ENTITY,
    ),
)
def triage_alerts(
    change: BulkTriage, user: Analyst, services: Provided, request: Request
) -> BulkOutcome:
    """Make one change to many alerts, each if it still is as you have seen it.

    Each alert stands for itself: one that is stale or missing holds up no other. What is changed
    is changed at one moment, and a request that comes again changes nothing.
    """
    seen: dict[int, int] = {}
    for item in change.items:
        seen.setdefault(item.alert_id, item.version)
    with services.database.transaction() as transaction:
        _check_assignee(transaction, change)
        author = Author(name=user.username, request_id=request_id(request))
        results = triage.triage(transaction, seen, change.request(), author)
    return BulkOutcome(
        results=[
            _bulk_result(item, results[item.alert_id], seen[item.alert_id]) for item in change.items
        ]
    )


@router.get(
    f"/{ALERT}/history",
    summary="Follow an alert's triage",
    response_description="The changes, oldest first.",
    responses=documented(*GUARDED, HTTPStatus.NOT_FOUND, HTTPStatus.UNPROCESSABLE_ENTITY),
    dependencies=[Depends(require("viewer"))],
)
def read_history(
    alert_id: Annotated[AlertId, Path()],
    query: Annotated[HistoryQuery, Query()],
    services: Provided,
) -> History:
    """Who changed what of an alert and when, with every note."""
    with services.database.snapshot() as snapshot:
        if not alerts.has_alert(snapshot, alert_id):
            raise no_such_alert()
        rows = triage.read_history(snapshot, alert_id, after=query.after, limit=query.limit + 1)
    items = [Change.model_validate(row) for row in rows[: query.limit]]
    return History(items=items, more=len(rows) > query.limit)


def etag(alert: Row) -> str:
    """The version of an alert as a header."""
    return f'"{alert["version"]}"'


def seen_version(if_match: str | None) -> int:
    """The version that a request names; one that no alert has where it names none of ours.

    Raises:
        ProblemError: 428 where it names nothing, and also for `*`, which would overwrite.
    """
    if if_match is None or if_match.strip() in {"", "*"}:
        raise ProblemError(
            HTTPStatus.PRECONDITION_REQUIRED,
            "version-required",
            "This takes If-Match with the alert's ETag, so that nobody's change is overwritten.",
        )
    matched = _ETAG.fullmatch(if_match.strip())
    return int(matched[1]) if matched else _NO_VERSION


def no_such_alert() -> ProblemError:
    """The id is nobody's."""
    return ProblemError(HTTPStatus.NOT_FOUND, "no-such-alert", _MISSING)


def _check_assignee(transaction: RealDictCursor, change: TriageChange) -> None:
    if change.assignee is None:
        return
    user = users.find_user_by_name(transaction, change.assignee)
    if user is None or user.disabled or user.role == "viewer":
        # No fault of the request's form: the same one may succeed tomorrow.
        raise ProblemError(
            HTTPStatus.CONFLICT,
            "no-such-assignee",
            "Alerts can be assigned to active analysts and administrators only.",
        )


def _insist(result: Result) -> Row:
    """The alert, unless nothing could be done."""
    if result.alert is None:
        raise no_such_alert()
    if result.outcome == "stale":
        raise _conflict(result.alert, HTTPStatus.PRECONDITION_FAILED, "stale", _STALE)
    if result.outcome == "refused":
        reason = _refusal(result.alert)
        raise _conflict(result.alert, HTTPStatus.CONFLICT, "no-such-transition", reason)
    return result.alert


def _conflict(alert: Row, status: HTTPStatus, name: str, detail: str) -> ProblemError:
    current = jsonable_encoder(Alert.model_validate(alert))
    return ProblemError(status, name, detail, headers={"ETag": etag(alert)}, current=current)


def _refusal(alert: Row) -> str:
    return (
        f"An alert that is {alert['status']} can become "
        + " or ".join(next_statuses(alert["status"]))
        + "."
    )


def _bulk_result(item: BulkItem, result: Result, seen: int) -> BulkResult:
    """What became of an alert; one that the request names twice was judged by the first."""
    outcome = result.outcome
    if result.alert is not None and item.version != seen:
        outcome = "stale"
    details = {"stale": _STALE, "missing": _MISSING}
    if outcome == "refused" and result.alert is not None:
        details["refused"] = _refusal(result.alert)
    return BulkResult(
        alert_id=item.alert_id,
        outcome=outcome,
        detail=details.get(outcome),
        current=Alert.model_validate(result.alert) if result.alert else None,
    )
