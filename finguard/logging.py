"""One log format for all programs: events with fields, through structlog and stdlib alike."""

import logging
import sys
from typing import Literal

import structlog
from structlog.typing import Processor

_QUIET = ("httpx", "httpcore", "urllib3", "watchdog", "asyncio")
"""Libraries whose running commentary is noise below a warning."""


def configure_logging(
    program: str,
    *,
    level: str = "info",
    format: Literal["console", "json"] = "console",  # noqa: A002 - the setting's own name
) -> None:
    """Send structlog's and the libraries' records to standard error, one line each.

    Values are rendered with their control characters escaped, so that no text from outside can
    start a line of its own.

    Args:
        program: bound to every record.
        level: the least severe level shown.
        format: `console` for people, `json` for machines.
    """
    shared: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        _bind(program),
        structlog.processors.format_exc_info,
    ]
    renderer: Processor = (
        structlog.processors.JSONRenderer()
        if format == "json"
        else structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty(), repr_native_str=True)
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                _one_line,
                renderer,
            ],
        )
    )
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(level.upper())
    for name in _QUIET:
        logging.getLogger(name).setLevel(max(logging.WARNING, root.level))
    # What its client calls a warning is its everyday life, four lines a second while a broker is
    # away; what matters comes back as an error and is told in FinGuard's own words.
    logging.getLogger("kafka").setLevel(
        logging.DEBUG if root.level == logging.DEBUG else logging.CRITICAL
    )
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        wrapper_class=structlog.stdlib.BoundLogger,
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=True,
    )


def _bind(program: str) -> Processor:
    def bind(
        _logger: object, _method: str, event: structlog.typing.EventDict
    ) -> structlog.typing.EventDict:
        event["program"] = program
        return event

    return bind


def _one_line(
    _logger: object, _method: str, event: structlog.typing.EventDict
) -> structlog.typing.EventDict:
    """Escape line breaks in the event's own text; field values are rendered as `repr` already."""
    event["event"] = str(event.get("event", "")).replace("\r", "\\r").replace("\n", "\\n")
    return event
