"""One request and its answer: uvicorn's, but that an answer leaves in one piece."""

import asyncio
import urllib.parse
from functools import lru_cache
from typing import TYPE_CHECKING

import httptools
from uvicorn.protocols.http.httptools_impl import (
    HEADER_RE,
    HEADER_VALUE_RE,
    STATUS_LINE,
    HttpToolsProtocol,
    RequestResponseCycle,
)

if TYPE_CHECKING:
    from uvicorn._types import (
        ASGISendEvent,
        HTTPResponseBodyEvent,
        HTTPResponseStartEvent,
    )

_WITHOUT_BODY = (204, 304)


class Exchange(RequestResponseCycle):
    """Keeps the head until the body begins, which is when a server may send it (ASGI, Response
    Start): two writes are two system calls, and two packets.
    """

    _head = b""

    async def send(self, message: "ASGISendEvent") -> None:
        if self.flow.write_paused and not self.disconnected:
            await self.flow.drain()
        if self.disconnected:
            return
        if message["type"] == "http.response.start" and not self.response_started:
            self._begin(message)
        elif (
            message["type"] == "http.response.body"
            and self.response_started
            and not self.response_complete
        ):
            self._go_on(message)
        else:
            raise RuntimeError(f"{message['type']} is out of turn")

    def _begin(self, message: "HTTPResponseStartEvent") -> None:
        self.response_started = True
        self.waiting_for_100_continue = False
        headers = [*self.default_headers, *message.get("headers", ())]
        lines = [STATUS_LINE[message["status"]], *[_line(*header) for header in headers]]
        named = dict(headers)
        options = named.get(b"connection", b"").lower().replace(b" ", b"")
        if b"close" in options.split(b","):
            self.keep_alive = False
        elif not self.keep_alive:
            lines.append(b"connection: close\r\n")
        if b"content-length" in named:
            self.expected_content_length = int(named[b"content-length"])
        elif self.scope["method"] != "HEAD" and message["status"] not in _WITHOUT_BODY:
            self.chunked_encoding = True
            lines.append(b"transfer-encoding: chunked\r\n")
        self._head = b"".join((*lines, b"\r\n"))

    def _go_on(self, message: "HTTPResponseBodyEvent") -> None:
        is_last = not message.get("more_body", False)
        piece = self._framed(message.get("body", b""), is_last)
        self.transport.write(self._head + piece)
        self._head = b""
        if not is_last:
            return
        if self.expected_content_length != 0:
            raise RuntimeError("the body is shorter than its Content-Length")
        self.response_complete = True
        self.message_event.set()
        if not self.keep_alive and not self.more_body:
            # With a body still on its way it is for the connection to end well.
            self.transport.close()
        self.on_response()

    def _framed(self, body: bytes, is_last: bool) -> bytes:
        if self.scope["method"] == "HEAD":
            self.expected_content_length = 0
            return b""
        if self.chunked_encoding:
            chunk = b"%x\r\n%b\r\n" % (len(body), body) if body else b""
            return chunk + b"0\r\n\r\n" if is_last else chunk
        self.expected_content_length -= len(body)
        if self.expected_content_length < 0:
            raise RuntimeError("the body is longer than its Content-Length")
        return body


def _line(name: bytes, value: bytes) -> bytes:
    write = _written_once if name in _NEW_EVERY_TIME else _written
    return write(name, value)


def _written_once(name: bytes, value: bytes) -> bytes:
    if HEADER_RE.search(name) or HEADER_VALUE_RE.search(value) or name != name.lower():
        # A line break would make whatever follows it a header, or a body, of its own.
        raise RuntimeError("a header is not as HTTP has it")
    return b"%b: %b\r\n" % (name, value)


_written = lru_cache(maxsize=1024)(_written_once)
"""Most lines are the same in every answer: looked at and written once for all."""
_NEW_EVERY_TIME = frozenset({b"x-request-id", b"x-response-time"})


class ExchangingProtocol(HttpToolsProtocol):
    """uvicorn's protocol with exchanges in the place of its own cycles."""

    def on_headers_complete(self) -> None:
        target = httptools.parse_url(self.url)
        raw_path = target.path or b"/"
        version = self.parser.get_http_version()
        self.scope["http_version"] = version
        self.scope["method"] = self.parser.get_method().decode("ascii")
        self.scope["path"] = urllib.parse.unquote(raw_path.decode("ascii"))
        self.scope["raw_path"] = raw_path
        self.scope["query_string"] = target.query or b""
        before: RequestResponseCycle | None = self.cycle
        self.cycle = Exchange(
            scope=self.scope,
            transport=self.transport,
            flow=self.flow,
            logger=self.logger,
            access_logger=self.access_logger,
            access_log=False,
            default_headers=self.server_state.default_headers,
            message_event=asyncio.Event(),
            expect_100_continue=self.expect_100_continue and version != "1.0",
            keep_alive=version != "1.0" and self.parser.should_keep_alive(),
            on_response=self.on_response_complete,
        )
        if before is None or before.response_complete:
            self._start_asgi_task(self.cycle, self.app)
        else:
            # Another request of the same connection is being answered.
            self.flow.pause_reading()
            self.pipeline.appendleft((self.cycle, self.app))
