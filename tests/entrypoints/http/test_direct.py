"""Requests that are answered before routing: nobody can tell from the answer."""

import httpx
import pytest

from entrypoints.http.app import create_app
from tests.worlds import PASSWORD, open_world

ACCOUNT = f'{{"email": "ada@example.com", "name": "Ada", "password": "{PASSWORD}"}}'.encode()
LOGIN = f'{{"email": "ada@example.com", "password": "{PASSWORD}"}}'.encode()
BODIES = [
    *(ACCOUNT, ACCOUNT, LOGIN, ACCOUNT[:-1] + b', "roles": ["admin"]}'),
    *(b"", b"{}", b"null", b"[]", b'"text"', b"\xff\xfe", b"\xef\xbb\xbf{}", b"[" * 5_000),
    *(LOGIN + b" x", b" " + LOGIN + b" ", LOGIN[:-1] + b",}", LOGIN[:-1] + b', "unknown": 1}'),
    b'{"email": "ada@example.com", "email": "grace@example.com", "password": "x"}',
    *(b'{"email": 1, "password": true}', b'{"email": null, "password": null}'),
    b'{"email": "\\ud800@example.com", "password": "x"}',
    b'{"email": "ADA@EXAMPLE.com", "password": "\\u0000"}',
    b'{"email": "ada@example.com", "password": "' + b"y" * 3_000 + b'"}',
    b'{"email": "grace@example.com", "name": "", "password": "short"}',
    *(b'{"refresh_token": "junk"}', b'{"refresh_token": "junk", "audience": "nope"}'),
    *(b'{"refresh_token": NaN}', b'{"refresh_token": "' + b"z" * 60_000 + b'"}'),
]
OF_THE_MOMENT = {"id", "created_at", "updated_at", "access_token", "refresh_token"}


async def answers(path: str, media_type: str) -> list[tuple[int, object, object, str]]:
    """What tells answers apart, less what differs each time."""
    told: list[tuple[int, object, object, str]] = []
    async with open_world("memory://", rate_limit_write="off") as world:
        transport = httpx.ASGITransport(create_app(world.container))
        async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as client:
            headers = {"Content-Type": media_type, "X-Request-ID": "one"}
            for body in BODIES:
                answer = await client.post(path, content=body, headers=headers)
                members = {k: v for k, v in answer.json().items() if k not in OF_THE_MOMENT}
                names = sorted(answer.headers.keys())
                told.append((answer.status_code, members, names, answer.headers["cache-control"]))
    return told


@pytest.mark.parametrize("path", ["/auth/login", "/auth/refresh", "/users"])
async def test_both_ways_to_a_route_say_the_same(path: str) -> None:
    # Another spelling of the media type is the framework's to understand.
    direct = await answers(f"/api/v1{path}", "application/json")
    assert direct == await answers(f"/api/v1{path}", "application/json; charset=utf-8")
    assert {each[0] for each in direct} >= {400, 422}
