"""The metrics page: who may see it, and what requests add to it."""

import asyncio
from typing import Any

import pytest
from dependency_injector import providers
from fastapi.routing import APIRoute, iter_route_contexts
from prometheus_client.parser import text_string_to_metric_families
from starlette.types import Message

from adapters.memory.rate_limiter import MemoryRateLimiter
from adapters.redis.rate_limiter import RedisRateLimiter
from entrypoints.http.counting import METRICS_PATH, CountedRoute
from tests.entrypoints.http.api import Api, OpenApi
from tests.entrypoints.http.raw import scope_of

TOKEN = "a-bearer-token-of-the-tests-only"


async def samples(api: Api) -> dict[tuple[str, frozenset[tuple[str, str]]], float]:
    page = await api.get("/metrics")
    assert page.status_code == 200
    return {
        (sample.name, frozenset(sample.labels.items())): sample.value
        for family in text_string_to_metric_families(page.text)
        for sample in family.samples
    }


async def value(api: Api, name: str, **labels: str) -> float | None:
    return (await samples(api)).get((f"doorward_{name}", frozenset(labels.items())))


async def test_requests_are_counted_by_template(api: Api) -> None:
    person = await api.person()
    for _ in range(3):
        await api.get(person.path, headers=person.auth)
    labels = {"method": "GET", "route": "/api/v1/users/{user_id}"}
    assert await value(api, "http_requests_total", **labels, status="200") == 3
    assert await value(api, "http_request_duration_seconds_count", **labels) == 3
    assert await value(api, "http_requests_in_flight", route=labels["route"]) == 0


async def test_what_callers_make_up_is_no_label(api: Api) -> None:
    for number in range(3):
        await api.get(f"/made-up-{number}")
        await api.request(f"MADEUP{number}", "/health")
    await api.head("/health")
    found = {
        labels for name, labels in await samples(api) if name == "doorward_http_requests_total"
    }
    assert found == {
        frozenset({"method": "GET", "route": "unmatched", "status": "404"}.items()),
        frozenset({"method": "other", "route": "/health", "status": "405"}.items()),
        frozenset({"method": "HEAD", "route": "/health", "status": "200"}.items()),
    }


@pytest.mark.parametrize("path", ["/docs", "/redoc", "/api/v1/openapi.json"])
async def test_pages_of_the_framework_have_a_name(api: Api, path: str) -> None:
    await api.get(path)
    assert await value(api, "http_requests_total", method="GET", route=path, status="200") == 1


async def test_the_page_does_not_count_itself(api: Api) -> None:
    before = await samples(api)
    assert await samples(api) == before


async def test_errors_are_counted_by_code(api: Api) -> None:
    await api.get("/api/v1/users/me")
    await api.get("/api/v1/users/me", headers={"Authorization": "Bearer junk"})
    assert await value(api, "http_errors_total", code="unauthorized") == 1
    assert await value(api, "http_errors_total", code="invalid_access_token") == 1


async def test_sign_ins_are_counted_by_outcome(api: Api) -> None:
    assert await value(api, "sign_ins_total", outcome="refused") == 0
    person = await api.person()
    await api.post(
        "/api/v1/auth/login", json={"email": person.email, "password": "not the right password"}
    )
    assert await value(api, "sign_ins_total", outcome="success") == 1
    assert await value(api, "sign_ins_total", outcome="refused") == 1


async def test_limits_are_counted_by_outcome(open_api: OpenApi) -> None:
    api = await open_api(rate_limit_auth="2/60")
    for _ in range(5):
        await api.post("/api/v1/auth/login", json={"email": "a@example.com", "password": "x" * 20})
    assert await value(api, "rate_limit_checks_total", group="auth", outcome="allowed") == 2
    assert await value(api, "rate_limit_checks_total", group="auth", outcome="refused") == 3
    assert await value(api, "http_errors_total", code="rate_limited") == 3


@pytest.fixture
def no_redis() -> "providers.Object[Any]":
    return providers.Object(RedisRateLimiter("redis://127.0.0.1:1/0", fallback=MemoryRateLimiter()))


async def test_calls_without_redis_are_counted_as_such(
    open_api: OpenApi, no_redis: "providers.Object[Any]"
) -> None:
    api = await open_api(rate_limit_auth="2/60", rate_limit_read="5/60")
    person = await api.person()
    api.container.call_limits.reset()
    with api.container.limiter.override(no_redis):
        await api.get("/api/v1/users/me", headers=person.auth)
        for _ in range(4):
            await api.post(
                "/api/v1/auth/login", json={"email": "b@example.com", "password": "x" * 20}
            )
        api.container.call_limits.reset()
    checks = "rate_limit_checks_total"
    assert await value(api, checks, group="read", outcome="passed_uncounted") == 1
    assert await value(api, checks, group="auth", outcome="fallback_allowed") == 2
    assert await value(api, checks, group="auth", outcome="fallback_refused") == 2


async def test_the_outbox_is_measured(api: Api) -> None:
    assert await value(api, "outbox_messages", state="waiting") == 0
    assert await value(api, "outbox_messages", state="set_aside") == 0


async def test_a_request_is_in_flight_while_it_is_worked_on(api: Api) -> None:
    """And one whose client has left is none any more."""
    reached, release = asyncio.Event(), asyncio.Event()

    async def receive() -> Message:
        reached.set()
        await release.wait()
        return {"type": "http.disconnect"}

    async def send(_: Message) -> None:
        raise AssertionError("there is nobody to answer")

    path = "/api/v1/auth/login"
    headers = [(b"host", b"localhost"), (b"content-type", b"application/json")]
    scope = scope_of("POST", path, [*headers, (b"content-length", b"10")])
    request = asyncio.create_task(api.app(scope, receive, send))
    await reached.wait()
    assert await value(api, "http_requests_in_flight", route=path) == 1
    release.set()
    await request
    assert await value(api, "http_requests_in_flight", route=path) == 0
    assert await value(api, "http_requests_total", method="POST", route=path, status="499") == 1


async def test_every_route_counts_what_is_in_flight(api: Api) -> None:
    uncounted = {
        context.path_format
        for context in iter_route_contexts(api.app.routes)
        if isinstance(context.original_route, APIRoute)
        and not isinstance(context.original_route, CountedRoute)
    }
    assert uncounted == {METRICS_PATH}


async def test_the_page_is_open_in_development(open_api: OpenApi) -> None:
    api = await open_api(metrics_token=TOKEN)
    assert (await api.get("/metrics")).status_code == 200


@pytest.fixture
def open_production(open_api: OpenApi, sqlite_url: str) -> OpenApi:
    async def open_one(**settings: Any) -> Api:
        return await open_api(
            environment="production",
            secret_key="n7cbQz1mTf0pXw4vLd8sYk2hRj6gUe9aWi3oVb5q",
            database_url=sqlite_url,
            public_url="https://localhost",
            **settings,
        )

    return open_one


async def test_in_production_there_is_no_page_without_a_token(open_production: OpenApi) -> None:
    api = await open_production()
    for headers in ({}, {"Authorization": "Bearer "}, {"Authorization": "Bearer None"}):
        await expect_nothing_there(api, headers)


WRONG: tuple[str | bytes, ...] = (
    TOKEN,
    f"Basic {TOKEN}",
    "Bearer",
    f"Bearer {TOKEN[:-1]}",
    f"Bearer {TOKEN}x",
    "Bearer \xe9\xff".encode("latin-1"),
)


async def test_in_production_a_wrong_token_finds_nothing(open_production: OpenApi) -> None:
    api = await open_production(metrics_token=TOKEN)
    await expect_nothing_there(api, {})
    for given in WRONG:
        await expect_nothing_there(api, {"Authorization": given})


async def expect_nothing_there(api: Api, headers: Any) -> None:
    response = await api.get("/metrics", headers=headers)
    other = await api.get("/nothing-there", headers=headers)
    assert response.status_code == other.status_code == 404
    bodies = [each.json() for each in (response, other)]
    for body in bodies:
        del body["request_id"]
    assert bodies[0] == bodies[1]
    assert response.headers.keys() == other.headers.keys()


async def test_in_production_the_token_opens_the_page(open_production: OpenApi) -> None:
    api = await open_production(metrics_token=TOKEN)
    for scheme in ("Bearer", "bearer"):
        page = await api.get("/metrics", headers={"Authorization": f"{scheme} {TOKEN}"})
        assert page.status_code == 200
        assert page.headers["content-type"].startswith("text/plain")
        assert "doorward_sign_ins_total" in page.text


async def test_a_scraper_need_not_know_the_name(open_api: OpenApi) -> None:
    api = await open_api(allowed_hosts="accounts.example.com")
    page = await api.get("/metrics", headers={"Host": "10.0.0.7:8000"})
    assert page.status_code == 200
