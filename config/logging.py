"""How the process logs: structured, one line an event, to standard error."""

import logging
import sys
from contextvars import ContextVar

import structlog
from structlog.typing import EventDict, Processor, WrappedLogger

from config.settings import Settings

# What these libraries say at INFO is either said better by our own lines or may hold addresses.
_QUIET = ("uvicorn.access", "asyncio", "aiosqlite", "sqlalchemy", "alembic", "httpx", "httpcore")
# What these warn of is what a command fails with, and says itself.
_TOLD_BY_COMMANDS = ("doorward.sql", "adapters.redis")


trace_id: ContextVar[str | None] = ContextVar("trace_id", default=None)
"""The trace that lines belong to from now on. For reading logs alone: it may outlive its request
in tasks that were started there."""


def configure_command_logging(settings: Settings) -> None:
    """For a command that does one thing and ends: only what went wrong beside it."""
    configure_logging(settings, level="WARNING")
    for name in _TOLD_BY_COMMANDS:
        logging.getLogger(name).setLevel(logging.ERROR)


def configure_logging(settings: Settings, *, level: str | None = None) -> None:
    """Routes structlog and the standard library into one stream and one format.

    `level` takes the place of the one in the settings.
    """
    timestamp = structlog.processors.TimeStamper(fmt="iso", utc=True)
    shared: list[Processor] = [
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        timestamp,
        _add_trace_id,
    ]
    renderer: Processor = (
        structlog.processors.JSONRenderer()
        if settings.log_format == "json"
        else structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty())
    )
    # Local variables of a traceback may be secrets; their place in the code is enough.
    trace: list[Processor] = (
        [structlog.processors.ExceptionRenderer(_plain_traceback())]
        if settings.log_format == "json"
        else []
    )
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                *trace,
                renderer,
            ],
        )
    )
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(level or settings.log_level)
    for name in _QUIET:
        logging.getLogger(name).setLevel(logging.WARNING)


def _add_trace_id(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    found = trace_id.get()
    if found is not None:
        event["trace_id"] = found
    return event


def _plain_traceback() -> structlog.tracebacks.ExceptionDictTransformer:
    return structlog.tracebacks.ExceptionDictTransformer(show_locals=False)
