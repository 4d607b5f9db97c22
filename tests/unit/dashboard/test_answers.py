"""The API's own models and the dashboard's reading of them: two sides of one contract."""

from datetime import UTC, datetime

import pytest
from pydantic import BaseModel

from finguard.api import account_models, alert_inputs, alert_outputs, stat_models
from finguard.dashboard import answers
from finguard.dashboard.wording import CHANNELS, SEVERITIES, STATUSES


@pytest.mark.parametrize(
    ("written", "read"),
    [
        (account_models.Token, answers.Token),
        (account_models.Me, answers.Me),
        (alert_outputs.AlertPage, answers.AlertPage),
        (alert_outputs.AlertDetail, answers.AlertDetail),
        (stat_models.Summary, answers.Summary),
        (stat_models.Timeline, answers.Timeline),
    ],
)
def test_what_the_api_writes_is_read(written: type[BaseModel], read: type[answers.Answer]) -> None:
    """The example of each of the API's answers has all that the dashboard needs."""
    examples = written.model_json_schema(mode="serialization")["examples"]

    understood = [read.model_validate(example) for example in examples]

    assert understood


def test_every_filter_is_one_that_the_api_takes() -> None:
    """The API refuses parameters that it does not know."""
    chosen = answers.AlertFilter(
        rule="velocity",
        severity="high",
        status="open",
        user_id="u",
        min_score=1,
        start=datetime(2026, 3, 1, tzinfo=UTC),
    )

    fields = alert_inputs.AlertQuery.model_json_schema(mode="validation")["properties"]

    assert {*chosen.parameters(), "limit", "cursor"} <= set(fields)


def test_every_code_of_the_api_has_a_name() -> None:
    """Severities, statuses and channels are told in words."""
    fields = alert_outputs.Alert.model_json_schema()["properties"]

    assert set(fields["severity"]["enum"]) == set(SEVERITIES)
    assert set(fields["status"]["enum"]) == set(STATUSES)
    assert set(fields["channel"]["enum"]) == set(CHANNELS)
