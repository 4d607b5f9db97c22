"""The rows of the faults, which only the whole run tries all of."""

from inspect import signature

import pytest

from tests.chaos.rows import ROWS, Row, title


@pytest.mark.parametrize("row", ROWS, ids=title)
def test_a_row_takes_what_it_is_given(row: Row) -> None:
    """In the whole run, which takes long, and in the tests' short one."""
    taken = signature(row.provoke)
    for parameters in (row.whole, row.quick):
        if parameters is not None:
            taken.bind(None, **parameters)
