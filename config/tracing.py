"""Switching tracing on: by OpenTelemetry's own variables, around what the container has."""

import os
from collections.abc import Awaitable, Callable, Mapping
from functools import wraps
from typing import TYPE_CHECKING, Any

from dependency_injector import providers

from config.settings import ConfigurationError

if TYPE_CHECKING:
    from adapters.opentelemetry.tracing import OpenTelemetryTracing
    from config.container import Container

_EXPORTER = "OTEL_TRACES_EXPORTER"
_ENDPOINTS = ("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "OTEL_EXPORTER_OTLP_ENDPOINT")
_PROTOCOLS = ("OTEL_EXPORTER_OTLP_TRACES_PROTOCOL", "OTEL_EXPORTER_OTLP_PROTOCOL")
_HTTP = "http/protobuf"


def tracing_is_wanted(environment: Mapping[str, str]) -> bool:
    """An exporter is named, or where to export to. Raises ConfigurationError for another way."""
    if environment.get("OTEL_SDK_DISABLED", "").lower() == "true":
        return False
    exporter = environment.get(_EXPORTER, "").strip()
    if exporter not in ("", "none", "otlp"):
        raise ConfigurationError((f"{_EXPORTER}: must be otlp or none",))
    wanted = exporter == "otlp" or (
        not exporter and any(environment.get(name) for name in _ENDPOINTS)
    )
    for name in _PROTOCOLS:
        if wanted and environment.get(name, "") not in ("", _HTTP):
            raise ConfigurationError((f"{name}: must be {_HTTP}",))
    return wanted


def make_tracing() -> "OpenTelemetryTracing | None":
    """None, and nothing imported, unless it is wanted. Raises ConfigurationError."""
    if not tracing_is_wanted(os.environ):
        return None
    try:
        from adapters.opentelemetry.tracing import tracing_from_environment
    except ModuleNotFoundError:
        raise ConfigurationError((f"{_EXPORTER}: needs the packages of doorward[otel]",)) from None
    return tracing_from_environment()


def trace_container(container: "Container", tracing: "OpenTelemetryTracing") -> Callable[[], None]:
    """Use cases, statements and commands of Redis; call the result to stop the last."""
    from adapters.opentelemetry.statements import trace_commands, trace_statements
    from adapters.redis.connection import RedisConnection

    for provider in container.providers.values():
        if isinstance(provider, providers.Singleton) and _makes_use_case(provider):
            use_case: Any = provider()
            use_case.execute = _traced(use_case.execute, type(use_case).__name__, tracing)
    if container.storage_kind() == "sql":
        for database in (container.database(), container.replica()):
            if database is not None:
                database.is_watched = True
                trace_statements(database.engine.sync_engine, tracing)
    return trace_commands(tracing, RedisConnection)


def _makes_use_case(provider: "providers.Singleton[Any]") -> bool:
    made: Any = provider.provides
    return getattr(made, "__module__", "").startswith("application.") and hasattr(made, "execute")


def _traced(
    execute: Callable[..., Awaitable[Any]], name: str, tracing: "OpenTelemetryTracing"
) -> Callable[..., Awaitable[Any]]:
    @wraps(execute)
    async def execute_traced(*arguments: Any, **options: Any) -> Any:
        with tracing.step(name):
            return await execute(*arguments, **options)

    return execute_traced
