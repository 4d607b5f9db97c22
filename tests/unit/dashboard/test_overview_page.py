"""The overview page in each of its states."""

import httpx
import pytest
from streamlit.proto.Metric_pb2 import Metric as MetricProto

from finguard.dashboard.client.statistics import Summary
from finguard.dashboard.period import PERIODS
from tests.unit.dashboard.conftest import Show, texts
from tests.unit.dashboard.fake_api import FakeApi, problem
from tests.unit.dashboard.samples import EMPTY, alert, detector, latency, summary


def test_the_figures_have_units_and_separators(api: FakeApi, show: Show) -> None:
    """Eight figures, as a person reads them."""
    app = show(api.session())

    assert not app.exception
    assert [(figure.label, figure.value) for figure in app.metric] == [
        ("Transactions/s", "205 /s"),
        ("Alerts", "3"),
        ("Fraud rate", "0.024 %"),
        ("Amount at risk", "2,200 USD"),
        ("Open alerts", "3"),
        ("Dead letters", "1"),
        ("Lag", "12"),
        ("Latency, p99", "98 ms"),
    ]


def test_latency_is_that_of_the_alerts_seen_to_come(api: FakeApi, show: Show) -> None:
    """First of all since the detectors' start; later only what came while somebody looked."""
    app = show(api.session())
    assert "100 alerts since the detectors started" in app.metric[7].help
    api.detectors = [detector(latency=latency(50, 100, 150))]
    api.clock.now_s += 60.0

    app.run()

    assert app.metric[7].value == "≥ 100 ms"
    assert "50 alerts since" in app.metric[7].help


def test_without_an_alert_there_is_no_latency(api: FakeApi, show: Show) -> None:
    """As right after a start, or where a detector does not tell."""
    for told in (latency(0, 0, 0), None):
        api.detectors = [detector(latency=told)]
        assert show(api.session()).metric[7].value == "–"  # noqa: RUF001


def test_a_change_points_the_way_it_went(api: FakeApi, show: Show) -> None:
    """Figures are told against those before; fewer points down."""
    session = api.session()
    now = Summary.model_validate(summary(transactions=80, alerts=12))
    before = Summary.model_validate(summary(transactions=100, alerts=10))
    session.ask(("summary", PERIODS[0]), lambda _api: now)
    session.ask(("previous", PERIODS[0]), lambda _api: before)

    app = show(session)

    changes = {figure.label: (figure.delta, figure.proto.direction) for figure in app.metric}
    down, up = MetricProto.MetricDirection.DOWN, MetricProto.MetricDirection.UP
    assert changes["Transactions/s"] == ("−20 %", down)  # noqa: RUF001
    assert changes["Alerts"] == ("+20 %", up)


def test_the_newest_alerts_tell_their_stories(api: FakeApi, show: Show) -> None:
    """Severity in a word and a shape, the rule, the story and whose it is."""
    page = texts(show(api.session()))

    assert ":orange-badge[◆ Medium] **Velocity**" in page
    assert "11 transactions within 60 seconds" in page
    assert r"user\-3 · 129\.90 USD" in page


def test_a_refresh_costs_three_requests_at_most(api: FakeApi, show: Show) -> None:
    """Header and panels together; in their turn all are brought up to date."""
    app = show(api.session())
    refreshes = []
    for _ in range(30):
        api.clock.now_s += 2.0
        api.asked.clear()
        app.run()
        refreshes.append(api.paths())

    assert max(len(paths) for paths in refreshes) <= 3
    for path in ("stats/timeline", "stats/map", "system/detectors"):
        assert sum(f"/api/v1/{path}" in paths for paths in refreshes) >= 4


def test_hostile_text_stays_text(api: FakeApi, show: Show) -> None:
    """Stories and names are shown letter by letter."""
    story = "<script>alert(1)</script> $x$ [a](http://b) :fire: **c**"
    api.alerts = [alert(1, story=story, user_id="`u`", merchant="#m")]

    page = texts(show(api.session()))

    assert "<script>" not in page.replace(r"\<script\>", "")
    assert r"\$x\$ \[a\]\(http\:\/\/b\)" in page
    assert r"\`u\`" in page


def test_an_empty_range_says_what_to_do(api: FakeApi, show: Show) -> None:
    """No chart of nothing, but a hint at the producer and at all time."""
    api.alerts, api.figures = [], EMPTY

    app = show(api.session())

    assert not app.metric
    assert "Nothing in the last 15 minutes" in texts(app)
    assert "python producer.py" in texts(app)


def test_an_empty_database_asks_for_the_producer(api: FakeApi, show: Show) -> None:
    """Where there is nothing at all, no other range is recommended."""
    api.alerts, api.figures = [], EMPTY

    app = show(api.session(), range="All")

    assert "No transactions yet" in texts(app)


def test_transactions_without_alerts_are_good_news(api: FakeApi, show: Show) -> None:
    """The page is complete, and the list says that it is empty."""
    api.alerts, api.figures = [], {**EMPTY, "transactions": 100, "fraud_rate": 0.0}

    app = show(api.session(), range="All")

    assert app.metric[1].value == "0"
    assert "None in all time. That is good news." in texts(app)


@pytest.mark.parametrize("period", ["15 min", "1 h", "24 h", "7 d", "All"])
def test_every_range_can_be_chosen_by_the_url(api: FakeApi, show: Show, period: str) -> None:
    """Each asks the API for its own stretch of time."""
    app = show(api.session(), range=period)

    assert not app.exception
    starts = {asked[2]["from"] for asked in api.asked if asked[1] == "/api/v1/stats/map"}
    assert (starts == {"1970-01-01T00:00:00+00:00"}) is (period == "All")


@pytest.mark.parametrize(
    "failure", [httpx.ConnectError("refused"), problem(503, "PostgreSQL is away")]
)
def test_while_the_api_is_away_the_last_figures_stay(
    api: FakeApi, show: Show, failure: httpx.Response | Exception
) -> None:
    """A banner above what was known, then recovery, and never a traceback."""
    session = api.session()
    app = show(session)
    api.failure = failure
    api.clock.now_s += 60.0

    app.run()

    assert not app.exception
    assert "No fresh data since" in texts(app)
    assert "API down" in texts(app)
    assert app.metric[1].value == "3"

    api.failure = None
    api.clock.now_s += 2.0
    app.run()

    assert "No fresh data since" not in texts(app)


def test_an_api_away_from_the_start_leaves_the_banner_alone(api: FakeApi, show: Show) -> None:
    """Without any figures there is only the reason."""
    session = api.session()
    api.failure = httpx.ReadTimeout("slow")

    app = show(session)

    assert not app.metric
    assert "did not answer in time" in texts(app)
