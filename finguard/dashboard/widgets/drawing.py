"""Draws figures, each with words for those who do not see it."""

from collections.abc import Callable
from itertools import count
from types import FunctionType
from typing import Any, Final, TypeVarTuple, cast

import streamlit as st
from altair import Chart, LayerChart
from altair.utils import schemapi

# Altair would check each part of a figure as it is made, and the whole once more when it is drawn,
# which takes longer than anything else in a refresh. The tests have checked them.
schemapi.disable_debug_mode()

Figure = Chart | LayerChart
"""What the functions of `charts` make."""

Inputs = TypeVarTuple("Inputs")

_KEPT: Final = 128
"""Figures as they were sent, of all viewers together: some 30 kB each, a long timeline 150."""

_CLEARED_EVERY: Final = 10_000
"""Figures drawn: of those that Streamlit forgets it keeps a lock, and only this takes it away."""

_drawings = count(1)


def draw(words: str, make: Callable[[*Inputs], Figure], *inputs: *Inputs) -> None:
    """Draw a figure; what is drawn again, for whichever viewer, costs hardly anything.

    Args:
        words: what it shows, for screen readers.
        make: one of the functions of `charts`.
        inputs: all that the figure is made of.
    """
    if next(_drawings) % _CLEARED_EVERY == 0:
        _drawn.clear()
    _drawn(words, make, *inputs)


def draw_once(words: str, make: Callable[[*Inputs], Figure], *inputs: *Inputs) -> None:
    """Draw a figure that is another one at each refresh and for each viewer."""
    _send(words, make(*inputs))


class _Trusted:
    """A figure that is not checked again."""

    def __init__(self, figure: Figure) -> None:
        self._figure: Final = figure

    def to_dict(self) -> dict[str, Any]:
        """Its specification, all that Streamlit asks of a figure."""
        return self._figure.to_dict(validate=False)


def _name(function: FunctionType) -> str:
    return f"{function.__module__}.{function.__qualname__}"


# Most refreshes show what the last one showed, and viewers look at the same. To make a figure and
# its specification takes longer than all else on a page; Streamlit then sends the message again.
@st.cache_data(max_entries=_KEPT, show_spinner=False, hash_funcs={FunctionType: _name})
def _drawn(words: str, make: Callable[..., Figure], *inputs: object) -> None:
    _send(words, make(*inputs))


def _send(words: str, figure: Figure) -> None:
    st.altair_chart(cast("Chart", _Trusted(figure)), alt=words)
