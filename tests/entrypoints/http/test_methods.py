"""HEAD wherever GET works, and 405 with every method that would have worked."""

from uuid import uuid4

from tests.entrypoints.http.api import Api
from tests.entrypoints.http.contract import operations
from tests.entrypoints.http.raw import HOST, call

READS = [each for each in operations() if each.method == "GET"]
PATHS = sorted({each.path for each in operations()})
METHODS = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "QUERY", "BREW"]
PAGES = ["/docs", "/redoc", "/api/v1/openapi.json"]
# They tell how long they took and who asked, which is another answer each time.
CHANGING = {"date", "x-request-id", "x-response-time", "content-length"}


def allowed_at(path: str) -> set[str]:
    methods = {each.method for each in operations() if each.path == path}
    return methods | ({"HEAD"} if "GET" in methods else set())


async def test_head_answers_as_get_does_but_for_the_body(api: Api) -> None:
    administrator = await api.administrator()
    item = {"title": "Anything", "data": {}}
    key = {"name": "Report", "scopes": []}
    made = {
        path: (await api.post(f"/api/v1/{path}", json=body, headers=administrator.auth)).json()
        for path, body in (("items", item), ("api-keys", key))
    }
    there = {
        "user_id": administrator.id,
        "item_id": made["items"]["id"],
        "api_key_id": made["api-keys"]["id"],
        "role_name": "user",
    }
    urls = [read.path.format(**there) for read in READS]
    for url in (*urls, *PAGES):
        got = await api.get(url, headers=administrator.auth)
        head = await api.head(url, headers=administrator.auth)
        assert (url, head.status_code) == (url, got.status_code) == (url, 200)
        assert head.headers.keys() == got.headers.keys()
        assert {k: v for k, v in head.headers.items() if k not in CHANGING} == {
            k: v for k, v in got.headers.items() if k not in CHANGING
        }
        assert int(head.headers["content-length"]) > 0


async def test_head_is_refused_as_get_is(api: Api) -> None:
    for read in READS:
        if read.needs_credential:
            response = await api.head(read.url())
            assert (str(read), response.status_code) == (str(read), 401)
            assert response.headers["www-authenticate"] == "Bearer"


async def test_any_other_method_is_told_which_ones_there_are(api: Api) -> None:
    for path in PATHS:
        allowed = allowed_at(path)
        url = path.replace("{user_id}", str(uuid4())).replace("{session_id}", str(uuid4()))
        for method in set(METHODS) - allowed:
            response = await call(api.app, method, url)
            assert (response.status_code, method, path) == (405, method, path)
            assert response.headers["allow"] == ", ".join(sorted(allowed))
            if method != "HEAD":
                assert response.json()["error"] == "method_not_allowed"


async def test_what_is_not_there_is_not_found_under_any_method(api: Api) -> None:
    for path in (
        *("/", "/api", "/api/v1", "/api/v1/", "/api/v1/users/", "/api/v1/Users", "//api/v1/users"),
        *("/api/v1/users/me/", "/health/", "/api/v2/users", "/api/v1/users/../users", "/%00"),
        *("/favicon.ico", "/\N{SNOWMAN}", "/docs/oauth2-redirect", "/docs/", "/.well-known/"),
    ):
        for method in METHODS:
            response = await call(api.app, method, path, [HOST])
            assert (response.status_code, method, path) == (404, method, path)
            assert "location" not in response.headers
