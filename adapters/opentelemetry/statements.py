"""Spans of what is asked of the database and of Redis."""

from collections.abc import Awaitable, Callable
from functools import wraps
from typing import Any

from opentelemetry.trace import Span, SpanKind, get_current_span
from redis.asyncio import Redis
from sqlalchemy import Connection, Engine, event
from sqlalchemy.engine import ExceptionContext, ExecutionContext

from adapters.opentelemetry.tracing import OpenTelemetryTracing, mark_failed

_SPAN = "doorward_span"


def trace_statements(engine: Engine, tracing: OpenTelemetryTracing) -> None:
    """Every statement on this engine, with its text: values are bound, and not in it."""

    def before(
        _connection: Connection,
        _cursor: Any,
        statement: str,
        _parameters: Any,
        context: ExecutionContext | None,
        _many: bool,
    ) -> None:
        if context is None or not get_current_span().is_recording():
            return
        verb = statement.lstrip().partition(" ")[0].partition("\n")[0].upper()
        span = tracing.tracer.start_span(
            verb,
            kind=SpanKind.CLIENT,
            attributes={
                "db.system.name": engine.dialect.name,
                "db.operation.name": verb,
                "db.query.text": statement,
            },
        )
        setattr(context, _SPAN, span)

    def after(
        _connection: Connection,
        _cursor: Any,
        _statement: str,
        _parameters: Any,
        context: ExecutionContext | None,
        _many: bool,
    ) -> None:
        span = _taken_from(context)
        if span is not None:
            span.end()

    def failed(failure: ExceptionContext) -> None:
        span = _taken_from(failure.execution_context)
        if span is not None:
            mark_failed(span, failure.original_exception)
            span.end()

    event.listen(engine, "before_cursor_execute", before)
    event.listen(engine, "after_cursor_execute", after)
    event.listen(engine, "handle_error", failed)


def _taken_from(context: ExecutionContext | None) -> Span | None:
    span: Span | None = getattr(context, _SPAN, None)
    if span is not None:
        setattr(context, _SPAN, None)
    return span


def trace_commands(tracing: OpenTelemetryTracing, *clients: type) -> Callable[[], None]:
    """Every command of redis-py's client and of these, by name alone; call the result to stop."""
    stops = [_trace_commands_of(client, tracing) for client in (Redis, *clients)]

    def stop() -> None:
        for stop_one in stops:
            stop_one()

    return stop


def _trace_commands_of(client_class: Any, tracing: OpenTelemetryTracing) -> Callable[[], None]:
    execute: Callable[..., Awaitable[Any]] = client_class.execute_command

    @wraps(execute)
    async def execute_traced(client: Any, *arguments: Any, **options: Any) -> Any:
        if not get_current_span().is_recording():
            return await execute(client, *arguments, **options)
        name = str(arguments[0])
        with tracing.tracer.start_as_current_span(
            name,
            kind=SpanKind.CLIENT,
            attributes={"db.system.name": "redis", "db.operation.name": name},
            record_exception=False,
            set_status_on_exception=False,
        ) as span:
            try:
                return await execute(client, *arguments, **options)
            except BaseException as error:
                mark_failed(span, error)
                raise

    client_class.execute_command = execute_traced

    def stop() -> None:
        client_class.execute_command = execute

    return stop
