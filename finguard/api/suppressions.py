"""Allow and snooze: whose alerts are recorded as ever, and kept quiet."""

from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, Depends, Path, Query, Response
from fastapi.encoders import jsonable_encoder

from finguard.adapters.postgres import suppressions
from finguard.adapters.postgres.pool import Row
from finguard.adapters.postgres.suppressions import LONGEST
from finguard.api.access import CurrentAuthor, require
from finguard.api.customer_inputs import (
    CustomerId,
    NewSuppression,
    SuppressionId,
    SuppressionQuery,
)
from finguard.api.customer_outputs import Suppression, SuppressionPage
from finguard.api.links import LOCATION, Link, leads_to
from finguard.api.paths import CUSTOMER, CUSTOMERS, customer_path
from finguard.api.problems import GUARDED, ProblemError, documented
from finguard.api.services import Provided

router = APIRouter(prefix=f"{CUSTOMERS}/{CUSTOMER}/suppressions", tags=["customers"])

Wanted = Annotated[CustomerId, Path()]

_FIRST = {
    "user_id": "$response.body#/items/0/user_id",
    "suppression_id": "$response.body#/items/0/suppression_id",
}
_THIS = {
    "user_id": "$response.body#/user_id",
    "suppression_id": "$response.body#/suppression_id",
}


@router.get(
    "",
    summary="List a customer's suppressions",
    response_description="A page of suppressions.",
    responses=leads_to(
        HTTPStatus.OK, Link("read_suppression", _FIRST), Link("withdraw_suppression", _FIRST)
    )
    | documented(*GUARDED, HTTPStatus.UNPROCESSABLE_ENTITY),
    dependencies=[Depends(require("viewer"))],
)
def list_suppressions(
    user_id: Wanted, query: Annotated[SuppressionQuery, Query()], services: Provided
) -> SuppressionPage:
    """All there ever were, newest first, also those that have expired or been withdrawn.

    To read on, pass `next_cursor` as `cursor`.
    """
    with services.database.cursor() as cursor:
        rows = suppressions.list_suppressions(
            cursor, user_id, below=query.cursor, limit=query.limit + 1
        )
    page = rows[: query.limit]
    return SuppressionPage(
        items=[Suppression.model_validate(row) for row in page],
        next_cursor=page[-1]["suppression_id"] if len(rows) > query.limit else None,
    )


@router.post(
    "",
    status_code=HTTPStatus.CREATED,
    summary="Keep a customer's alerts quiet",
    response_description="The suppression; `Location` says where.",
    responses={
        HTTPStatus.OK: {
            "model": Suppression,
            "description": "The same one, which the same request has made before.",
        },
        **leads_to(
            HTTPStatus.CREATED,
            Link("read_suppression", _THIS),
            Link("withdraw_suppression", _THIS),
            headers=LOCATION,
        ),
        **documented(
            *GUARDED,
            HTTPStatus.BAD_REQUEST,
            HTTPStatus.CONFLICT,
            HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
            HTTPStatus.UNPROCESSABLE_ENTITY,
        ),
    },
    dependencies=[Depends(require("analyst"))],
)
def add_suppression(
    user_id: Wanted,
    new: NewSuppression,
    author: CurrentAuthor,
    services: Provided,
    response: Response,
) -> Suppression:
    """Mark the customer's alerts from now on, and tell nobody of them.

    They are stored and counted as ever. One suppression of a kind and rule is active at a time; to
    change one, withdraw it. The customer need not be known yet.
    """
    with services.database.transaction() as transaction:
        added = suppressions.add_suppression(transaction, author, new.wanted(user_id))
    if added.entry is None:
        raise ProblemError(
            HTTPStatus.CONFLICT,
            "expiry-out-of-bounds",
            f"A suppression of this kind ends in the future, within {LONGEST[new.kind].days} days.",
        )
    entry = Suppression.model_validate(added.entry)
    if added.outcome == "exists":
        raise ProblemError(
            HTTPStatus.CONFLICT,
            "suppression-exists",
            "There is an active suppression of this kind and rule; withdraw it first.",
            current=jsonable_encoder(entry),
        )
    if added.outcome == "repeated":
        response.status_code = HTTPStatus.OK
    response.headers["Location"] = customer_path(user_id, "suppressions", str(entry.suppression_id))
    return entry


@router.get(
    "/{suppression_id}",
    summary="Read a suppression",
    response_description="The suppression.",
    responses=documented(*GUARDED, HTTPStatus.NOT_FOUND, HTTPStatus.UNPROCESSABLE_ENTITY),
    dependencies=[Depends(require("viewer"))],
)
def read_suppression(
    user_id: Wanted, suppression_id: Annotated[SuppressionId, Path()], services: Provided
) -> Suppression:
    """One suppression, such as an alert's `suppressed_by` names."""
    with services.database.cursor() as cursor:
        return _found(suppressions.read_suppression(cursor, user_id, suppression_id))


@router.delete(
    "/{suppression_id}",
    summary="Withdraw a suppression",
    response_description="The suppression as it is now.",
    responses=documented(*GUARDED, HTTPStatus.NOT_FOUND, HTTPStatus.UNPROCESSABLE_ENTITY),
    dependencies=[Depends(require("analyst"))],
)
def withdraw_suppression(
    user_id: Wanted,
    suppression_id: Annotated[SuppressionId, Path()],
    author: CurrentAuthor,
    services: Provided,
) -> Suppression:
    """Have it no longer count; what it has marked stays marked, and it stays in the history.

    One that has expired or been withdrawn already is left as it is.
    """
    with services.database.transaction() as transaction:
        row = suppressions.withdraw_suppression(transaction, author, user_id, suppression_id)
    return _found(row)


def _found(row: Row | None) -> Suppression:
    if row is None:
        raise ProblemError(
            HTTPStatus.NOT_FOUND, "no-such-suppression", "There is no such suppression."
        )
    return Suppression.model_validate(row)
