"""The audit log: who changed what; only to be read."""

from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, Depends, Query

from finguard.adapters.postgres import audit
from finguard.api.access import require
from finguard.api.account_models import AuditPage, AuditQuery, AuditRecord
from finguard.api.links import Link, leads_to
from finguard.api.problems import GUARDED, documented
from finguard.api.services import Provided

router = APIRouter(
    prefix="/api/v1/audit", tags=["administration"], dependencies=[Depends(require("admin"))]
)


@router.get(
    "",
    summary="List the audit log",
    response_description="A page of entries.",
    responses=leads_to(
        HTTPStatus.OK, Link("list_audit_log", {"cursor": "$response.body#/next_cursor"})
    )
    | documented(*GUARDED, HTTPStatus.UNPROCESSABLE_ENTITY),
)
def list_audit_log(query: Annotated[AuditQuery, Query()], services: Provided) -> AuditPage:
    """Entries that match every filter given, newest first.

    To read on, pass `next_cursor` as `cursor` with the same filters.
    """
    with services.database.cursor() as cursor:
        rows = audit.list_entries(cursor, query.wanted(), below=query.cursor, limit=query.limit + 1)
    page = rows[: query.limit]
    return AuditPage(
        items=[AuditRecord.model_validate(row) for row in page],
        next_cursor=page[-1]["audit_id"] if len(rows) > query.limit else None,
    )
