"""The API's composition root: `uvicorn api:app --reload`."""

import logging
import sys

from finguard.api.app import create_app
from finguard.errors import ConfigurationError
from finguard.logging import configure_logging
from finguard.program import warn_of
from finguard.settings import Settings, load_settings, unknown_settings


def _settings() -> Settings:
    try:
        return load_settings()
    except ConfigurationError as error:
        sys.exit(f"error: {error}")


def _take_over_uvicorn_logs() -> None:
    """Uvicorn's records in FinGuard's format, without its access log: the API writes its own."""
    for name in ("uvicorn", "uvicorn.error", "uvicorn.access"):
        logger = logging.getLogger(name)
        logger.handlers = []
        logger.propagate = name != "uvicorn.access"


settings = _settings()
configure_logging("api", level=settings.log_level, format=settings.log_format)
warn_of(unknown_settings())
_take_over_uvicorn_logs()
app = create_app(settings)
