"""Requests that are answered before routing: nobody can tell from the answer."""

import httpx
import pytest
from starlette.types import Message

from entrypoints.http.app import create_app
from tests.entrypoints.http.raw import HOST, scope_of
from tests.worlds import PASSWORD, open_world

ACCOUNT = f'{{"email": "ada@example.com", "name": "Ada", "password": "{PASSWORD}"}}'.encode()
LOGIN = f'{{"email": "ada@example.com", "password": "{PASSWORD}"}}'.encode()
NO_NUMBERS = [b"NaN", b"-Infinity"]
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
    # Names given twice, and the first time with a number that JSON does not have.
    *(b'{"email": %b, ' % number + LOGIN[1:] for number in NO_NUMBERS),
    *(b'{"refresh_token": %b, "refresh_token": "junk"}' % number for number in NO_NUMBERS),
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


@pytest.mark.parametrize("media_type", [b"application/json", b"application/json; charset=utf-8"])
async def test_a_request_whose_body_never_ended_is_not_carried_out(media_type: bytes) -> None:
    async with open_world("memory://", rate_limit_write="off") as world:
        head = [HOST, (b"content-type", media_type), (b"content-length", b"5000")]
        messages: list[Message] = [{"type": "http.request", "body": ACCOUNT, "more_body": True}]
        sent: list[Message] = []

        async def receive() -> Message:
            return messages.pop(0) if messages else {"type": "http.disconnect"}

        async def send(message: Message) -> None:
            sent.append(message)

        app = create_app(world.container)
        await app(scope_of("POST", "/api/v1/users", head), receive, send)
        assert sent == []
