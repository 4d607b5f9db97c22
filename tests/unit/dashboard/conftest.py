"""The pages, drawn by Streamlit's own test runner against an API in memory."""

import json
import re
from collections.abc import Callable
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest
from streamlit.testing.v1.element_tree import Button

from finguard.dashboard.session import KEY, Session
from tests.patience import PATIENCE_S
from tests.unit.dashboard.fake_api import FakeApi
from tests.unit.dashboard.samples import alert

ROOT = Path(__file__).parents[3]
PAGES = "finguard/dashboard/pages"
ALERTS_PAGE = f"{PAGES}/alerts.py"
LETTERS_PAGE = f"{PAGES}/dead_letters.py"

Show = Callable[..., AppTest]


@pytest.fixture
def api() -> FakeApi:
    """An API with three alerts, two of which are travels."""
    return FakeApi(
        alerts=[
            alert(3, rule="velocity", severity="medium", story="11 transactions within 60 seconds"),
            alert(2),
            alert(1),
        ]
    )


@pytest.fixture
def show() -> Show:
    """Draws the dashboard of a session: the page, with what the URL says."""

    def draw(session: Session, page: str | None = None, **url: str) -> AppTest:
        app = AppTest.from_file(str(ROOT / "dashboard.py"), default_timeout=PATIENCE_S)
        app.session_state[KEY] = session
        for name, value in url.items():
            app.query_params[name] = value
        app.run()
        if page is not None:
            app.switch_page(page).run()
        return app

    return draw


def click_cell(app: AppTest, table: str, row: int) -> AppTest:
    """Send what a browser does when a cell of a table is clicked.

    Args:
        app: the page.
        table: the element's id, also that of a table that was there before.
        row: where.
    """
    states = app._tree.get_widget_states()  # noqa: SLF001 - the runner knows no clicks on tables
    clicked = {"selection": {"rows": [], "columns": [], "cells": [[row, "When"]]}}
    states.widgets.add(id=table, string_value=json.dumps(clicked))
    return app._run(states)  # noqa: SLF001 - as above


def button(app: AppTest, name: str) -> Button:
    """The one button of this name; what its key says after that tells on what it is pressed."""
    (found,) = [each for each in app.button if re.fullmatch(f"{name}(-.*)?", each.key or "")]
    return found


def deliver(app: AppTest, widget_id: str) -> AppTest:
    """Tell the page that a button was pressed, as a browser does that may be late or twice."""
    states = app._tree.get_widget_states()  # noqa: SLF001 - as above
    states.widgets.add(id=widget_id, trigger_value=True)
    return app._run(states)  # noqa: SLF001 - as above


def texts(app: AppTest) -> str:
    """Everything on the page that is markdown, captions and banners included."""
    parts = [
        *app.markdown,
        *app.caption,
        *app.error,
        *app.warning,
        *app.info,
        *app.success,
        *app.title,
        *app.subheader,
    ]
    return "\n".join(part.value for part in parts)
