"""Where a request ends: nobody but its own head and body says so."""

import asyncio
import tracemalloc
from collections.abc import AsyncIterator

import pytest

from entrypoints.http.serving import limits
from tests.entrypoints.http.serving.counter import HOST, Counter, counter, request, status_of, until

CHUNKED = "Transfer-Encoding: chunked"
OFFER = ("Connection: Upgrade, HTTP2-Settings", "Upgrade: h2c", "HTTP2-Settings: AAMAAABk")
INNER = request("/inner")
"""A request that stands in the body of another one."""


@pytest.fixture
async def house() -> AsyncIterator[Counter]:
    async with counter() as opened:
        yield opened


FRAMED = {
    "a length": ((f"Content-Length: {len(INNER)}",), INNER),
    "chunks": ((CHUNKED,), b"%x\r\n" % len(INNER) + INNER + b"\r\n0\r\n\r\n"),
}


@pytest.mark.parametrize("method", ["POST", "GET", "HEAD"])
@pytest.mark.parametrize("framing", FRAMED)
async def test_a_body_that_comes_with_an_offer_to_upgrade_stays_a_body(
    house: Counter, framing: str, method: str
) -> None:
    fields, body = FRAMED[framing]
    sent = request("/outer", *OFFER, *fields, method=method, body=body)
    answers = await house.exchange(sent + request("/next", "Connection: close"))

    assert house.application.seen == ["/outer", "/next"]
    assert answers.count(b"HTTP/1.1 200") == 2
    if method != "HEAD":
        assert answers.partition(b"\r\n\r\n")[2].startswith(b"%d" % len(INNER))


async def test_such_a_request_may_come_in_pieces(house: Counter) -> None:
    client = await house.connect()
    fields, body = FRAMED["a length"]
    for byte in request("/outer", *OFFER, *fields, method="POST", body=body):
        await client.send(bytes([byte]))
        await asyncio.sleep(0)
    await client.send(request("/next", "Connection: close"))
    answer = await client.answer()
    await client.rest()

    assert answer.endswith(b"%d" % len(INNER))
    assert house.application.seen == ["/outer", "/next"]


async def test_the_offer_is_not_passed_on(house: Counter) -> None:
    sent = request("/", *OFFER, "Content-Length: 0", "Accept: a", "Connection: close")
    assert status_of(await house.exchange(sent)) == 200

    assert (b"accept", b"a") in house.application.headers
    assert not {b"upgrade", b"http2-settings"} & dict(house.application.headers).keys()


async def test_an_offer_keeps_what_else_is_said_of_the_connection(house: Counter) -> None:
    offer = request("/outer", "Connection: close, Upgrade", "Upgrade: h2c")
    answers = await house.exchange(offer + request("/next"))

    assert house.application.seen == ["/outer"]
    assert b"\r\nconnection: close" in answers


ENDLESS = {
    "a trailer": b"1\r\nx\r\n0\r\nX: ",
    "a trailer's name": b"1\r\nx\r\n0\r\n",
    "a chunk's extension": b"1;",
}


@pytest.mark.parametrize("kind", ENDLESS)
async def test_what_is_neither_head_nor_body_is_bounded(house: Counter, kind: str) -> None:
    client = await house.connect()
    await client.send(request("/", CHUNKED, method="POST", body=ENDLESS[kind]))
    tracemalloc.start()
    try:
        for _ in range(200):
            await client.send(b"x" * 100_000)
        _, most = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()

    assert most < 3_000_000
    assert status_of(await client.rest()) == 431
    assert house.application.answered == []


async def test_an_endless_trailer_of_what_was_answered_ends_the_connection(house: Counter) -> None:
    client = await house.connect()
    await client.send(request("/early", CHUNKED, method="POST", body=ENDLESS["a trailer"]))
    assert status_of(await client.answer()) == 200
    await client.send(b"x" * (limits.MAX_HEAD_BYTES + 100))

    # A second answer would be taken for that of the next request.
    assert await client.rest() == b""


async def test_trailers_of_an_ordinary_size_are_fine(house: Counter) -> None:
    body = b"1\r\nx\r\n0\r\nX: " + b"y" * 8000 + b"\r\n\r\n"
    answer = await house.exchange(request("/", CHUNKED, "Connection: close", body=body))

    assert status_of(answer) == 200


ABSOLUTE = {
    "http://accounts.example.com/path": b"accounts.example.com",
    "HTTP://accounts.example.com:8080/path?a=b": b"accounts.example.com:8080",
    "http://[::1]:80/path": b"[::1]:80",
    "http://accounts.example.com": b"accounts.example.com",
    "http://accounts.example.com?a=b": b"accounts.example.com",
}


@pytest.mark.parametrize("target", ABSOLUTE)
async def test_the_host_is_that_of_an_absolute_target(house: Counter, target: str) -> None:
    sent = f"GET {target} HTTP/1.1\r\n{HOST}\r\nConnection: close\r\n\r\n".encode()

    assert status_of(await house.exchange(sent)) == 200
    assert house.application.seen == ["/path" if "/path" in target else "/"]
    hosts = [value for name, value in house.application.headers if name == b"host"]
    assert hosts == [ABSOLUTE[target]]


HOSTS = {
    "none": (),
    "two": (HOST, HOST),
    "nothing in it": ("Host:",),
    "a list": ("Host: localhost, localhost",),
    "an account in it": ("Host: ada@localhost",),
    "a path in it": ("Host: localhost/path",),
}


@pytest.mark.parametrize("kind", HOSTS)
async def test_an_absolute_target_excuses_no_host(house: Counter, kind: str) -> None:
    lines = ["GET http://localhost/path HTTP/1.1", *HOSTS[kind], "Connection: close", "", ""]
    answer = await house.exchange("\r\n".join(lines).encode())

    assert status_of(answer) == 400
    assert house.application.seen == []


async def test_http_1_0_needs_no_host_beside_an_absolute_target(house: Counter) -> None:
    answer = await house.exchange(b"GET http://localhost/path HTTP/1.0\r\n\r\n")

    assert status_of(answer) == 200
    assert (b"host", b"localhost") in house.application.headers


@pytest.mark.parametrize(("version", "first"), [("1.1", 100), ("1.0", 200)])
async def test_http_1_0_is_never_told_to_continue(house: Counter, version: str, first: int) -> None:
    fields = ("Content-Length: 2", "Expect: 100-continue", "Connection: close")
    client = await house.connect()
    await client.send(request("/", *fields, method="POST", version=version))
    await until(lambda: house.application.seen)
    await asyncio.sleep(0.1)
    await client.send(b"{}")

    assert status_of(await client.rest()) == first
