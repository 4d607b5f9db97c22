"""The written description of the API is the code's."""

from pathlib import Path

import pytest

from finguard.api.openapi import description

WRITTEN = Path(__file__).parents[3] / "docs" / "openapi.json"


def test_written_description_is_current() -> None:
    """Whoever changes the API writes its description anew, with `make openapi`."""
    current = WRITTEN.read_text("utf-8") == description()
    assert current, "docs/openapi.json is out of date: make openapi"


def test_description_is_the_same_everywhere(monkeypatch: pytest.MonkeyPatch) -> None:
    """The environment that it is written in has no say."""
    before = description()
    monkeypatch.setenv("FINGUARD_API_DOCS", "false")
    monkeypatch.setenv("FINGUARD_API_METRICS", "false")
    assert description() == before
