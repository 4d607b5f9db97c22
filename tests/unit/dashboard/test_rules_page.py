"""The rules page in each of its states."""

import httpx
import pytest

from tests.unit.dashboard.conftest import PAGES, Show, texts
from tests.unit.dashboard.fake_api import FakeApi
from tests.unit.dashboard.samples import EMPTY

PAGE = f"{PAGES}/rules.py"


@pytest.mark.parametrize("role", ["viewer", "analyst", "admin"])
def test_each_rule_says_how_often_and_how_rightly(api: FakeApi, show: Show, role: str) -> None:
    """Alerts and precision of the period, whoever looks; nothing where nobody has decided."""
    api.role = role

    app = show(api.session(), PAGE)

    assert not app.exception
    assert [(figure.label, figure.value) for figure in app.metric] == [
        ("Alerts", "2"),
        ("Precision", "75.0 %"),
        ("Alerts", "0"),
        ("Precision", "–"),  # noqa: RUF001
        ("Alerts", "1"),
        ("Precision", "–"),  # noqa: RUF001
    ]


def test_limits_are_those_of_the_latest_alert(api: FakeApi, show: Show) -> None:
    """They are the detectors' own; a rule that never fired cannot tell any."""
    app = show(api.session(), PAGE)

    assert "at most 1\\,000 km\\/h" in app.table[0].value.to_csv()
    assert "As of its latest alert" in texts(app)
    assert "as soon as it has raised an alert" in texts(app)


def test_a_rule_that_is_new_to_the_dashboard_is_listed(api: FakeApi, show: Show) -> None:
    """Under its own name."""
    api.figures = {"by_rule": {"odd_hours": 5}}

    assert "#### Odd hours" in texts(show(api.session(), PAGE))


def test_without_any_alert_the_meanings_stay(api: FakeApi, show: Show) -> None:
    """The page explains the rules also where nothing has happened."""
    api.alerts, api.figures = [], EMPTY

    app = show(api.session(), PAGE)

    assert not app.exception
    assert "there is no way to be at both" in texts(app)


def test_while_the_api_is_away_the_last_figures_stay(api: FakeApi, show: Show) -> None:
    """A banner above what was known, then recovery."""
    app = show(api.session(), PAGE)
    api.failure = httpx.ConnectError("refused")
    api.clock.now_s += 60.0
    app.run()

    assert not app.exception
    assert "No fresh data since" in texts(app)
    assert app.metric[0].value == "2"

    api.failure = None
    api.clock.now_s += 60.0
    app.run()

    assert "No fresh data since" not in texts(app)
