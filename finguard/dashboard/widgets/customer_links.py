"""From anywhere to a customer."""

from pathlib import Path
from typing import Final

import streamlit as st

PARAMETER: Final = "user"
"""Names the customer in the URL; on the Alerts page, too."""

_PAGES: Final = Path(__file__).parents[1] / "pages"


def link(label: str, user_id: str, parameters: dict[str, str]) -> None:
    """A link to a customer that keeps the parameters given; the label is markdown, so escape it."""
    st.page_link(
        _PAGES / "customer.py",
        label=label,
        icon=":material/person_search:",
        width="content",
        query_params=parameters | {PARAMETER: user_id},
    )


def alerts_link(label: str, user_id: str, parameters: dict[str, str]) -> None:
    """A link to all alerts of a customer; the label is markdown, so escape it."""
    st.page_link(
        _PAGES / "alerts.py",
        label=label,
        icon=":material/chevron_right:",
        icon_position="right",
        query_params=parameters | {PARAMETER: user_id},
    )
