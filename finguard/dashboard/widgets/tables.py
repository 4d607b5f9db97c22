"""Tables of text that may come from strangers."""

from collections.abc import Sequence

import pandas as pd
import streamlit as st

from finguard.dashboard.wording import escape


def written(
    title: str, rows: Sequence[tuple[str, ...]], columns: tuple[str, ...] | None = None
) -> None:
    """A small table whose every cell is escaped, since these tables render markdown.

    Args:
        title: above it, and what it is called for those who do not see it.
        rows: the first cell of each is its heading.
        columns: their names; None hides the header.
    """
    st.markdown(f"**{title}**")
    names = list(columns or ("name", "value"))
    cells = pd.DataFrame([[escape(cell) for cell in row] for row in rows], columns=names)
    st.table(cells.set_index(names[0]), border="horizontal", hide_header=columns is None, alt=title)
