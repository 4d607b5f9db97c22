"""The system page in each of its states."""

import httpx

from tests.unit.dashboard.conftest import PAGES, Show, button, texts
from tests.unit.dashboard.fake_api import FakeApi, problem
from tests.unit.dashboard.samples import AUDIT, READINESS, detector, latency

PAGE = f"{PAGES}/system.py"


def test_detectors_are_told_in_words_and_units(api: FakeApi, show: Show) -> None:
    """How each one is, what it owns, and how far behind it is."""
    api.detectors = [
        detector(),
        detector(host="b", outage="Redis", partitions=[], lag=None),
        detector(host="c", status="silent", partitions=None),
        detector(host="d", rebuilding=True, lag=1_234),
    ]

    app = show(api.session(), PAGE)

    assert not app.exception
    frame = app.dataframe[0].value
    assert list(frame["State"]) == [
        "✓ alive",
        "⏸ waits for Redis",
        "✗ silent",
        "↻ rebuilds profiles",
    ]
    assert list(frame["Partitions"]) == ["0, 1, 2", "none", "–", "0, 1, 2"]  # noqa: RUF001
    assert list(frame["Lag"]) == ["12", "–", "12", "1,234"]  # noqa: RUF001
    assert frame["Pace"][0] == "205 /s"


def test_services_and_versions_are_told(api: FakeApi, show: Show) -> None:
    """A service that is away says so in a word and a sign."""
    app = show(api.session(), PAGE)

    services, versions = (table.value.reset_index().to_csv() for table in app.table)
    assert r"PostgreSQL,✓ answers,0\.6 ms" in services
    assert "Redis,✗ is away" in services
    assert r"0009\_alert\_rollups" in versions


def test_without_a_detector_the_page_says_what_to_do(api: FakeApi, show: Show) -> None:
    """No empty table."""
    api.detectors = []

    app = show(api.session(), PAGE)

    assert "No detector runs" in texts(app)
    assert "python detector.py" in texts(app)


def test_the_audit_log_is_for_administrators(api: FakeApi, show: Show) -> None:
    """Others are told so, and the API is not even asked."""
    app = show(api.session(), PAGE)

    assert "This takes the role admin" in texts(app)
    assert "/api/v1/audit" not in api.paths()


def test_administrators_see_who_changed_what(api: FakeApi, show: Show) -> None:
    """Before and after, and further back on the next page."""
    api.role = "admin"
    app = show(api.session(), PAGE)

    changes = app.dataframe[1].value
    assert list(changes["Who"]) == ["admin"]
    assert list(changes["After"]) == ['{"role": "analyst"}']

    button(app, "audit-older").click().run()

    assert ("GET", "/api/v1/audit", {"limit": "50", "cursor": "11"}) in api.asked
    assert not button(app, "audit-newer").disabled


def test_an_empty_audit_log_says_so(api: FakeApi, show: Show) -> None:
    """Where nobody has changed anything."""
    api.role, api.answers = "admin", {"/api/v1/audit": {**AUDIT, "items": []}}

    assert "Nobody has changed anything yet" in texts(show(api.session(), PAGE))


def test_while_the_api_is_away_the_last_state_stays(api: FakeApi, show: Show) -> None:
    """A banner above what was known, then recovery."""
    app = show(api.session(), PAGE)
    api.failure = httpx.ConnectError("refused")
    api.clock.now_s += 60.0
    app.run()

    assert not app.exception
    assert "No fresh data since" in texts(app)
    assert len(app.dataframe[0].value) == 1

    api.failure = None
    api.clock.now_s += 60.0
    app.run()

    assert "No fresh data since" not in texts(app)


def test_lag_throughput_and_latency_are_drawn(api: FakeApi, show: Show) -> None:
    """The course of the throughput from the second look on; before, the page says so."""
    app = show(api.session(), PAGE)

    assert not app.exception
    assert len(app.get("vega_lite_chart")) == 2
    assert "12 in all" in texts(app)
    assert "drawn from what you see from now on" in texts(app)
    assert "Half took up to **10 ms**, 99 of 100 up to **98 ms**" in texts(app)

    api.clock.now_s += 60.0
    app.run()

    assert len(app.get("vega_lite_chart")) == 3


def test_without_partitions_and_alerts_words_take_the_place_of_charts(
    api: FakeApi, show: Show
) -> None:
    """A detector that has just been started."""
    api.detectors = [detector(partitions=None, lag=None, latency=latency(0, 0, 0))]

    page = texts(show(api.session(), PAGE))

    assert "unknown in all" in page
    assert "has been given a partition yet" in page
    assert "has stored an alert since it started" in page


def test_services_are_told_row_by_row_also_where_the_api_cannot_serve(
    api: FakeApi, show: Show
) -> None:
    """PostgreSQL is away: all else fails, and the page says which service it is that lacks."""
    app = show(api.session(), PAGE)
    away = {"status": "unavailable", "latency_ms": None, "required": True}
    api.readiness = {**READINESS, "status": "unavailable", "postgresql": away}
    api.failure = problem(503, "A service that this needs cannot answer right now.")
    api.clock.now_s += 60.0

    app.run()

    assert not app.exception
    assert "No fresh data since" in texts(app)
    assert "PostgreSQL,✗ is away" in app.table[0].value.reset_index().to_csv()
    api.clock.now_s += 2.0
    app.run()
    assert "No fresh data since" in texts(app)


def test_a_refresh_costs_three_requests_at_most(api: FakeApi, show: Show) -> None:
    """Also for an administrator, whose page has the audit log besides."""
    api.role = "admin"
    app = show(api.session(), PAGE)
    for _ in range(10):
        api.clock.now_s += 60.0
        api.asked.clear()
        app.run()
        assert len(api.paths()) <= 3
