"""An answer on its way out: whole, framed, and in one piece."""

import asyncio
import logging
from typing import Any, cast

import pytest
from uvicorn.protocols.http.flow_control import FlowControl

from entrypoints.http.serving.exchange import Exchange

Header = tuple[bytes, bytes]


class Wire:
    """What a connection was told to send."""

    def __init__(self) -> None:
        self.written: list[bytes] = []
        self.is_closed = False

    def write(self, data: bytes) -> None:
        self.written.append(data)

    def close(self) -> None:
        self.is_closed = True


class Answer:
    """One exchange, and what became of it."""

    def __init__(
        self, method: str = "GET", *, keep_alive: bool = True, more_body: bool = False
    ) -> None:
        self.wire = Wire()
        self.completed = 0
        transport = cast("asyncio.Transport", self.wire)
        self._exchange = Exchange(
            scope=cast("Any", {"type": "http", "method": method}),
            transport=transport,
            flow=FlowControl(transport),
            logger=logging.getLogger("uvicorn.error"),
            access_logger=logging.getLogger("uvicorn.access"),
            access_log=False,
            default_headers=[(b"date", b"now")],
            message_event=asyncio.Event(),
            expect_100_continue=False,
            keep_alive=keep_alive,
            on_response=self._complete,
        )
        self._exchange.more_body = more_body

    def _complete(self) -> None:
        self.completed += 1

    async def begin(self, *headers: Header, status: int = 200) -> None:
        start = {"type": "http.response.start", "status": status, "headers": list(headers)}
        await self._exchange.send(cast("Any", start))

    async def go_on(self, body: bytes, *, more: bool = False) -> None:
        piece = {"type": "http.response.body", "body": body, "more_body": more}
        await self._exchange.send(cast("Any", piece))


def of(length: int) -> Header:
    return b"content-length", b"%d" % length


async def test_head_and_body_are_one_write() -> None:
    answer = Answer()
    await answer.begin(of(2), (b"x-a", b"b"))
    assert answer.wire.written == []
    await answer.go_on(b"ok")
    (sent,) = answer.wire.written
    assert sent == b"HTTP/1.1 200 OK\r\ndate: now\r\ncontent-length: 2\r\nx-a: b\r\n\r\nok"
    assert (answer.completed, answer.wire.is_closed) == (1, False)


async def test_the_answer_to_head_has_the_length_and_no_body() -> None:
    answer = Answer("HEAD")
    await answer.begin(of(2))
    await answer.go_on(b"")
    assert answer.wire.written == [b"HTTP/1.1 200 OK\r\ndate: now\r\ncontent-length: 2\r\n\r\n"]
    assert answer.completed == 1


@pytest.mark.parametrize("status", [204, 304])
async def test_what_has_no_body_has_no_framing(status: int) -> None:
    answer = Answer()
    await answer.begin(status=status)
    await answer.go_on(b"")
    (sent,) = answer.wire.written
    assert sent.endswith(b"\r\ndate: now\r\n\r\n")
    assert answer.completed == 1


async def test_a_body_of_unknown_length_goes_in_chunks() -> None:
    answer = Answer()
    await answer.begin()
    await answer.go_on(b"one", more=True)
    await answer.go_on(b"", more=True)
    assert answer.completed == 0
    await answer.go_on(b"two")
    sent = b"".join(answer.wire.written)
    head, _, body = sent.partition(b"\r\n\r\n")
    assert head.endswith(b"transfer-encoding: chunked")
    assert body == b"3\r\none\r\n3\r\ntwo\r\n0\r\n\r\n"
    assert answer.completed == 1


async def test_the_last_answer_of_a_connection_says_so() -> None:
    answer = Answer(keep_alive=False)
    await answer.begin(of(0))
    await answer.go_on(b"")
    assert b"\r\nconnection: close\r\n" in answer.wire.written[0]
    assert answer.wire.is_closed


async def test_nothing_is_closed_while_a_body_is_on_its_way() -> None:
    answer = Answer(keep_alive=False, more_body=True)
    await answer.begin(of(0))
    await answer.go_on(b"")
    assert (answer.completed, answer.wire.is_closed) == (1, False)


async def test_an_answer_may_end_the_connection_itself() -> None:
    answer = Answer()
    await answer.begin(of(0), (b"connection", b"x, Close"))
    await answer.go_on(b"")
    assert answer.wire.written[0].lower().count(b"connection:") == 1
    assert answer.wire.is_closed


@pytest.mark.parametrize(
    "header",
    [
        (b"x-a", b"b\r\nset-cookie: c=d"),
        (b"x-a", b"b\nc"),
        (b"x-a", b"b\0"),
        (b"x a", b"b"),
        (b"x:a", b"b"),
        (b"Content-Length", b"9"),
        (b"x-request-id", b"a\r\nset-cookie: c=d"),
    ],
)
async def test_no_header_becomes_another_one(header: Header) -> None:
    # Also when asked a second time: lines are remembered, refusals are not.
    for _ in range(2):
        answer = Answer()
        with pytest.raises(RuntimeError):
            await answer.begin(of(0), header)
        assert answer.wire.written == []


@pytest.mark.parametrize("body", [b"a", b"abc"])
async def test_a_body_of_another_length_than_announced_completes_nothing(body: bytes) -> None:
    answer = Answer()
    await answer.begin(of(2))
    with pytest.raises(RuntimeError):
        await answer.go_on(body)
    assert answer.completed == 0
    # More than was announced would be read as the next answer.
    assert b"abc" not in b"".join(answer.wire.written)


async def test_what_is_out_of_turn_is_refused() -> None:
    answer = Answer()
    with pytest.raises(RuntimeError):
        await answer.go_on(b"")
    await answer.begin(of(0))
    with pytest.raises(RuntimeError):
        await answer.begin(of(0))
    await answer.go_on(b"")
    with pytest.raises(RuntimeError):
        await answer.go_on(b"")
    assert answer.completed == 1
