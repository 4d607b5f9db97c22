"""The bank's customers: what the detector remembers of them, and what was found."""

from collections import Counter
from collections.abc import Sequence
from http import HTTPStatus
from typing import Annotated, Any, get_args
from urllib.parse import quote

from fastapi import APIRouter, Depends, Path
from psycopg2.extras import RealDictCursor

from finguard.adapters.postgres import customers, suppressions
from finguard.adapters.postgres.customers import KnownTopic
from finguard.adapters.postgres.pool import Row
from finguard.api.access import require
from finguard.api.customer_inputs import CustomerId
from finguard.api.customer_outputs import (
    AlertCounts,
    Amounts,
    Customer,
    CustomerLinks,
    CustomerProfile,
    CustomerTransaction,
    CustomerTransactions,
    Labels,
    Place,
    Suppression,
)
from finguard.api.links import Link, leads_to
from finguard.api.paths import CUSTOMER, CUSTOMERS, customer_path
from finguard.api.problems import GUARDED, ProblemError, documented
from finguard.api.recent import moment, plain_amount, shown
from finguard.api.services import Provided, Services
from finguard.domain.customer import Habits, habits
from finguard.domain.profile import DEGREE_SCALE, Profile
from finguard.domain.triage import Status
from finguard.domain.verdict import Severity
from finguard.errors import ServiceUnavailable

router = APIRouter(prefix=CUSTOMERS, tags=["customers"], dependencies=[Depends(require("viewer"))])

_THIS = {"user_id": "$response.body#/user_id"}

_READING = documented(*GUARDED, HTTPStatus.NOT_FOUND, HTTPStatus.UNPROCESSABLE_ENTITY)


@router.get(
    f"/{CUSTOMER}",
    summary="Read a customer",
    response_description="The customer.",
    responses=leads_to(
        HTTPStatus.OK,
        Link("list_transactions", _THIS),
        Link("list_suppressions", _THIS),
        Link("add_suppression", _THIS),
        Link("list_alerts", _THIS),
    )
    | _READING,
)
def read_customer(user_id: Annotated[CustomerId, Path()], services: Provided) -> Customer:
    """What the detector remembers of a customer, their alerts counted, and what is kept quiet.

    The profile comes from the detector's own memory; without it the rest comes all the same, and
    says so. A customer of whom neither it nor the database knows anything is not found.
    """
    with services.database.snapshot() as snapshot:
        counted = customers.count_alerts(snapshot, user_id)
        active = suppressions.list_active(snapshot, user_id)
        is_stored = bool(counted) or suppressions.any_suppression(snapshot, user_id)
        topic = _topic(snapshot, services)
    profiles = _profiles(services, topic, user_id, is_stored=is_stored)
    found = habits(profiles or [])
    return Customer(
        user_id=user_id,
        profile_available=profiles is not None,
        profile=_profile(found) if found else None,
        alerts=_alerts(counted),
        suppressions=[Suppression.model_validate(row) for row in active],
        links=CustomerLinks(
            alerts=f"/api/v1/alerts?user_id={quote(user_id, safe='')}",
            transactions=customer_path(user_id, "transactions"),
            suppressions=customer_path(user_id, "suppressions"),
        ),
    )


@router.get(
    f"/{CUSTOMER}/transactions",
    summary="List a customer's recent transactions",
    response_description="The transactions, newest first.",
    responses=_READING,
)
def list_transactions(
    user_id: Annotated[CustomerId, Path()], services: Provided
) -> CustomerTransactions:
    """The transactions that the detector remembers of a customer, each with its alerts.

    There are few: it remembers no more of each channel than its settings say.
    """
    with services.database.snapshot() as snapshot:
        is_stored = bool(customers.count_alerts(snapshot, user_id)) or suppressions.any_suppression(
            snapshot, user_id
        )
        topic = _topic(snapshot, services)
    profiles = _profiles(services, topic, user_id, is_stored=is_stored)
    recent = shown(profiles or [])
    with services.database.cursor() as cursor:
        alert_ids = customers.alerts_of_transactions(
            cursor, user_id, [each.transaction_id for each in recent]
        )
    return CustomerTransactions(
        available=profiles is not None,
        items=[
            CustomerTransaction(
                **each.model_dump(), alert_ids=alert_ids.get(each.transaction_id, [])
            )
            for each in recent
        ],
    )


def _topic(cursor: RealDictCursor, services: Services) -> KnownTopic | None:
    recent = services.recent
    return customers.known_topic(cursor, group=recent.group, topic=recent.topic)


def _profiles(
    services: Services, topic: KnownTopic | None, user_id: str, *, is_stored: bool
) -> list[Profile] | None:
    """What the detector remembers; None when it cannot be asked.

    Raises:
        ProblemError: 404 when it remembers nothing and nothing is stored either.
        ServiceUnavailable: when nothing is stored, and it cannot be asked.
    """
    profiles = (
        services.recent.profiles(
            topic_id=topic.topic_id, partitions=range(topic.partitions), user_id=user_id
        )
        if topic
        else []
    )
    if profiles is None and not is_stored:
        raise ServiceUnavailable("nobody can tell whether there is such a customer")
    if not profiles and not is_stored:
        raise ProblemError(
            HTTPStatus.NOT_FOUND, "no-such-customer", "Nothing is known of such a customer."
        )
    return profiles


def _profile(found: Habits) -> CustomerProfile:
    return CustomerProfile(
        transactions=found.transactions,
        flagged=found.flagged,
        first_at=moment(found.earliest_us),
        last_at=moment(found.latest_us),
        amounts=[
            Amounts(
                currency=each.currency,
                transactions=each.transactions,
                median=plain_amount(each.median_units),
                max=plain_amount(each.max_units),
            )
            for each in found.amounts
        ],
        places=[
            Place(
                city=each.city,
                country=each.country,
                lat=each.lat_e7 / DEGREE_SCALE,
                lon=each.lon_e7 / DEGREE_SCALE,
                transactions=each.transactions,
                last_at=moment(each.latest_us),
            )
            for each in found.places
        ],
    )


def _alerts(counted: Sequence[Row]) -> AlertCounts:
    by_status = _counts(counted, "status", get_args(Status))
    return AlertCounts(
        total=sum(row["alerts"] for row in counted),
        open=by_status["open"],
        suppressed=sum(row["alerts"] for row in counted if row["is_suppressed"]),
        first_at=min((row["first_at"] for row in counted), default=None),
        last_at=max((row["last_at"] for row in counted), default=None),
        by_rule=_counts(counted, "rule"),
        by_severity=_counts(counted, "severity", get_args(Severity)),
        by_status=by_status,
        labels_by_rule={
            rule: Labels(**_labels([row for row in counted if row["rule"] == rule]))
            for rule in _counts(counted, "rule")
        },
    )


def _labels(counted: Sequence[Row]) -> dict[str, int]:
    by_status = _counts(counted, "status", get_args(Status))
    return {label: by_status[label] for label in Labels.model_fields}


def _counts(counted: Sequence[Row], name: str, values: Sequence[str] = ()) -> dict[Any, int]:
    """Alerts by the values of a column; these values also where there are none."""
    sums: Counter[str] = Counter()
    for row in counted:
        sums[row[name]] += row["alerts"]
    return {value: sums[value] for value in values or sorted(sums)}
