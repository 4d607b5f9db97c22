"""What the address names, whatever a browser sends."""

import pytest
from streamlit.testing.v1 import AppTest

from tests.patience import PATIENCE_S


def script(do: str, shown: int | None) -> None:
    """A page that does one thing to its address, and tells what it names."""
    import streamlit as st  # noqa: PLC0415 - an AppTest's script imports what it needs

    from finguard.dashboard import address  # noqa: PLC0415

    if do == "keep":
        address.keep("alert", shown)
    elif do == "name":
        address.name("alert", shown)
    st.text(str(address.number("alert")))
    st.text(str(sorted(st.query_params.to_dict().items())))


def after(text: str | None, do: str, shown: int | None = None) -> tuple[str, str]:
    """What an address with this text names in the end, and all that stands in it."""
    app = AppTest.from_function(
        script, kwargs={"do": do, "shown": shown}, default_timeout=PATIENCE_S
    )
    if text is not None:
        app.query_params["alert"] = text
    app.query_params["range"] = "All"
    app.run()
    assert not app.exception
    return app.text[0].value, app.text[1].value


@pytest.mark.parametrize(
    ("text", "number"),
    [("7", "7"), (None, "None"), ("", "None"), ("-7", "None"), ("x", "None"), ("9" * 19, "None")],
)
def test_a_number_is_named_or_none(text: str | None, number: str) -> None:
    """Nothing that somebody writes there is an error."""
    assert after(text, "look")[0] == number


@pytest.mark.parametrize("do", ["name", "keep"])
@pytest.mark.parametrize("text", [None, "7", "8", "x"])
def test_what_is_shown_is_named(text: str | None, do: str) -> None:
    """Whatever the browser's own address was when it asked; the rest of it stays."""
    assert after(text, do, 7) == ("7", "[('alert', '7'), ('range', 'All')]")
    assert after(text, do, None)[0] == "None"
