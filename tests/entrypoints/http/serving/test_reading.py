"""Clients that take a large answer: all of it, in time, or not at all."""

import asyncio
from contextlib import suppress
from typing import cast

import pytest

from entrypoints.http.serving import limits
from entrypoints.http.serving.reading import Reading
from tests.entrypoints.http.serving.counter import Client, counter, request, until

LARGE = 20_000_000


async def read_slowly(client: Client) -> int:
    """How much comes to a client that always takes some of it."""
    received = 0
    with suppress(ConnectionError):
        while received <= LARGE and (piece := await client.reader.read(65536)):
            received += len(piece)
            await asyncio.sleep(0.01)
    client.writer.close()
    return received


@pytest.mark.parametrize("headers", [("Connection: close",), ()])
async def test_an_answer_that_is_being_read_is_not_cut_off(
    monkeypatch: pytest.MonkeyPatch, headers: tuple[str, ...]
) -> None:
    monkeypatch.setattr(limits, "READING_SECONDS", 1.0)
    monkeypatch.setattr(limits, "LEAVING_SECONDS", 0.4)
    async with counter() as house:
        house.server.config.timeout_keep_alive = 1
        client = await house.connect()
        await client.send(request("/large", *headers))

        # All of it takes some three seconds, and it never pauses for longer than 10 ms.
        assert await read_slowly(client) > LARGE


async def test_an_answer_has_an_end_however_it_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "ANSWER_SECONDS", 0.4)
    async with counter() as house:
        client = await house.connect()
        await client.send(request("/large", "Connection: close"))
        reading = asyncio.create_task(read_slowly(client))
        await until(lambda: house.server.server_state.connections)
        await until(lambda: not house.server.server_state.connections)

        assert await reading < LARGE


class Buffer:
    """What a transport has not sent yet."""

    def __init__(self, unsent: int) -> None:
        self.unsent = unsent

    def get_write_buffer_size(self) -> int:
        return self.unsent


def taking(*, each: int, seconds: float) -> float:
    """When it is over for a client that takes so many bytes of a megabyte each so many seconds."""
    buffer, reading, now = Buffer(1_000_000), Reading(), 100.0
    transport = cast("asyncio.Transport", buffer)
    reading.begin(transport, now)
    while not reading.is_given_up(transport, now):
        now += seconds
        buffer.unsent = max(0, buffer.unsent - each)
    return now - 100.0


def test_who_takes_nothing_has_half_a_minute() -> None:
    assert 30 < taking(each=0, seconds=0.5) <= 31


def test_who_takes_a_byte_now_and_then_has_five_minutes() -> None:
    assert 300 < taking(each=1, seconds=1.0) <= 301
    assert 300 < taking(each=1, seconds=29.0) <= 329


def test_who_has_all_of_it_has_two_seconds_to_close() -> None:
    assert 12 < taking(each=100_000, seconds=1.0) <= 14
