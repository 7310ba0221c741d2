"""The last exchange of a connection: what was asked in full is answered, and the answer arrives."""

import asyncio
import signal
import socket
import time

from entrypoints.http.serving import limits
from tests.entrypoints.http.serving.counter import (
    Counter,
    counter,
    request,
    status_of,
    until,
)

BODY_BYTES = 1_000_000


def send_all_before_reading(house: Counter, sent: bytes) -> bytes:
    with socket.create_connection(("127.0.0.1", house.port), timeout=5) as caller:
        caller.sendall(sent)
        for _ in range(BODY_BYTES // 10_000):
            caller.sendall(b"x" * 10_000)
            time.sleep(0.001)
        return caller.recv(4096)


async def test_an_answer_reaches_who_is_still_sending_the_body() -> None:
    async with counter() as house:
        length = f"Content-Length: {BODY_BYTES}"
        sent = request("/early", length, "Connection: close", method="POST")

        assert status_of(await asyncio.to_thread(send_all_before_reading, house, sent)) == 200


async def test_after_the_last_answer_nothing_is_carried_out() -> None:
    async with counter(drain_seconds=60) as house:
        # The client has no reason to expect that this answer is the last one.
        house.server.handle_exit(signal.SIGTERM, None)
        client = await house.connect()
        await client.send(request("/early", "Content-Length: 1", method="POST"))
        assert b"\r\nconnection: close" in await client.answer()
        await client.send(b"x" + request("/second"))
        await asyncio.sleep(0.1)

        assert await client.rest() == b""
        assert house.application.seen == ["/early"]


async def test_who_never_stops_sending_is_cut_off() -> None:
    async with counter() as house:
        client = await house.connect()
        headers = (f"Content-Length: {BODY_BYTES}", "Connection: close")
        await client.send(request("/early", *headers, method="POST"))
        await client.answer()
        started = time.monotonic()
        await until(lambda: not house.server.server_state.connections)
        client.writer.close()

        assert time.monotonic() - started < limits.LEAVING_SECONDS + 2


async def test_a_client_that_has_said_all_it_has_to_say_is_answered() -> None:
    async with counter() as house:
        client = await house.connect()
        await client.send(request("/wait") + request("/second"))
        client.writer.write_eof()
        await until(lambda: house.application.seen)
        await asyncio.sleep(0.1)
        house.application.go.set()
        answers = await client.rest()

        assert answers.count(b"HTTP/1.1 200") == 2
        assert answers.count(b"\r\nconnection: close") == 1


async def test_a_client_that_leaves_in_the_middle_of_a_body_is_not_waited_for() -> None:
    async with counter() as house:
        client = await house.connect()
        await client.send(request("/", "Content-Length: 2", method="POST", body=b"{"))
        await until(lambda: house.application.seen)
        client.writer.write_eof()

        assert await client.rest() == b""
        assert house.application.answered == []


async def test_a_broken_body_behind_another_request_is_refused_in_its_turn() -> None:
    async with counter() as house:
        client = await house.connect()
        broken = request("/broken", "Transfer-Encoding: chunked", method="POST", body=b"zz\r\n")
        await client.send(request("/wait") + request("/second") + broken)
        await until(lambda: house.application.seen)
        await asyncio.sleep(0.1)
        house.application.go.set()
        answers = await client.rest()

        statuses = [status_of(b"HTTP/1.1 " + each) for each in answers.split(b"HTTP/1.1 ")[1:]]
        assert statuses == [200, 200, 400]
        assert house.application.seen == ["/wait", "/second"]
        assert house.telemetry.refusals == ["malformed"]
