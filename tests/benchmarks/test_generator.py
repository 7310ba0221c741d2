"""Load by a process of ours, against a server that answers after a while."""

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from benchmarks.load import Call, Measured, generate
from benchmarks.processes import OTHER_CORE

WAIT_SECONDS = 0.05
pytestmark = pytest.mark.slow


class Slow:
    """Answers each request with a token one higher than the one that it asks with."""

    def __init__(self) -> None:
        self.asked: list[int] = []

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while head := await self._head(reader):
            number = int(head.split(b" ")[1].removeprefix(b"/"))
            self.asked.append(number)
            await asyncio.sleep(WAIT_SECONDS)
            body = b'{"token": "%d"}' % (number + 1)
            writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: %d\r\n\r\n" % len(body) + body)
        writer.close()

    async def _head(self, reader: asyncio.StreamReader) -> bytes:
        try:
            return await reader.readuntil(b"\r\n\r\n")
        except (asyncio.IncompleteReadError, ConnectionError):
            return b""


@contextmanager
def listening(slow: Slow) -> Iterator[str]:
    loop = asyncio.new_event_loop()
    server = loop.run_until_complete(asyncio.start_server(slow.serve, "127.0.0.1", 0))
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    finally:
        loop.call_soon_threadsafe(server.close)
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()


def run(slow: Slow, folder: Path, *, rate: float | None, successor: str = "") -> Measured:
    with listening(slow) as url:
        call = Call(url=f"{url}/@", values=["1", "1001"], successor=successor)
        return generate(call, seconds=1, connections=2, core=OTHER_CORE, folder=folder, rate=rate)


def test_a_closed_loop_waits_for_answers(tmp_path: Path) -> None:
    measured = run(Slow(), tmp_path, rate=None)
    assert measured.errors == 0
    assert measured.requests <= 2 * (1 / WAIT_SECONDS) + 2
    assert measured.p50_ms >= 1000 * WAIT_SECONDS


def test_an_open_loop_counts_the_wait_for_a_connection(tmp_path: Path) -> None:
    """Twice as many requests as two connections can carry: those that wait are the server's."""
    measured = run(Slow(), tmp_path, rate=4 / WAIT_SECONDS)
    assert measured.requests > 2 * (1 / WAIT_SECONDS)
    assert measured.p99_ms > 4000 * WAIT_SECONDS


def test_a_token_that_is_used_up_is_followed_by_its_successor(tmp_path: Path) -> None:
    slow = Slow()
    run(slow, tmp_path, rate=None, successor="token")
    assert len(slow.asked) > 10
    assert sorted(set(slow.asked)) == sorted(slow.asked)
