"""What is refused before the application sees it: broken, ambiguous or oversized heads."""

import asyncio
import json
import logging
import tracemalloc
from collections.abc import AsyncIterator, Iterator

import pytest

from entrypoints.http.schemas.errors import ERROR_CODES
from entrypoints.http.serving import limits
from tests.entrypoints.http.serving.counter import HOST, Counter, counter, request, status_of, until

MARKER = "quicksilver"
CHUNKED = "Transfer-Encoding: chunked"
SECURITY_HEADERS = (b"x-content-type-options: nosniff", b"x-frame-options: DENY", b"\r\ndate: ")


@pytest.fixture
async def house() -> AsyncIterator[Counter]:
    async with counter() as opened:
        yield opened


@pytest.fixture(autouse=True)
def no_warnings(caplog: pytest.LogCaptureFixture) -> Iterator[None]:
    """Nothing that a stranger sends is worth a warning, or has its words in the log."""
    caplog.set_level(logging.DEBUG)
    yield
    assert [x.getMessage() for x in caplog.records if x.levelno >= logging.WARNING] == []
    assert MARKER not in caplog.text


def error_of(answer: bytes) -> dict[str, str]:
    head, _, body = answer.partition(b"\r\n\r\n")
    assert b"\r\nconnection: close" in head
    assert all(line in head for line in SECURITY_HEADERS)
    error: dict[str, str] = json.loads(body)
    assert set(error) == {"error", "message", "request_id"}
    assert error["error"] in ERROR_CODES
    assert f"x-request-id: {error['request_id']}".encode() in head
    return error


MALFORMED = {
    "no HTTP": b"\x16\x03\x01\x02\x00\x01" + MARKER.encode(),
    "another protocol": b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    "no version": f"GET /{MARKER}\r\n\r\n".encode(),
    "a version to come": request(version="9.9"),
    "an unknown method": request(method="BREW"),
    "a space in a name": request("/", f"A {MARKER}: c"),
    "a folded field": request("/", f"X: {MARKER}\r\n folded"),
    "bare line feeds": request().replace(b"\r", b""),
    "a bare carriage return": request("/", f"X: a\r{MARKER}: b"),
    "a NUL": request("/", f"X: a\0{MARKER}"),
    "bytes in the target": request("/\xff\xfe"),
    "two lengths": request("/", "Content-Length: 1", "Content-Length: 2"),
    "two lengths that agree": request("/", "Content-Length: 1", "Content-Length: 1", body=b"x"),
    "a list of lengths": request("/", "Content-Length: 1, 1", body=b"x"),
    "a negative length": request("/", "Content-Length: -1"),
    "a length with a sign": request("/", "Content-Length: +1", body=b"x"),
    "length and chunks": request("/", "Content-Length: 3", CHUNKED, method="POST"),
    "chunks and length": request("/", CHUNKED, "Content-Length: 3", method="POST"),
    "chunks that are not last": request("/", f"{CHUNKED}, identity", method="POST"),
    "a coding before the chunks": request(
        "/", "Transfer-Encoding: gzip, chunked", method="POST", body=b"0\r\n\r\n"
    ),
    "a coding in a field of its own": request(
        "/", "Transfer-Encoding: gzip", CHUNKED, method="POST", body=b"0\r\n\r\n"
    ),
    "an unknown coding": request("/", "Transfer-Encoding: xchunked", method="POST"),
    "a coding hidden by a space": request("/", "Transfer-Encoding : chunked", method="POST"),
    "chunks in HTTP/1.0": request("/", CHUNKED, version="1.0", body=b"0\r\n\r\n", method="POST"),
    "a chunk of no size": request("/", CHUNKED, method="POST", body=b"-1\r\n{}\r\n0\r\n\r\n"),
    "a chunk that goes on": request("/", CHUNKED, method="POST", body=b"1\r\nabc\r\n0\r\n\r\n"),
    "a size that is too large": request("/", CHUNKED, method="POST", body=b"f" * 17 + b"\r\n"),
}


@pytest.mark.parametrize("kind", MALFORMED)
async def test_what_can_be_read_in_two_ways_or_none_is_400(house: Counter, kind: str) -> None:
    answer = await house.exchange(MALFORMED[kind])

    assert status_of(answer) == 400
    assert error_of(answer)["error"] == "malformed_request"
    assert house.application.answered == []
    assert house.telemetry.refusals == ["malformed"]
    assert status_of(await house.exchange(request("/", "Connection: close"))) == 200


OVERSIZED = {
    "a target": (request("/" + "a" * limits.MAX_TARGET_BYTES), 414),
    "a target without end": (b"GET /" + b"a" * 1_000_000, 414),
    "a field": (request("/", "X: " + "x" * limits.MAX_HEAD_BYTES), 431),
    "a field of 10 MB": (request("/", "X: " + "x" * 10_000_000), 431),
    "a field without end": (request()[:-2] + b"X: " + b"x" * 1_000_000, 431),
    "a name without end": (request()[:-2] + b"x" * 1_000_000, 431),
    "fields without end": (request()[:-2] + b"X: y\r\n" * 200_000, 431),
    "many fields": (request("/", *["X: y"] * limits.MAX_HEADERS), 431),
    "empty lines without end": (b"\r\n" * 100_000, 431),
}


@pytest.mark.parametrize("kind", OVERSIZED)
async def test_a_head_out_of_bounds_is_refused(house: Counter, kind: str) -> None:
    sent, status = OVERSIZED[kind]
    answer = await house.exchange(sent)

    assert status_of(answer) == status
    assert error_of(answer)["error"] == "malformed_request"
    assert house.application.seen == []
    assert house.telemetry.refusals == ["long_target" if status == 414 else "large_head"]


async def test_a_head_within_bounds_is_not(house: Counter) -> None:
    sent = request(
        "/" + "a" * (limits.MAX_TARGET_BYTES - 1), *["X: " + "y" * 200] * 90, "Connection: close"
    )
    assert status_of(await house.exchange(sent)) == 200


async def test_it_does_not_matter_how_an_oversized_head_is_cut(house: Counter) -> None:
    client = await house.connect()
    await client.send(request("/", "Content-Length: 60000", method="POST"))
    # The next head begins in the same piece that ends the body.
    large = request("/", "X: " + "x" * 200_000)
    await client.send(b"b" * 60_000 + large[:1000])
    assert status_of(await client.answer()) == 200
    await client.send(large[1000:])
    assert status_of(await client.rest()) == 431


async def test_a_head_that_begins_behind_another_request_is_counted_whole(house: Counter) -> None:
    client = await house.connect()
    large = request("/second", *["X: " + "x" * 8000] * 5)
    await client.send(request() + large[:-2])
    await client.answer()
    await asyncio.sleep(0.1)
    await client.send(large[-2:])

    assert status_of(await client.rest()) == 431
    assert house.application.seen == ["/"]


async def test_small_requests_that_come_together_are_no_large_head(house: Counter) -> None:
    client = await house.connect()
    small = request("/", "X: " + "x" * 3000)
    last = request("/last", "Connection: close")
    await client.send(small * limits.MAX_PIPELINED + last[:20])
    for _ in range(limits.MAX_PIPELINED):
        assert status_of(await client.answer()) == 200
    # A byte that does not complete it, and then all.
    await client.send(last[20:21])
    await asyncio.sleep(0.1)
    await client.send(last[21:])

    assert status_of(await client.rest()) == 200


async def test_an_endless_head_takes_no_memory(house: Counter) -> None:
    client = await house.connect()
    await client.send(request()[:-2] + b"X: ")
    tracemalloc.start()
    try:
        for _ in range(200):
            await client.send(b"x" * 100_000)
        _, most = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    # What the test itself has on its way is in there, too.
    assert most < 3_000_000
    assert status_of(await client.rest()) == 431


async def test_what_came_before_a_broken_head_is_answered(house: Counter) -> None:
    client = await house.connect()
    await client.send(request("/wait") + request("/", f"A {MARKER}: c"))
    await until(lambda: house.application.seen)
    house.application.go.set()
    answers = await client.rest()

    assert status_of(answers) == 200
    assert answers.count(b"HTTP/1.1") == 1


async def test_requests_ahead_of_their_answers_are_few(house: Counter) -> None:
    client = await house.connect()
    await client.send(request("/wait") + request("/") * 5000)
    house.application.go.set()
    answers = await client.rest()

    assert 1 < answers.count(b"HTTP/1.1 200") <= limits.MAX_PIPELINED + 1


async def test_a_trailer_is_not_believed(house: Counter) -> None:
    body = b"1\r\nx\r\n0\r\nAuthorization: Bearer quick\r\n\r\n"
    sent = request("/", CHUNKED, "Connection: close", method="POST", body=body)

    assert status_of(await house.exchange(sent)) == 200
    assert b"authorization" not in dict(house.application.headers)


async def test_an_offer_to_upgrade_is_declined(house: Counter) -> None:
    offer = request("/first", "Connection: upgrade, HTTP2-Settings", "Upgrade: h2c")
    answers = await house.exchange(offer + request("/second", "Connection: close"))

    assert answers.count(b"HTTP/1.1 200") == 2
    assert house.application.seen == ["/first", "/second"]


async def test_nothing_goes_through_a_tunnel(house: Counter) -> None:
    answers = await house.exchange(
        f"CONNECT a:1 HTTP/1.1\r\n{HOST}\r\n\r\n".encode() + request("/second")
    )

    assert answers.count(b"HTTP/1.1") == 1
    assert "/second" not in house.application.seen


async def test_only_production_insists_on_https(house: Counter, sqlite_url: str) -> None:
    settings = {
        "environment": "production",
        "database_url": sqlite_url,
        "secret_key": "0f8b2d4c6e1a3b5d7f9081a2c4e6f8091a2b3c4d5e6f70812233445566778899",
        "public_url": "https://accounts.example.com",
        "allowed_hosts": "localhost",
    }
    async with counter(**settings) as there:
        refused = await there.exchange(request("/", "A b: c"))
    assert b"\r\nstrict-transport-security: max-age=63072000; includeSubDomains\r\n" in refused
    assert b"strict-transport-security" not in await house.exchange(request("/", "A b: c"))
