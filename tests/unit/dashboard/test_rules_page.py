"""The rules page in each of its states."""

import httpx
import pytest

from tests.unit.dashboard.conftest import PAGES, Show, texts
from tests.unit.dashboard.fake_api import FakeApi
from tests.unit.dashboard.samples import EMPTY, rule, rules

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


def test_limits_are_those_that_detectors_apply(api: FakeApi, show: Show) -> None:
    """In words and units, with the meaning as the API tells it, letter by letter."""
    app = show(api.session(), PAGE)

    travel, value, velocity = (table.value.reset_index().to_csv() for table in app.table)
    assert 'Impossible beyond,"1\\,000 km\\/h"' in travel
    assert 'Amounts from,"10\\,000\\.00 USD"' in value
    assert "Counted within,1 minute" in velocity
    assert "What high\\_value \\*means\\*" in texts(app)
    assert "Applied by the running detector, version 1" in texts(app)


def test_detectors_that_disagree_are_shown_beside_one_another(api: FakeApi, show: Show) -> None:
    """Nobody is told a limit that only some apply."""
    both = rule("velocity", {"max_count": 10}, {"max_count": 5})
    api.answers = {"/api/v1/rules": rules(both)}

    app = show(api.session(), PAGE)

    assert not app.exception
    assert "do not apply this rule in the same way" in app.warning[0].value
    assert ["10", "5"] == app.table[0].value.iloc[0].tolist()


def test_without_a_detector_there_are_no_limits(api: FakeApi, show: Show) -> None:
    """The meaning stays."""
    idle = rule(status="not_applied", variants=[])
    api.answers = {"/api/v1/rules": rules(idle)}

    app = show(api.session(), PAGE)

    assert not app.table
    assert "No running detector applies it" in texts(app)


def test_a_rule_that_is_new_to_the_dashboard_is_listed(api: FakeApi, show: Show) -> None:
    """Under its own name, also where only its alerts are left."""
    api.figures = {"by_rule": {"odd_hours": 5}}

    page = texts(show(api.session(), PAGE))

    assert "#### Odd hours" in page
    assert "Neither the API nor a running detector knows this rule" in page


def test_without_any_alert_the_meanings_stay(api: FakeApi, show: Show) -> None:
    """The page explains the rules also where nothing has happened."""
    api.alerts, api.figures = [], EMPTY

    app = show(api.session(), PAGE)

    assert not app.exception
    assert "What velocity" in texts(app)


def test_a_refresh_costs_two_requests(api: FakeApi, show: Show) -> None:
    """The figures and the rules, with the header's question three."""
    app = show(api.session(), PAGE)
    api.asked.clear()
    api.clock.now_s += 60.0
    app.run()

    assert sorted(api.paths()) == [
        "/api/v1/rules",
        "/api/v1/stats/summary",
        "/api/v1/system/detectors",
    ]


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
