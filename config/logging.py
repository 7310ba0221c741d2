"""How the process logs: structured, one line an event, to standard error."""

import json
import logging
import sys
from contextlib import suppress
from contextvars import ContextVar
from datetime import UTC, datetime

import structlog
from structlog.typing import EventDict, Processor, WrappedLogger

from config.settings import Settings

# What these libraries say at INFO is either said better by our own lines or may hold addresses.
_QUIET = ("uvicorn.access", "asyncio", "aiosqlite", "sqlalchemy", "alembic", "httpx", "httpcore")
# What these warn of is what a command fails with, and says itself.
_TOLD_BY_COMMANDS = ("doorward.sql", "adapters.redis")


# One list for good: loggers that are bound already follow when it is filled anew.
_PROCESSORS: list[Processor] = []

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
    renderer: Processor = (
        _as_json
        if settings.log_format == "json"
        else structlog.dev.ConsoleRenderer(
            colors=sys.stderr.isatty(), exception_formatter=structlog.dev.plain_traceback
        )
    )
    # Local variables of a traceback may be secrets; their place in the code is enough.
    trace: list[Processor] = [
        structlog.processors.ExceptionRenderer(_plain_traceback())
        if settings.log_format == "json"
        else _stack_as_text
    ]
    chosen = level or settings.log_level
    # Our own lines do not pass through the standard library: that costs more than writing them.
    _PROCESSORS[:] = [_add_circumstances, *trace, renderer]
    structlog.configure(
        processors=_PROCESSORS,
        logger_factory=_StandardError,
        wrapper_class=structlog.make_filtering_bound_logger(chosen),
        cache_logger_on_first_use=False,
    )
    handler = logging.StreamHandler(_StandardError())
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[_add_circumstances],
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                *trace,
                renderer,
            ],
        )
    )
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(chosen)
    for name in _QUIET:
        logging.getLogger(name).setLevel(logging.WARNING)


# Made once: what the renderer calls by itself builds an encoder for every line.
_encode = json.JSONEncoder(default=str).encode


def _as_json(_logger: WrappedLogger, _method: str, event: EventDict) -> str:
    return _encode(event)


class _StandardError:
    """What a finished line is written with, and the name that the line is logged under."""

    def __init__(self, name: str = "doorward") -> None:
        self.name = name

    def msg(self, line: str) -> None:
        # One write a line, so that lines of several processes on one stream do not mix.
        self.write(line + "\n")

    debug = info = warning = error = critical = exception = msg

    def write(self, text: str) -> None:
        """For handlers of the standard library, too."""
        # The reader has gone, the disk is full, the stream is closed. Nobody who logs could do
        # anything about it, and what they are in the middle of must not end for want of a line.
        with suppress(OSError, ValueError):
            sys.stderr.write(text)


def _add_circumstances(logger: WrappedLogger, method: str, event: EventDict) -> EventDict:
    """How grave it is, who says it, when, in which trace. One step, since each one costs."""
    record = event.get("_record")
    event["level"] = method
    event["logger"] = record.name if record is not None else logger.name
    event["timestamp"] = datetime.now(UTC).isoformat().replace("+00:00", "Z")
    found = trace_id.get()
    if found is not None:
        event["trace_id"] = found
    return event


def _stack_as_text(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    """For people: the renderer puts it below the line, and takes text alone."""
    if isinstance(event.get("stack"), list):
        event["stack"] = "\n".join(event["stack"])
    return event


def _plain_traceback() -> structlog.tracebacks.ExceptionDictTransformer:
    return structlog.tracebacks.ExceptionDictTransformer(show_locals=False)
