"""Draws figures, each with words for those who do not see it."""

from typing import Any, Final, cast

import streamlit as st
from altair import Chart, LayerChart
from altair.utils import schemapi

# Altair would check each part of a figure as it is made, and the whole once more when it is drawn,
# which takes longer than anything else in a refresh. The tests have checked them.
schemapi.disable_debug_mode()

Figure = Chart | LayerChart
"""What the functions of `charts` make."""


class _Trusted:
    """A figure that is not checked again."""

    def __init__(self, figure: Figure) -> None:
        self._figure: Final = figure

    def to_dict(self) -> dict[str, Any]:
        """Its specification, all that Streamlit asks of a figure."""
        return self._figure.to_dict(validate=False)


def draw(figure: Figure, words: str, *, key: str | None = None) -> None:
    """Draw a figure.

    Args:
        figure: of one of the functions of `charts`.
        words: what it shows, for screen readers.
        key: tells it from figures that look the same.
    """
    st.altair_chart(cast("Chart", _Trusted(figure)), key=key, alt=words)
