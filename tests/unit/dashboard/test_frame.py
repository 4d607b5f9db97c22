"""The frame: navigation, the state of the pipeline, and the time range that pages share."""

from datetime import datetime

import httpx
from streamlit.testing.v1 import AppTest

from finguard.dashboard import frame
from finguard.dashboard.period import CUSTOM
from tests.unit.dashboard.conftest import ALERTS_PAGE, PAGES, ROOT, Show, texts
from tests.unit.dashboard.fake_api import FakeApi
from tests.unit.dashboard.samples import detector

RANGE = {"range": CUSTOM, "from": "2026-03-01T10:00Z", "to": "2026-03-01T11:30Z"}


def asked(api: FakeApi, path: str) -> dict[str, str]:
    """The parameters of the latest question at a path."""
    return next(parameters for _, where, parameters in reversed(api.asked) if where == path)


def badges(app: AppTest) -> str:
    """The words of the header."""
    return "\n".join(part.value for part in [*app.markdown, *app.caption])


def test_every_page_is_in_the_navigation() -> None:
    """A file that nobody can reach would be a page in vain."""
    files = {path.name for path in (ROOT / PAGES).glob("[a-z]*.py")}

    assert {entry.file for entry in frame.PAGES} == files


def test_a_working_pipeline_is_live(api: FakeApi, show: Show) -> None:
    """With the time since when."""
    header = badges(show(api.session()))

    assert "Live" in header
    assert r"since 1 Mar 08\:00\:00" in header


def test_a_queue_is_a_lag(api: FakeApi, show: Show) -> None:
    """With its length."""
    api.detectors = [detector(lag=90_000)]

    header = badges(show(api.session()))

    assert "Lagging" in header
    assert r"90\,000 records behind" in header


def test_without_a_detector_the_pipeline_is_down(api: FakeApi, show: Show) -> None:
    """And the header says how to start one."""
    api.detectors = []

    header = badges(show(api.session()))

    assert "Down" in header
    assert r"start one with python detector\.py" in header


def test_without_an_api_nobody_knows(api: FakeApi, show: Show) -> None:
    """The header says that the API is away, and returns to live by itself."""
    session = api.session()
    app = show(session)
    api.failure = httpx.ConnectError("refused")
    api.clock.now_s += 60.0
    app.run()

    assert "API down" in badges(app)

    api.failure = None
    api.clock.now_s += 60.0
    app.run()

    assert "API down" not in badges(app)
    assert "Live" in badges(app)


def test_a_range_of_ones_own_comes_from_the_address(api: FakeApi, show: Show) -> None:
    """Its ends are in UTC, and what is asked ends there, too; so does the stretch before it."""
    app = show(api.session(), **RANGE)

    assert not app.exception
    ends = {"from": "2026-03-01T10:00:00+00:00", "to": "2026-03-01T11:30:00+00:00"}
    assert asked(api, "/api/v1/stats/timeline") == {**ends, "bucket": "minute"}
    before = asked(api, "/api/v1/stats/summary")
    assert (before["from"], before["to"]) == ("2026-03-01T08:30:00+00:00", ends["from"])


def test_a_range_is_shared_by_all_pages(api: FakeApi, show: Show) -> None:
    """It is the same on the next page, and stays in the address."""
    app = show(api.session(), **RANGE)

    app.switch_page(ALERTS_PAGE).run()

    assert asked(api, "/api/v1/alerts")["to"] == "2026-03-01T11:30:00+00:00"
    assert app.query_params["to"] == RANGE["to"]


def test_changed_ends_stand_in_the_address(api: FakeApi, show: Show) -> None:
    """So that the page can be sent to somebody as it is."""
    app = show(api.session(), **RANGE)

    app.datetime_input[0].set_value(datetime(2026, 3, 1, 9)).run()  # noqa: DTZ001 - as it reads

    assert app.query_params["from"] == "2026-03-01T09:00Z"
    assert asked(api, "/api/v1/stats/map")["from"] == "2026-03-01T09:00:00+00:00"


def test_a_preset_needs_no_ends(api: FakeApi, show: Show) -> None:
    """They leave the address with the range that they were of."""
    app = show(api.session(), **RANGE)

    app.segmented_control[0].set_value("1 h").run()

    assert "from" not in app.query_params
    assert not app.datetime_input


def test_a_range_that_ends_before_it_begins_is_told(api: FakeApi, show: Show) -> None:
    """The page falls back to the first preset and says so."""
    app = show(api.session(), **{**RANGE, "to": "2026-03-01T09:00Z"})

    assert not app.exception
    assert "A range ends after it begins" in texts(app)


def test_an_address_may_say_anything(api: FakeApi, show: Show) -> None:
    """Ends that are no times count for nothing."""
    app = show(api.session(), **{**RANGE, "from": "yesterday"})

    assert not app.exception
