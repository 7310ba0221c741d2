"""A server told to stop: what was asked is answered, and nobody is kept waiting for ever."""

import asyncio
import signal
import socket
import time

import pytest

from tests.entrypoints.http.serving.counter import (
    Client,
    Counter,
    counter,
    request,
    status_of,
    until,
)


async def asked(house: Counter, path: str, *headers: str, body: bytes = b"") -> Client:
    """A client whose request is with the application."""
    client = await house.connect()
    method = "POST" if headers else "GET"
    await client.send(request(path, *headers, method=method, body=body))
    await until(lambda: path in house.application.seen)
    return client


async def test_a_running_request_is_answered_and_then_the_connection_ends() -> None:
    async with counter() as house:
        client = await asked(house, "/wait")
        house.server.handle_exit(signal.SIGTERM, None)
        await asyncio.sleep(0.3)
        assert not house.running.done()
        house.application.go.set()
        answer = await client.rest()

        assert status_of(answer) == 200
        assert b"connection: close" in answer
        await asyncio.wait_for(house.running, 5)


async def test_what_is_on_its_way_when_the_server_stops_is_answered() -> None:
    async with counter() as house:
        idle = await house.connect()
        await idle.send(request())
        await idle.answer()
        silent = await house.connect()
        house.server.should_exit = True
        # In the system's queue: the loop has had no turn yet to take it.
        waiting = await house.connect()
        for client in (idle, silent, waiting):
            await client.send(request())
        answers = [await client.rest() for client in (idle, silent, waiting)]

    assert [status_of(answer) for answer in answers] == [200] * 3


async def test_who_is_in_the_queue_when_it_closes_is_served(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async with counter() as house:
        shutdown = house.server.shutdown
        late: list[socket.socket] = []

        async def shutdown_after_a_call(sockets: list[socket.socket] | None = None) -> None:
            # The loop has no turn between this and the end of listening.
            late.append(socket.create_connection(("127.0.0.1", house.port)))
            late[0].sendall(request())
            await shutdown(sockets)

        monkeypatch.setattr(house.server, "shutdown", shutdown_after_a_call)
        house.server.should_exit = True
        await house.running
        with late[0] as caller:
            answer = caller.recv(4096)

    assert status_of(answer) == 200
    assert b"connection: close" in answer


async def test_while_draining_all_is_served_but_connections_end() -> None:
    async with counter(drain_seconds=1) as house:
        idle = await house.connect()
        await idle.send(request())
        await idle.answer()
        started = time.monotonic()
        house.server.handle_exit(signal.SIGTERM, None)
        # Whoever signals the whole group sends it once more.
        house.server.handle_exit(signal.SIGTERM, None)
        await asyncio.sleep(0.3)
        await idle.send(request())
        assert b"connection: close" in await idle.rest()
        assert status_of(await house.exchange(request("/", "Connection: close"))) == 200
        await house.running
        assert 1 <= time.monotonic() - started < 3


async def test_every_answer_after_the_signal_is_the_last_one_of_its_connection() -> None:
    async with counter(drain_seconds=60) as house:
        idle = await house.connect()
        await idle.send(request())
        assert b"connection: close" not in await idle.answer()
        # Whichever comes first, and however soon.
        for _ in range(10):
            house.server.handle_exit(signal.SIGTERM, None)
            assert b"connection: close" in await house.exchange(request())
        await idle.send(request())
        assert b"connection: close" in await idle.rest()


async def test_an_interrupt_ends_the_drain() -> None:
    async with counter(drain_seconds=60) as house:
        house.server.handle_exit(signal.SIGTERM, None)
        house.server.handle_exit(signal.SIGINT, None)
        await asyncio.wait_for(house.running, 3)


async def test_half_a_body_and_half_a_head_are_waited_for_as_long_as_the_grace() -> None:
    async with counter(shutdown_grace_seconds=1.5) as house:
        body = await asked(house, "/half", "Content-Length: 10", body=b"12345")
        head = await house.connect()
        await head.send(b"GET / HTTP/1.1\r\n")
        started = time.monotonic()
        house.server.handle_exit(signal.SIGTERM, None)
        answer = await body.rest()
        await house.running

        assert status_of(answer) == 503
        assert b"retry-after" in answer
        assert 1 < time.monotonic() - started < 2.5
        assert await head.rest() == b""
        assert house.application.answered == []


async def test_a_request_that_takes_too_long_is_cut_off_with_an_answer() -> None:
    async with counter(shutdown_grace_seconds=0.5) as house:
        client = await asked(house, "/wait")
        house.server.handle_exit(signal.SIGTERM, None)

        assert status_of(await client.rest()) == 503
        await asyncio.wait_for(house.running, 5)
