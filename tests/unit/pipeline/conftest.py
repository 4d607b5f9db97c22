"""What the pipeline's tests share: a detector that waits for its writer as long as it takes."""

import pytest

from finguard.pipeline import ownership
from tests.patience import PATIENCE_S


@pytest.fixture(autouse=True)
def _patience(monkeypatch: pytest.MonkeyPatch) -> None:
    """Their clocks are not real, but a busy machine's threads are late by the real one."""
    monkeypatch.setattr(ownership, "PATIENCE_S", PATIENCE_S)
    monkeypatch.setattr(ownership, "_SOON_S", PATIENCE_S)
