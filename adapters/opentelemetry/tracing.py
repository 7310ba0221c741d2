"""Spans of requests and use cases."""

import os
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from opentelemetry.context import Context
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import SERVICE_NAME, Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.trace import (
    Span,
    SpanKind,
    StatusCode,
    Tracer,
    format_trace_id,
    get_current_span,
)
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

from application.ports.tracing import RequestSpan, Tracing
from domain.errors import DomainError

_CLOSING_SECONDS = 5.0
_CARRIED = (b"traceparent", b"tracestate")


def tracing_from_environment() -> "OpenTelemetryTracing":
    """Configured by the standard OTEL_ variables; sends over OTLP/HTTP."""
    named = "OTEL_SERVICE_NAME" in os.environ or SERVICE_NAME in os.environ.get(
        "OTEL_RESOURCE_ATTRIBUTES", ""
    )
    resource = Resource.create({} if named else {SERVICE_NAME: "doorward"})
    provider = TracerProvider(resource=resource)
    provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
    return OpenTelemetryTracing(provider)


class OpenTelemetryTracing(Tracing):
    """Over a provider of its own: what else in the process is traced is nobody's business here."""

    def __init__(self, provider: TracerProvider) -> None:
        self._provider = provider
        self.tracer: Tracer = provider.get_tracer("doorward")
        self._propagator = TraceContextTextMapPropagator()

    @contextmanager
    def request(
        self, method: str, headers: Sequence[tuple[bytes, bytes]]
    ) -> Iterator["OpenTelemetryRequestSpan"]:
        # Below what the caller sent or nothing: a context left over from elsewhere is not asked.
        parent = self._propagator.extract(_carried(headers), context=Context())
        with self.tracer.start_as_current_span(
            method,
            context=parent,
            kind=SpanKind.SERVER,
            attributes={"http.request.method": method},
            record_exception=False,
            set_status_on_exception=False,
        ) as span:
            yield OpenTelemetryRequestSpan(span, method)

    @contextmanager
    def step(self, name: str) -> Iterator[None]:
        if not get_current_span().is_recording():
            yield
            return
        with self.tracer.start_as_current_span(
            name, record_exception=False, set_status_on_exception=False
        ) as span:
            try:
                yield
            except DomainError as error:
                # An answer, if not the hoped-for one.
                span.set_attribute("doorward.refusal", error.code)
                raise
            except Exception as error:
                mark_failed(span, error)
                raise

    def close(self) -> None:
        # A collector that is away must not hold the shutdown up.
        sending = threading.Thread(target=self._provider.shutdown, daemon=True)
        sending.start()
        sending.join(_CLOSING_SECONDS)


class OpenTelemetryRequestSpan(RequestSpan):
    def __init__(self, span: Span, method: str) -> None:
        self._span = span
        self._method = method
        self.trace_id = format_trace_id(span.get_span_context().trace_id)

    def answered(self, route: str, status: int) -> None:
        self._span.update_name(f"{self._method} {route}")
        self._span.set_attributes({"http.route": route, "http.response.status_code": status})
        if status >= 500:
            self._span.set_status(StatusCode.ERROR)


def mark_failed(span: Span, error: BaseException) -> None:
    """The type alone: messages may quote what was sent."""
    span.set_attribute("error.type", type(error).__qualname__)
    span.set_status(StatusCode.ERROR)


def _carried(headers: Sequence[tuple[bytes, bytes]]) -> dict[str, str]:
    found: dict[str, str] = {}
    for name, value in headers:
        if name in _CARRIED:
            key = name.decode()
            # A second traceparent makes both invalid; tracestate may be split (W3C, 3.2.1, 3.3).
            found[key] = (
                f"{found[key]},{value.decode('latin-1')}"
                if key in found
                else (value.decode("latin-1"))
            )
    return found
