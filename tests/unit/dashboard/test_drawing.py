"""Figures on a page: made when they have changed, and sent as before when they have not."""

from collections import Counter
from collections.abc import Callable
from uuid import uuid4

import altair as alt
import pandas as pd
import pytest
from streamlit.testing.v1 import AppTest

from finguard.dashboard.widgets.drawing import draw
from tests.patience import PATIENCE_S

MADE: Counter[str] = Counter()
"""How often a figure was made, by its colour."""


def bars(frame: pd.DataFrame, colour: str) -> alt.Chart:
    """A figure that tells when it is made."""
    MADE[colour] += 1
    chart: alt.Chart = alt.Chart(frame).mark_bar(color=colour).encode(x="count:Q")
    return chart


def lines(frame: pd.DataFrame, colour: str) -> alt.Chart:
    """Another one, of the same."""
    chart: alt.Chart = alt.Chart(frame).mark_line(color=colour).encode(x="count:Q")
    return chart


def one(colour: str, counts: list[int]) -> None:
    """A page with the figure."""
    draw("Bars: counts", bars, pd.DataFrame({"count": counts}), colour)


def both(colour: str) -> None:
    """A page with two figures of the same data and with the same words."""
    frame = pd.DataFrame({"count": [1]})
    draw("Counts", bars, frame, colour)
    draw("Counts", lines, frame, colour)


@pytest.fixture
def colour() -> str:
    """A colour that no other figure has."""
    return f"#{uuid4().hex[:6]}"


def viewer(page: Callable[..., None], *inputs: object) -> AppTest:
    """Somebody who has opened the page."""

    def script(page: "Callable[..., None]", *inputs: object) -> None:  # its text alone is run
        page(*inputs)

    return AppTest.from_function(script, args=(page, *inputs), default_timeout=PATIENCE_S).run()


def drawn(app: AppTest) -> list[tuple[str, str, bytes]]:
    """The page's figures as they were sent: words, specification, data."""
    charts = [element.proto for element in app.get("vega_lite_chart")]
    return [(chart.alt, chart.spec, chart.datasets[0].data.data) for chart in charts]


def test_what_has_not_changed_is_sent_again_to_everybody_and_made_once(colour: str) -> None:
    """A refresh, and another viewer who sees the same, get the same message for nothing."""
    app = viewer(one, colour, [1, 2])
    first = drawn(app)
    assert [words for words, _, _ in first] == ["Bars: counts"]
    assert colour in first[0][1]
    assert drawn(app.run()) == first
    assert drawn(viewer(one, colour, [1, 2])) == first
    assert MADE[colour] == 1


def test_what_has_changed_is_made_anew(colour: str) -> None:
    """Other data, as a new alert brings them, are another figure; the old one is still known."""
    first, second = drawn(viewer(one, colour, [1, 2])), drawn(viewer(one, colour, [1, 3]))
    assert first != second
    assert drawn(viewer(one, colour, [1, 2])) == first
    assert MADE[colour] == 2


def test_figures_of_the_same_data_are_told_apart(colour: str) -> None:
    """What is drawn depends on the function that makes it, not on its inputs and words alone."""
    app = viewer(both, colour)
    assert ["bar" in spec for _, spec, _ in drawn(app)] == [True, False]
