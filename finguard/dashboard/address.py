"""Which alert or letter the page's address names, told apart from what it named a moment ago."""

from typing import Final

import streamlit as st

_DIGITS: Final = 18
"""As many as a number may have and surely be a `bigint`, as those of alerts and letters are."""


def number(parameter: str) -> int | None:
    """The number that the address names; None where it names none."""
    text = st.query_params.get(parameter, "")
    return int(text) if text.isdecimal() and len(text) <= _DIGITS else None


def name(parameter: str, chosen: int | None) -> None:
    """Name a number in the address, or none."""
    if chosen is not None:
        st.query_params[parameter] = str(chosen)
    else:
        st.query_params.pop(parameter, None)


def keep(parameter: str, shown: int | None) -> None:
    """Let the address name what the page shows.

    For parts of a page that ask for themselves by the clock. Such a request brings along the
    address that the browser had when it sent it, perhaps before it heard of the one that the page
    has now; and a part that then has the page drawn anew would turn it back.
    """
    if number(parameter) != shown:
        name(parameter, shown)
