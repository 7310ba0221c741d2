"""Traces: what a request's spans say, what they do not say, and the id in the log."""

import subprocess
import sys
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from typing import Any

import httpx
import pytest
from dependency_injector import providers
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import SpanKind, StatusCode
from redis.asyncio import Redis

from adapters.memory.passwords import FastPasswordHasher
from adapters.opentelemetry.tracing import OpenTelemetryTracing
from adapters.redis.connection import RedisConnection
from config.container import container_for
from config.settings import ConfigurationError, load_settings
from config.tracing import make_tracing, tracing_is_wanted
from entrypoints.http.app import create_app
from tests.architecture.tree import ROOT
from tests.entrypoints.http.api import Api
from tests.entrypoints.http.log_lines import LogLines, captured_logs

TRACE, PARENT = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"
VALID = f"00-{TRACE}-{PARENT}-01"
SECRET_KEY = "a secret for tests, long enough for every rule"
LOGIN = "/api/v1/auth/login"
SECRET = "not the right password"


@dataclass(frozen=True)
class Traced:
    """The application with tracing on, and what it has sent."""

    api: Api
    exporter: InMemorySpanExporter

    def spans(self) -> list[ReadableSpan]:
        return list(self.exporter.get_finished_spans())

    def named(self, name: str) -> ReadableSpan:
        (found,) = (span for span in self.spans() if span.name == name)
        return found


class _Hasher(FastPasswordHasher):
    def close(self) -> None:
        """There is no pool to give back."""


@asynccontextmanager
async def traced_api(**settings: Any) -> AsyncIterator[Traced]:
    shared = {"rate_limit_auth": "off", "log_format": "json", "secret_key": SECRET_KEY}
    container = container_for(load_settings(**shared, **settings))
    exporter = InMemorySpanExporter()
    provider = TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    container.tracing.override(providers.Object(OpenTelemetryTracing(provider)))
    container.hasher.override(providers.Object(_Hasher()))
    app = create_app(container)
    await container.ensure_signing_keys().execute()
    async with app.router.lifespan_context(app), Api(app, container) as api:
        exporter.clear()
        yield Traced(api, exporter)


@pytest.fixture
async def traced(sqlite_url: str) -> AsyncIterator[Traced]:
    async with traced_api(database_url=sqlite_url, jobs="inprocess") as opened:
        yield opened


@pytest.fixture
def logs() -> Iterator[Callable[[], LogLines]]:
    """To be called once the application has been made."""
    from contextlib import ExitStack

    with ExitStack() as stack:
        yield lambda: stack.enter_context(captured_logs())


def context(span: ReadableSpan) -> tuple[str, str]:
    found = span.get_span_context()
    assert found is not None
    return f"{found.trace_id:032x}", f"{found.span_id:016x}"


def parent(span: ReadableSpan) -> str | None:
    return f"{span.parent.span_id:016x}" if span.parent else None


async def failed_sign_in(api: Api, **headers: str) -> httpx.Response:
    body = {"email": "someone@example.com", "password": SECRET}
    return await api.post(LOGIN, json=body, headers=headers)


async def test_a_request_has_spans_of_its_parts(traced: Traced) -> None:
    await failed_sign_in(traced.api, traceparent=VALID)
    request, use_case = traced.named(f"POST {LOGIN}"), traced.named("SignIn")
    assert request.kind is SpanKind.SERVER
    assert context(request)[0] == TRACE
    assert parent(request) == PARENT
    assert parent(use_case) == context(request)[1]
    statements = [span for span in traced.spans() if span.name in ("SELECT", "INSERT")]
    assert {span.name for span in statements} == {"SELECT", "INSERT"}
    assert {parent(span) for span in statements} == {context(use_case)[1]}
    assert {span.kind for span in statements} == {SpanKind.CLIENT}
    assert {(span.attributes or {})["db.system.name"] for span in statements} == {"sqlite"}
    assert {context(span)[0] for span in traced.spans()} == {TRACE}


async def test_a_span_says_what_came_out(traced: Traced) -> None:
    await failed_sign_in(traced.api)
    assert dict(traced.named(f"POST {LOGIN}").attributes or {}) == {
        "http.request.method": "POST",
        "http.route": LOGIN,
        "http.response.status_code": 401,
    }
    assert traced.named("SignIn").attributes == {"doorward.refusal": "invalid_credentials"}
    assert all(span.status.status_code is StatusCode.UNSET for span in traced.spans())


async def test_no_span_holds_what_was_sent(traced: Traced) -> None:
    await failed_sign_in(traced.api)
    await traced.api.get("/api/v1/users?email=someone@example.com&cursor=secret")
    await traced.api.get("/api/v1/users/0198c0de-0000-7000-8000-000000000000")
    text = "".join(span.to_json() for span in traced.spans())
    for sent in (SECRET, "someone@example.com", "cursor=", "0198c0de"):
        assert sent not in text


async def test_a_fault_is_marked_without_its_message(traced: Traced) -> None:
    class Broken:
        async def execute(self, *_: object) -> None:
            raise ArithmeticError(SECRET)

    traced.api.may_fail = True
    with traced.api.container.sign_in.override(Broken()):
        assert (await failed_sign_in(traced.api)).status_code == 500
    request = traced.named(f"POST {LOGIN}")
    assert request.status.status_code is StatusCode.ERROR
    assert SECRET not in "".join(span.to_json() for span in traced.spans())


async def test_every_request_begins_its_own_trace(traced: Traced) -> None:
    for _ in range(2):
        await traced.api.get("/health/live")
    first, second = traced.spans()
    assert parent(first) is parent(second) is None
    assert context(first)[0] != context(second)[0]


async def test_jobs_make_no_spans(traced: Traced) -> None:
    await traced.api.container.deliver_messages().execute()
    assert traced.spans() == []


async def test_the_log_has_the_trace_of_the_span(
    traced: Traced, logs: Callable[[], LogLines]
) -> None:
    lines = logs()
    await traced.api.get("/health/live")
    (line,) = lines.named("request_completed")
    assert f'"trace_id": "{context(traced.spans()[0])[0]}"' in rendered(lines, line)


def rendered(lines: LogLines, line: dict[str, Any]) -> str:
    (found,) = (
        text
        for text in lines.text.splitlines()
        if line["request_id"] in text and line["event"] in text
    )
    return found


async def test_without_tracing_the_log_has_the_callers_trace(
    api: Api, logs: Callable[[], LogLines]
) -> None:
    lines = logs()
    await api.get("/health", headers={"traceparent": VALID})
    for event in ("request_started", "request_completed"):
        assert f'"trace_id": "{TRACE}"' in rendered(lines, lines.named(event)[0])


INVALID = (
    "",
    "junk",
    f"ff-{TRACE}-{PARENT}-01",
    f"00-{'0' * 32}-{PARENT}-01",
    f"00-{TRACE}-{'0' * 16}-01",
    f"00-{TRACE.upper()}-{PARENT}-01",
    f"00-{TRACE}-{PARENT}-01-more",
    f"00-{TRACE}-{PARENT}",
    f'00-{TRACE[:-1]}"-{PARENT}-01',
    f"{VALID}, {VALID}",
)


async def test_an_invalid_traceparent_is_not_there(traced: Traced) -> None:
    for given in INVALID:
        traced.exporter.clear()
        await traced.api.get("/health/live", headers={"traceparent": given})
        assert parent(traced.named("GET /health/live")) is None, given


async def test_an_invalid_traceparent_is_not_logged(api: Api, logs: Callable[[], LogLines]) -> None:
    lines = logs()
    for given in INVALID:
        await api.get("/health", headers={"traceparent": given})
    assert "trace_id" not in lines.text


async def test_two_traceparents_are_none(traced: Traced, api: Api) -> None:
    with captured_logs() as lines:
        await api.get("/health", headers=[("traceparent", VALID), ("traceparent", VALID)])
    assert "trace_id" not in lines.text
    await traced.api.get("/health/live", headers=[("traceparent", VALID), ("traceparent", VALID)])
    assert parent(traced.named("GET /health/live")) is None


async def test_a_newer_version_may_say_more(api: Api, logs: Callable[[], LogLines]) -> None:
    lines = logs()
    await api.get("/health", headers={"traceparent": f"01-{TRACE}-{PARENT}-01-more"})
    assert TRACE in lines.text


async def test_a_trace_does_not_outlive_its_request(api: Api, logs: Callable[[], LogLines]) -> None:
    lines = logs()
    await api.get("/health", headers={"traceparent": VALID, "X-Request-ID": "first"})
    await api.get("/health", headers={"X-Request-ID": "second"})
    for text in lines.text.splitlines():
        assert (TRACE in text) == ('"first"' in text)


@pytest.mark.slow
async def test_commands_of_redis_are_spans(sqlite_url: str, redis_url: str) -> None:
    plain = Redis.execute_command, RedisConnection.execute_command
    async with AsyncExitStack() as stack:
        traced = await stack.enter_async_context(
            traced_api(database_url=sqlite_url, redis_url=redis_url, redis_timeout_seconds=5)
        )
        answer = await traced.api.get(
            "/api/v1/users/me", headers={"Authorization": "Bearer junk", "traceparent": VALID}
        )
        assert answer.status_code == 401
        commands = [
            span
            for span in traced.spans()
            if (span.attributes or {}).get("db.system.name") == "redis"
        ]
        assert commands
        assert {context(span)[0] for span in commands} == {TRACE}
        assert {span.name for span in commands} <= {"EVALSHA", "EVAL"}
    assert (Redis.execute_command, RedisConnection.execute_command) == plain


@pytest.mark.parametrize(
    ("variables", "wanted"),
    [
        ({}, False),
        ({"OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:4318"}, True),
        ({"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": "http://127.0.0.1:4318/v1/traces"}, True),
        ({"OTEL_TRACES_EXPORTER": "otlp"}, True),
        (
            {"OTEL_TRACES_EXPORTER": "none", "OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:1"},
            False,
        ),
        ({"OTEL_TRACES_EXPORTER": "otlp", "OTEL_SDK_DISABLED": "true"}, False),
    ],
)
def test_the_standard_variables_switch_it_on(variables: dict[str, str], wanted: bool) -> None:
    assert tracing_is_wanted(variables) is wanted


@pytest.mark.parametrize(
    ("name", "value"),
    [("OTEL_TRACES_EXPORTER", "zipkin"), ("OTEL_EXPORTER_OTLP_PROTOCOL", "grpc")],
)
def test_another_way_to_export_is_refused(
    name: str, value: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:1")
    monkeypatch.setenv(name, value)
    with pytest.raises(ConfigurationError) as refused:
        make_tracing()
    assert name in str(refused.value.faults)


@pytest.mark.slow
def test_switched_off_it_is_not_even_imported() -> None:
    script = (
        "import sys\n"
        "from config.container import container_for\n"
        "from config.settings import load_settings\n"
        "from entrypoints.http.app import create_app\n"
        "app = create_app(container_for(load_settings(database_url='memory://')))\n"
        "layer, names = app._layers, []\n"
        "while layer is not None:\n"
        "    names.append(type(layer).__name__)\n"
        "    layer = getattr(layer, '_app', None)\n"
        "assert 'RequestShell' in names and 'RequestSpans' not in names\n"
        "assert 'opentelemetry.sdk' not in sys.modules\n"
        "assert 'adapters.opentelemetry' not in sys.modules\n"
    )
    subprocess.run([sys.executable, "-c", script], cwd=ROOT, check=True)
