"""Slow clients: each wait has an end, which no trickle of bytes puts off."""

import asyncio
import time
from collections.abc import AsyncIterator

import pytest

from entrypoints.http.serving import limits
from tests.entrypoints.http.serving.counter import (
    Client,
    Counter,
    counter,
    request,
    status_of,
    until,
)

SHORT = 0.4
LONG = 60.0


@pytest.fixture
async def house(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Counter]:
    """One in which nobody waits long, unless a test says for whom."""
    for name in ("HEAD_SECONDS", "BODY_SECONDS", "READING_SECONDS", "LEAVING_SECONDS"):
        monkeypatch.setattr(limits, name, LONG)
    async with counter() as opened:
        yield opened


async def trickled(client: Client, sent: bytes) -> tuple[bytes, float]:
    """What comes back to a client that sends a byte now and then; after how many seconds."""
    started = time.monotonic()

    async def trickle() -> None:
        for byte in sent:
            await client.send(bytes([byte]))
            await asyncio.sleep(0.05)

    trickling = asyncio.create_task(trickle())
    answer = await client.rest()
    trickling.cancel()
    return answer, time.monotonic() - started


def test_the_limits_are_those_that_are_published() -> None:
    assert (limits.HEAD_SECONDS, limits.BODY_SECONDS, limits.MAX_CONNECTIONS) == (10, 15, 1000)


async def test_a_head_that_trickles_in(house: Counter, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "HEAD_SECONDS", SHORT)
    answer, took = await trickled(await house.connect(), request("/", "X: " + "y" * 1000))

    assert status_of(answer) == 408
    assert b"connection: close" in answer
    assert SHORT <= took < SHORT + 2
    assert house.application.seen == []


async def test_a_client_that_says_nothing(house: Counter, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "HEAD_SECONDS", SHORT)
    assert await trickled(await house.connect(), b"") != (b"", LONG)
    assert house.server.server_state.connections == set()


@pytest.mark.parametrize("rest", [request("/", "X: " + "y" * 1000), b"\r\n" * 1000])
async def test_the_second_head_on_a_connection(
    house: Counter, monkeypatch: pytest.MonkeyPatch, rest: bytes
) -> None:
    client = await house.connect()
    await client.send(request())
    assert status_of(await client.answer()) == 200
    await asyncio.sleep(SHORT)
    monkeypatch.setattr(limits, "HEAD_SECONDS", SHORT)
    answer, took = await trickled(client, rest)

    assert status_of(answer) == 408
    assert SHORT <= took < SHORT + 2


@pytest.mark.parametrize("framing", ["Content-Length: 1000", "Transfer-Encoding: chunked"])
async def test_a_body_that_trickles_in(
    house: Counter, monkeypatch: pytest.MonkeyPatch, framing: str
) -> None:
    monkeypatch.setattr(limits, "BODY_SECONDS", SHORT)
    client = await house.connect()
    await client.send(request("/", framing, method="POST"))
    answer, took = await trickled(client, b"1\r\nx\r\n" * 200)

    assert status_of(answer) == 408
    assert SHORT <= took < SHORT + 2
    assert house.application.seen == ["/"]
    assert house.application.answered == []


async def test_an_idle_connection(house: Counter) -> None:
    house.server.config.timeout_keep_alive = 1
    client = await house.connect()
    await client.send(request())
    assert status_of(await client.answer()) == 200
    started = time.monotonic()

    assert await client.rest() == b""
    assert 0.9 < time.monotonic() - started < 3


async def test_a_connection_is_idle_from_the_end_of_the_answer(house: Counter) -> None:
    house.server.config.timeout_keep_alive = 1
    client = await house.connect()
    await client.send(request("/wait"))
    await until(lambda: house.application.seen)
    # Longer than anybody may be idle: it is the client who waits.
    await asyncio.sleep(1 + 2 * limits.SWEEP_SECONDS)
    house.application.go.set()
    await client.answer()
    answered = time.monotonic()

    assert await client.rest() == b""
    assert time.monotonic() - answered > 0.9


async def test_who_waits_for_us_is_not_slow(
    house: Counter, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("HEAD_SECONDS", "BODY_SECONDS"):
        monkeypatch.setattr(limits, name, SHORT)
    house.server.config.timeout_keep_alive = 0
    client = await house.connect()
    # The next head has begun as well, and is not read any further meanwhile.
    await client.send(request("/wait") + request("/second", "Connection: close")[:-1])
    await asyncio.sleep(SHORT + 2 * limits.SWEEP_SECONDS)
    house.application.go.set()
    await client.answer()
    await client.send(b"\n")

    assert status_of(await client.rest()) == 200
    assert house.application.answered == ["/wait", "/second"]


async def test_who_does_not_read_the_answer(
    house: Counter, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "READING_SECONDS", SHORT)
    monkeypatch.setattr(limits, "LEAVING_SECONDS", SHORT)
    client = await house.connect()
    await client.send(request("/large"))
    await until(lambda: house.server.server_state.connections)
    await until(lambda: not house.server.server_state.connections)
    client.writer.close()


async def test_who_does_not_read_a_refusal(house: Counter, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "LEAVING_SECONDS", SHORT)
    client = await house.connect()
    await client.send(request("/", "A b: c"))
    await until(lambda: house.server.server_state.connections)
    await until(lambda: not house.server.server_state.connections)
    client.writer.close()
