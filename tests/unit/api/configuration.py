"""Settings for an API under test, which neither the environment nor a `.env` can change."""

from typing import Any

from pydantic_settings import SettingsConfigDict

from finguard.settings import Settings

UNREACHABLE_DSN = "postgresql://nobody:nothing@127.0.0.1:9/nowhere"
"""Port 9 is the discard service's, which nobody runs any more."""


class IsolatedSettings(Settings):
    """Settings that are exactly what a test says."""

    model_config = SettingsConfigDict(env_prefix="FINGUARD_UNDER_TEST_", env_file=None)


def api_settings(dsn: str = UNREACHABLE_DSN, **changes: Any) -> Settings:  # noqa: ANN401 - any setting
    """The defaults with another database, and with changes."""
    return IsolatedSettings.model_validate({"postgres_dsn": dsn, **changes})
