"""How a connection ends: what was said last arrives, and nobody keeps it for ever."""

import asyncio
from typing import Any

from uvicorn.config import Config
from uvicorn.protocols.http.httptools_impl import RequestResponseCycle
from uvicorn.server import ServerState

from entrypoints.http.serving.config import GuardedConfig
from entrypoints.http.serving.exchange import ExchangingProtocol
from entrypoints.http.serving.reading import Reading
from entrypoints.http.serving.refusals import Refusal, told


class EndingProtocol(ExchangingProtocol):
    """Knows whether a request is with the application, and ends with or without an answer."""

    config: GuardedConfig

    def __init__(
        self,
        config: Config,
        server_state: ServerState,
        app_state: dict[str, Any],
        _loop: asyncio.AbstractEventLoop | None = None,
    ) -> None:
        super().__init__(config, server_state, app_state, _loop)
        self._since = self.loop.time()
        """When the wait for what is expected began, or else when the last response ended."""
        self._is_deaf = False
        self._left_at: float | None = None
        self._reading = Reading()

    @property
    def _newest(self) -> RequestResponseCycle | None:
        return self.cycle

    @property
    def is_answering(self) -> bool:
        """Whether a request is with the application."""
        cycle = self._newest
        return cycle is not None and not cycle.response_complete

    def end_after_answer(self) -> None:
        """The connection ends with the response to what was asked last."""
        if self.is_answering:
            self.cycle.keep_alive = False

    def close_if_idle(self) -> None:
        """Closes it unless a request is with the application."""
        if not self.is_answering and self._left_at is None:
            self.transport.close()

    def pause_writing(self) -> None:
        self._reading.begin(self.transport, self.loop.time())
        super().pause_writing()

    def _leave(self) -> None:
        """It is over on our side, but for what is still to be sent."""
        self._is_deaf = True
        self._left_at = self.loop.time()
        self._reading.begin(self.transport, self._left_at)

    def _leave_gently(self) -> None:
        """Closed with bytes unread, the client's system would throw the answer away."""
        self._leave()
        self.flow.resume_reading()
        if self.transport.can_write_eof():
            self.transport.write_eof()
        else:
            self.transport.close()

    def _say_last(self, refusal: Refusal) -> None:
        self._leave()
        client_ip = self.client[0] if self.client else None
        elapsed, headers = self.loop.time() - self._since, self.server_state.default_headers
        self.transport.write(told(refusal, client_ip, elapsed, headers, self.config))

    def _drop_request(self) -> None:
        """Lets the application see that nobody is there any more."""
        self.pipeline.clear()
        if self.is_answering:
            self.cycle.disconnected = True
            self.cycle.message_event.set()
