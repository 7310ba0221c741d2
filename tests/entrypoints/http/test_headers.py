"""Headers that protect whoever reads an answer, and what production adds and takes away."""

import pytest

from tests.entrypoints.http.api import Api, OpenApi
from tests.entrypoints.http.promises import API_CSP

PAGES = ["/docs", "/redoc"]
DOCUMENT = "/api/v1/openapi.json"


@pytest.fixture
async def production(open_api: OpenApi, sqlite_url: str) -> Api:
    """The application as it is in production."""
    return await open_api(
        environment="production",
        database_url=sqlite_url,
        secret_key="0f8b2d4c6e1a3b5d7f9081a2c4e6f8091a2b3c4d5e6f70812233445566778899",
        public_url="https://accounts.example.com",
        allowed_hosts="localhost",
    )


@pytest.mark.parametrize("page", PAGES)
async def test_the_documentation_may_load_its_own_scripts_and_nothing_else(
    api: Api, page: str
) -> None:
    response = await api.get(page)
    assert response.status_code == 200
    assert response.headers["content-type"] == "text/html; charset=utf-8"
    rules = response.headers["content-security-policy"].split("; ")
    policy = dict(rule.split(" ", 1) for rule in rules)
    assert policy["default-src"] == policy["frame-ancestors"] == policy["base-uri"] == "'none'"
    assert policy["connect-src"] == "'self'"
    assert "https://cdn.jsdelivr.net" in policy["script-src"].split()
    assert "*" not in response.headers["content-security-policy"]


async def test_the_document_is_served_as_json(api: Api) -> None:
    response = await api.get(DOCUMENT)
    assert response.headers["content-type"] == "application/json"
    assert response.json() == api.app.openapi()
    assert response.headers["content-security-policy"] == API_CSP


async def test_only_production_insists_on_https(api: Api, production: Api) -> None:
    for path in ("/health", "/nothing", "/api/v1/users"):
        there = await production.get(path)
        assert there.headers["strict-transport-security"] == "max-age=63072000; includeSubDomains"
        assert "strict-transport-security" not in (await api.get(path)).headers


async def test_production_shows_no_documentation(production: Api) -> None:
    for path in (*PAGES, DOCUMENT):
        response = await production.get(path)
        assert (response.status_code, response.json()["error"]) == (404, "not_found")
        assert response.headers["content-security-policy"] == API_CSP


async def test_nothing_tells_which_server_it_is(api: Api) -> None:
    response = await api.get("/health")
    assert {"server", "x-powered-by", "via"}.isdisjoint(response.headers)


async def test_keys_may_be_kept_for_a_while_by_anyone(api: Api) -> None:
    response = await api.get("/.well-known/jwks.json")
    assert response.headers["cache-control"] == "public, max-age=300"
    assert response.json()["keys"]
    for key in response.json()["keys"]:
        assert key.keys() == {"kty", "crv", "x", "y", "kid", "use", "alg"}
    known = {"If-None-Match": response.headers["etag"]}
    again = await api.get("/.well-known/jwks.json", headers=known)
    assert again.status_code == 304
    assert again.headers["etag"] == response.headers["etag"]
    assert again.headers["cache-control"] == "public, max-age=300"


async def test_shared_secrets_are_not_published(open_api: OpenApi) -> None:
    api = await open_api(jwt_algorithm="HS256")
    assert (await api.get("/.well-known/jwks.json")).json() == {"keys": []}
