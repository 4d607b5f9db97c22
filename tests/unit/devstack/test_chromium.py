"""The browser of the tests: that it is missing is said, and nothing goes on without it."""

import pytest

from devstack import chromium


def test_a_missing_browser_ends_with_a_word(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Where nobody may install it."""
    monkeypatch.setenv("PATH", "/nowhere")

    assert chromium.install() == 1
    assert capsys.readouterr().err == f"error: {chromium.NO_BROWSER}\n"
