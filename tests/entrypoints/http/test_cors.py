"""Which web origins may call (Fetch standard, CORS protocol)."""

import httpx
import pytest

from tests.entrypoints.http.api import Api, OpenApi
from tests.entrypoints.http.promises import MARKER

ORIGIN = "https://app.example.com"
FOREIGN = ["https://evil.example.com", "https://app.example.com.evil", "null", "", MARKER]
USERS = "/api/v1/users"
EXPOSED = {
    *("etag", "link", "location", "retry-after", "x-request-id"),
    *("ratelimit", "ratelimit-policy", "idempotent-replayed"),
    *("x-ratelimit-limit", "x-ratelimit-remaining", "x-ratelimit-reset"),
}


@pytest.fixture
async def shared(open_api: OpenApi) -> Api:
    """The application with one web origin."""
    return await open_api(cors_origins=ORIGIN)


def cors_headers(response: httpx.Response) -> set[str]:
    return {name for name in response.headers if name.startswith("access-control-")}


async def preflight(api: Api, origin: str, method: str = "PATCH") -> httpx.Response:
    headers = {
        "Origin": origin,
        "Access-Control-Request-Method": method,
        "Access-Control-Request-Headers": "authorization,content-type,if-match",
    }
    return await api.options(USERS, headers=headers)


async def test_by_default_there_is_none(api: Api) -> None:
    for response in (
        await api.get(USERS, headers={"Origin": ORIGIN}),
        await preflight(api, ORIGIN),
    ):
        assert cors_headers(response) == set()
    assert (await preflight(api, ORIGIN)).status_code == 405


async def test_a_known_origin_may_read_every_answer(shared: Api) -> None:
    person = await shared.person()
    for path, status in (("/api/v1/users/me", 200), (USERS, 403), ("/nothing", 404)):
        response = await shared.get(path, headers=person.auth | {"Origin": ORIGIN})
        assert response.status_code == status
        assert response.headers["access-control-allow-origin"] == ORIGIN
        assert "Origin" in response.headers["vary"]
        exposed = response.headers["access-control-expose-headers"].lower().split(", ")
        assert set(exposed) == EXPOSED


async def test_refusals_of_all_kinds_can_be_read(shared: Api) -> None:
    origin = {"Origin": ORIGIN}
    answers = [
        await shared.get(USERS, headers=origin),
        await shared.post(USERS, content="x" * 70_000, headers=origin),
        await shared.post(USERS, content="x", headers=origin),
        await shared.post(USERS, json={}, headers=origin),
        await shared.delete(USERS, headers=origin),
    ]
    assert [each.status_code for each in answers] == [401, 413, 415, 422, 405]
    assert {each.headers.get("access-control-allow-origin") for each in answers} == {ORIGIN}


async def test_a_known_origin_passes_the_preflight(shared: Api) -> None:
    for method in ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"):
        response = await preflight(shared, ORIGIN, method)
        assert response.status_code == 200
        assert response.headers["access-control-allow-origin"] == ORIGIN
        assert method in response.headers["access-control-allow-methods"].split(", ")
        allowed = response.headers["access-control-allow-headers"]
        assert {"authorization", "content-type", "if-match"} <= set(allowed.split(","))
        assert response.headers["access-control-max-age"] == "600"


@pytest.mark.parametrize("foreign", FOREIGN)
async def test_another_origin_is_told_nothing(shared: Api, foreign: str) -> None:
    refused = await preflight(shared, foreign)
    assert (refused.status_code, refused.json()["error"]) == (405, "method_not_allowed")
    read = await shared.get("/health", headers={"Origin": foreign})
    for response in (refused, read):
        assert "access-control-allow-origin" not in response.headers
        assert "Origin" in response.headers["vary"]


async def test_a_method_that_there_is_not_passes_no_preflight(shared: Api) -> None:
    assert (await preflight(shared, ORIGIN, MARKER)).status_code == 405


async def test_caches_keep_answers_to_different_origins_apart(shared: Api) -> None:
    response = await shared.get("/.well-known/jwks.json")
    assert "Origin" in response.headers["vary"]


@pytest.mark.parametrize("origins", [ORIGIN, "*"])
async def test_credentials_of_the_browser_are_never_asked_for(
    open_api: OpenApi, origins: str
) -> None:
    api = await open_api(cors_origins=origins)
    for response in (
        await api.get("/health", headers={"Origin": ORIGIN, "Cookie": "a=b"}),
        await preflight(api, ORIGIN),
    ):
        assert response.headers["access-control-allow-origin"] == origins
        assert "access-control-allow-credentials" not in response.headers
