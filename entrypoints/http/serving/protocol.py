"""One connection: uvicorn's protocol with deadlines and bounds on what it takes in."""

import asyncio
from typing import Any, cast

import httptools
from uvicorn.config import Config
from uvicorn.server import ServerState

from entrypoints.http.serving import limits
from entrypoints.http.serving.connections import make_room
from entrypoints.http.serving.endings import EndingProtocol
from entrypoints.http.serving.heads import fault_of, name_host, without_offer
from entrypoints.http.serving.refusals import (
    FULL,
    HEAD_TOO_LARGE,
    LEAVING,
    MALFORMED,
    TARGET_TOO_LONG,
    TOO_SLOW,
    Refusal,
)

# What the client owes us. Plain numbers: members of an Enum take longer to look up than to compare.
_NOTHING, _HEAD, _BODY = range(3)


class _Refused(Exception):
    """Stops the parser in the middle of what it was fed."""

    def __init__(self, refusal: Refusal) -> None:
        self.refusal = refusal


class GuardedProtocol(EndingProtocol):
    """Notes when each wait began; `check_deadlines` is called for all connections now and then.

    A request whose bytes come together costs two looks at the clock and no timer.
    """

    def __init__(
        self,
        config: Config,
        server_state: ServerState,
        app_state: dict[str, Any],
        _loop: asyncio.AbstractEventLoop | None = None,
    ) -> None:
        super().__init__(config, server_state, app_state, _loop)
        self._expecting = _HEAD
        self._head_bytes = 0
        self._shared_bytes = 0
        """Counted as the head's, though some of it belongs to the request before."""
        self._piece_bytes = 0
        self._framing_bytes = 0
        """Since the last byte of a body: of sizes, extensions and trailers, which nobody reads."""
        self._coding: bytes | None = None
        self._is_offer = False
        self.url = b""
        self.headers = []

    # What the sweep and the server ask

    def waited(self, now: float) -> float:
        """For how many seconds the client has kept us waiting; 0 while it waits for us."""
        if self._left_at is not None or (self.is_answering and not self._is_reading_for_answer()):
            return 0.0
        return now - self._since

    def _is_reading_for_answer(self) -> bool:
        """Whether the request that is being answered is the one whose body is arriving."""
        return self._expecting == _BODY and not self.pipeline

    def check_deadlines(self, now: float) -> None:
        """Ends the connection if its client has taken too long."""
        if self._left_at is None and self.transport.is_closing():
            # What was written may wait for a reader who never comes.
            self._leave()
        if self._left_at is not None or self.flow.write_paused:
            if self._reading.is_given_up(self.transport, now):
                self.transport.abort()
        elif self.waited(now) > self._patience():
            self.give_up()

    def _patience(self) -> float:
        if self._expecting == _HEAD:
            return limits.HEAD_SECONDS
        if self._expecting == _BODY:
            return limits.BODY_SECONDS
        return float(self.timeout_keep_alive)

    def give_up(self) -> None:
        """Ends it; with 408 if a part of a request is there, and nothing has been answered."""
        cycle = self._newest
        is_answered = cycle is not None and cycle.response_started
        if self._is_deaf or (self._expecting == _BODY and is_answered):
            self._drop_request()
            self.transport.abort()
        elif self._expecting == _BODY or self._head_bytes > 0:
            self._refuse(TOO_SLOW)
        else:
            self.transport.close()

    def cut(self) -> None:
        """Ends it whatever is going on: with 503 where no response has begun."""
        if self.is_answering and not self.pipeline and not self.cycle.response_started:
            self._say_last(LEAVING)
        self._drop_request()
        self.transport.close()

    # What the transport calls

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        is_welcome = make_room(cast("set[GuardedProtocol]", self.connections), self.loop.time())
        super().connection_made(transport)
        if not is_welcome:
            self.connections.discard(self)
            self._say_last(FULL)
            transport.close()

    def data_received(self, data: bytes) -> None:
        if self._is_deaf:
            return
        self._piece_bytes = len(data)
        if self._expecting == _NOTHING:
            self._expect_head()
        elif self._expecting == _BODY:
            self._framing_bytes += len(data)
        self._head_bytes += len(data)
        try:
            self._feed(data)
        except httptools.HttpParserError as error:
            cause = error.__context__
            self._refuse(cause.refusal if isinstance(cause, _Refused) else MALFORMED)
            return
        if (
            self._expecting == _HEAD
            and self._head_bytes - self._shared_bytes > limits.MAX_HEAD_BYTES
        ):
            is_target = len(self.url) > limits.MAX_TARGET_BYTES
            self._refuse(TARGET_TOO_LONG if is_target else HEAD_TOO_LARGE)
        elif self._framing_bytes > limits.MAX_HEAD_BYTES:
            self._refuse(HEAD_TOO_LARGE)

    def _feed(self, data: bytes) -> None:
        while data:
            try:
                self.parser.feed_data(data)
            except httptools.HttpParserUpgrade as upgrade:
                if not self._is_offer:
                    # To a tunnel: what follows was meant for somebody else.
                    self._is_deaf = True
                    self.cycle.keep_alive = False
                    return
                data = self._declined() + data[upgrade.args[0] :]
            else:
                return

    def _declined(self) -> bytes:
        """The head to be read again as if it offered nothing: with an offer the parser takes no
        body, and would read it as the next request.
        """
        parser, self.parser = self.parser, httptools.HttpRequestParser(self)
        self._is_offer = False
        version = parser.get_http_version()
        return without_offer(parser.get_method(), self.url, version, self.headers)

    def eof_received(self) -> bool:  # type: ignore[override]
        """Whether to stay: who has asked all there was to ask still waits for the answer."""
        self.end_after_answer()
        return self.is_answering and self._expecting != _BODY

    # What the parser calls

    def _expect_head(self) -> None:
        self._expecting = _HEAD
        self._since = self.loop.time()
        self._shared_bytes = 0

    def on_message_begin(self) -> None:
        if self._expecting != _HEAD:
            self._expect_head()
            # Nobody says where in the piece it begins: no head is larger than this is counted.
            self._head_bytes = self._shared_bytes = self._piece_bytes
        self._coding = None
        super().on_message_begin()

    def on_header(self, name: bytes, value: bytes) -> None:
        if self._expecting != _HEAD:
            # A trailer: it comes too late to be believed (RFC 9110, 6.5.1).
            return
        name = name.lower()
        if name == b"expect" and value.lower() == b"100-continue":
            self.expect_100_continue = True
        elif name == b"transfer-encoding":
            self._coding = value.strip().lower() if self._coding is None else b"several"
        self.headers.append((name, value))

    def on_headers_complete(self) -> None:
        version = self.parser.get_http_version()
        largest = max(self._head_bytes, self._piece_bytes)
        fault = fault_of(self.url, self.headers, version, largest, self._coding)
        if fault is not None:
            raise _Refused(fault)
        if len(self.pipeline) >= limits.MAX_PIPELINED:
            raise _Refused(MALFORMED)
        self._is_offer = self.parser.should_upgrade() and self.parser.get_method() != b"CONNECT"
        if self._is_offer:
            return
        if not self.url.startswith(b"/"):
            fault = name_host(self.url, self.headers, version)
            if fault is not None:
                raise _Refused(fault)
        super().on_headers_complete()
        self._expecting = _BODY
        self._since = self.loop.time()
        self._framing_bytes = 0
        if self.config.is_leaving:
            self.cycle.keep_alive = False

    def on_body(self, body: bytes) -> None:
        self._framing_bytes = 0
        super().on_body(body)

    def on_message_complete(self) -> None:
        if self._is_offer:
            return
        self._expecting = _NOTHING
        self._head_bytes = 0
        super().on_message_complete()

    def on_response_complete(self) -> None:
        # As uvicorn's, but for the timer of the next request: the sweep sees to that.
        self.server_state.total_requests += 1
        if self.transport.is_closing():
            return
        if self._expecting == _BODY and not self.pipeline and not self.cycle.keep_alive:
            self._leave_gently()
            return
        self._since = self.loop.time()
        self.flow.resume_reading()
        if self.pipeline:
            cycle, app = self.pipeline.pop()
            self._start_asgi_task(cycle, app)

    def _refuse(self, refusal: Refusal) -> None:
        """Says no and listens no more. Requests that came before are answered first."""
        self._is_deaf = True
        if self.is_answering:
            if self._expecting == _BODY and self.pipeline:
                self._refuse_in_turn(refusal)
                return
            if not self._is_reading_for_answer() or self.cycle.response_started:
                self.cycle.keep_alive = False
                return
            self._drop_request()
        # A second answer would be taken for that of the next request.
        if self._expecting != _BODY or not self.cycle.response_complete:
            self._say_last(refusal)
        self._leave_gently()

    def _refuse_in_turn(self, refusal: Refusal) -> None:
        """What stands last in the line, and will never be there as a whole, is answered so."""

        async def refuse(*_: object) -> None:
            self._refuse(refusal)

        self.pipeline[0] = (self.cycle, refuse)
