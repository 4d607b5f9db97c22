"""The API's own models and the dashboard's reading of them: two sides of one contract."""

from datetime import UTC, datetime
from decimal import Decimal
from typing import get_args

import pytest
from pydantic import BaseModel

from finguard.adapters.postgres import users
from finguard.api import (
    account_models,
    alert_inputs,
    alert_outputs,
    browser,
    customer_inputs,
    customer_outputs,
    letter_inputs,
    letter_outputs,
    letter_stats,
    stat_models,
    system_models,
)
from finguard.dashboard import letter_wording, payload
from finguard.dashboard.client import (
    accounts,
    alerts,
    customers,
    letters,
    statistics,
    system,
    triage,
)
from finguard.dashboard.client.http import Answer
from finguard.dashboard.paging import PAGE_SIZE
from finguard.dashboard.quiet import KINDS
from finguard.dashboard.widgets.alert_filters import MOST_EXPORTED
from finguard.dashboard.widgets.suppressions import MOST_REASON_CHARS
from finguard.dashboard.widgets.triage_panel import NOTE_CHARS
from finguard.dashboard.wording import CHANNELS, SEVERITIES, STATUSES
from finguard.domain import dead_letters, effects
from finguard.domain.transaction import MAX_PAYLOAD_BYTES


@pytest.mark.parametrize(
    ("written", "read"),
    [
        (account_models.Token, accounts.Token),
        (account_models.AccessToken, accounts.AccessToken),
        (account_models.Handoff, accounts.Handoff),
        (account_models.Me, accounts.Me),
        (account_models.AuditPage, system.AuditPage),
        (alert_outputs.AlertPage, alerts.AlertPage),
        (alert_outputs.AlertDetail, alerts.AlertDetail),
        (customer_outputs.Customer, customers.Customer),
        (customer_outputs.CustomerTransactions, customers.CustomerTransactions),
        (customer_outputs.SuppressionPage, customers.SuppressionPage),
        (customer_outputs.Suppression, customers.Suppression),
        (stat_models.TopUsers, statistics.TopUsers),
        (letter_outputs.DeadLetterPage, letters.LetterPage),
        (letter_outputs.DeadLetterFile, letters.LetterDetail),
        (letter_outputs.LetterOutcome, letters.Outcome),
        (letter_outputs.LetterOutcomes, letters.Outcomes),
        (letter_stats.DeadLetterCounts, letters.LetterCounts),
        (alert_outputs.Change, triage.Change),
        (alert_outputs.BulkResult, triage.BulkResult),
        (stat_models.Summary, statistics.Summary),
        (stat_models.Timeline, statistics.Timeline),
        (stat_models.Map, statistics.Map),
        (system_models.Detectors, system.Detectors),
        (system_models.Readiness, system.Readiness),
        (system_models.Version, system.Version),
    ],
)
def test_what_the_api_writes_is_read(written: type[BaseModel], read: type[Answer]) -> None:
    """The example of each of the API's answers has all that the dashboard needs."""
    examples = written.model_json_schema(mode="serialization")["examples"]

    understood = [read.model_validate(example) for example in examples]

    assert understood


def test_roles_and_the_cookie_are_the_apis_own() -> None:
    """What the dashboard knows by name is called so by the API."""
    assert get_args(accounts.Role) == get_args(users.Role)
    assert set(accounts.COOKIES) == {browser.COOKIE, browser.HOST_COOKIE}


def test_every_filter_is_one_that_the_api_takes() -> None:
    """The API refuses parameters that it does not know."""
    chosen = alerts.AlertFilter(
        rules=("velocity",),
        severities=("high",),
        statuses=("open",),
        countries=("DE",),
        user_id="u",
        assignee="ada",
        assigned=True,
        min_score=1,
        min_amount=Decimal(1),
        max_amount=Decimal(2),
        text="books",
        start=datetime(2026, 3, 1, tzinfo=UTC),
        end=datetime(2026, 3, 2, tzinfo=UTC),
    )

    fields = alert_inputs.AlertQuery.model_json_schema(mode="validation")["properties"]

    assert len(chosen.parameters()) == len(chosen.model_fields_set)
    assert {*chosen.parameters(), "limit", "cursor", "sort"} <= set(fields)
    assert set(get_args(alerts.Sort)) == set(fields["sort"]["enum"])


def test_every_decision_is_one_that_the_api_takes() -> None:
    """Of one alert, and of as many at once as the API allows; a file is as large as it may be."""
    decision = triage.Decision(status="open", assignee=triage.NOBODY, note="Called.")

    assert alert_inputs.TriageChange.model_validate(decision.body()).assigns
    assert PAGE_SIZE <= alert_inputs.MAX_BULK
    assert MOST_EXPORTED <= alert_inputs.MAX_EXPORT_ROWS
    assert NOTE_CHARS <= alert_inputs.MAX_NOTE_CHARS


def test_every_code_of_the_api_has_a_name() -> None:
    """Severities, statuses and channels are told in words."""
    fields = alert_outputs.Alert.model_json_schema()["properties"]

    assert set(fields["severity"]["enum"]) == set(SEVERITIES)
    assert set(fields["status"]["enum"]) == set(STATUSES)
    assert set(fields["channel"]["enum"]) == set(CHANNELS)


def test_every_filter_of_dead_letters_is_one_that_the_api_takes() -> None:
    """So are the pages, and the rows that are worked on together."""
    chosen = letters.LetterFilter(
        reason="schema",
        stage="decode",
        status="open",
        start=datetime(2026, 3, 1, tzinfo=UTC),
        end=datetime(2026, 3, 2, tzinfo=UTC),
    )

    fields = letter_inputs.LetterQuery.model_json_schema(mode="validation")["properties"]

    assert {*chosen.parameters(), "limit", "cursor"} <= set(fields)
    assert PAGE_SIZE <= letter_inputs.MAX_BULK


def test_every_code_of_a_dead_letter_has_a_name() -> None:
    """Reasons with a meaning, stages, and statuses are told in words."""
    assert set(letter_wording.REASONS) == set(letter_wording.MEANINGS) == effects.REASONS
    assert set(letter_wording.STAGES) == set(dead_letters.STAGES)
    assert set(letter_wording.STATUSES) == set(dead_letters.STATUSES)
    assert set(letter_wording.STATUS_BADGES) == set(dead_letters.STATUSES)


def test_an_edit_is_one_that_the_api_takes() -> None:
    """In either form; and what can be edited is as long as a transaction may be."""
    edit = letters.Edit(key={"text": "u"}, value={"base64": "eyJ9"})

    taken = letter_inputs.ReplayRequest.model_validate(edit.body() | {"again": True}).edit()

    assert taken is not None
    assert (taken.key, taken.value) == (b"u", b'{"}')
    assert payload.MAX_BYTES == MAX_PAYLOAD_BYTES


def test_a_new_suppression_is_one_that_the_api_takes() -> None:
    """Its kinds, its fields, and how long a reason may be."""
    fields = customer_inputs.NewSuppression.model_json_schema()["properties"]

    assert set(fields) == set(customers.NewSuppression.model_fields)
    assert set(fields["kind"]["enum"]) == set(KINDS)
    assert fields["reason"]["maxLength"] == MOST_REASON_CHARS
