"""The rules as the running detectors apply them."""

from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any, Final

from fastapi import APIRouter, Depends

from finguard.adapters.postgres.heartbeat import list_rules as list_applied
from finguard.api.access import require
from finguard.api.links import Link, leads_to
from finguard.api.problems import GUARDED, documented
from finguard.api.rule_models import Rule, Rules, Variant
from finguard.api.services import Provided
from finguard.api.system import SILENT_AFTER_S
from finguard.domain.rules import RuleLimits, terms

_KNOWN: Final = {each.rule: each.meaning for each in terms(RuleLimits())}

Applied = Mapping[str, Sequence[Mapping[str, Any]] | None]
"""By a detector's `instance_id`, the terms of its rules as it told them; None of one that does not.
"""

router = APIRouter(
    prefix="/api/v1/rules", tags=["rules"], dependencies=[Depends(require("viewer"))]
)


@router.get(
    "",
    summary="List rules",
    response_description="The rules.",
    responses=leads_to(HTTPStatus.OK, Link("list_alerts", {"rule": "$response.body#/items/0/rule"}))
    | documented(*GUARDED),
)
def list_rules(services: Provided) -> Rules:
    """What each rule looks for, and within which limits.

    The limits are those that running detectors say they judge by: settings of this API say nothing
    of theirs.
    """
    with services.database.cursor() as cursor:
        rows = list_applied(cursor, silent_after_s=SILENT_AFTER_S)
    return combine({row["instance_id"]: row["rules"] for row in rows})


def combine(applied: Applied) -> Rules:
    """Put together what detectors tell of their rules."""
    told = [each for rules in applied.values() for each in rules or ()]
    meanings = _KNOWN | {each["rule"]: each["meaning"] for each in reversed(told)}
    items = [_rule(rule, meaning, applied) for rule, meaning in meanings.items()]
    return Rules(detectors=len(applied), items=items)


def _rule(rule: str, meaning: str, applied: Applied) -> Rule:
    variants = sorted(_variants(rule, applied), key=lambda each: -len(each.detectors))
    if not variants:
        return Rule(
            rule=rule,
            meaning=meaning,
            status="not_applied",
            version=None,
            limits=None,
            variants=[],
        )
    first = variants[0]
    agreed = len(first.detectors) == len(applied)
    return Rule(
        rule=rule,
        meaning=meaning,
        status="agreed" if agreed else "disagreed",
        version=first.version if agreed else None,
        limits=first.limits if agreed else None,
        variants=variants,
    )


def _variants(rule: str, applied: Applied) -> list[Variant]:
    seen: list[Variant] = []
    for detector, rules in applied.items():
        for told in rules or ():
            if told["rule"] != rule:
                continue
            for variant in seen:
                if (variant.version, variant.limits) == (told["version"], told["limits"]):
                    variant.detectors.append(detector)
                    break
            else:
                seen.append(
                    Variant(version=told["version"], limits=told["limits"], detectors=[detector])
                )
    return seen
