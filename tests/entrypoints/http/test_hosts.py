"""Which Host headers are answered (RFC 9110, 7.2)."""

from tests.entrypoints.http.api import Api, OpenApi
from tests.entrypoints.http.promises import MARKER
from tests.entrypoints.http.raw import call

PATH = "/.well-known/jwks.json"
FOREIGN = [
    *(MARKER, f"{MARKER}.example.com", "example.com", "localhost.example.com", "xlocalhost", ""),
    *("localhost.", "local host", "localhost/", "localhost@evil", "evil@localhost", "[::1]evil"),
    *("[::1", "::1", "localhost:80:80", "localhost:x", "\N{SNOWMAN}", "127.0.0.1.evil", "0", "*"),
]


async def status(api: Api, *hosts: str, path: str = PATH) -> int:
    response = await call(api.app, "GET", path, [(b"host", host.encode()) for host in hosts])
    if response.status_code != 200:
        assert response.json()["error"] == "invalid_host"
    return response.status_code


async def test_only_known_hosts_are_answered(api: Api) -> None:
    for known in ("localhost", "LocalHost", "localhost:8000", "127.0.0.1:1", "[::1]", "[::1]:80"):
        assert (known, await status(api, known)) == (known, 200)
    for foreign in FOREIGN:
        assert (foreign, await status(api, foreign)) == (foreign, 400)


async def test_no_host_and_two_hosts_are_refused(api: Api) -> None:
    assert await status(api) == 400
    assert await status(api, "localhost", "localhost") == 400
    assert await status(api, "localhost", MARKER) == 400


async def test_a_pattern_stands_for_every_host_below(open_api: OpenApi) -> None:
    api = await open_api(allowed_hosts="*.example.com,accounts.example.org")
    for known in ("a.example.com", "a.b.example.com:80", "accounts.example.org"):
        assert (known, await status(api, known)) == (known, 200)
    for foreign in ("example.com", "evilexample.com", "localhost", "a.example.com.evil", "*"):
        assert (foreign, await status(api, foreign)) == (foreign, 400)


async def test_where_any_host_is_allowed_there_must_still_be_one(open_api: OpenApi) -> None:
    api = await open_api(allowed_hosts="*")
    assert await status(api, MARKER) == 200
    # RFC 9112, 3.2: whoever reads the other one is led astray.
    assert await status(api) == await status(api, MARKER, MARKER) == 400


async def test_health_answers_under_any_host(api: Api) -> None:
    for path in ("/health", "/health/live", "/health/ready"):
        assert await status(api, MARKER, path=path) == await status(api, path=path) == 200
    for path in ("/healthy", "/health/live/x", "/docs", "/api/v1/users"):
        assert await status(api, MARKER, path=path) == 400
