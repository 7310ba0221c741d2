"""One serving process: sweeps its connections, and leaves without losing a request."""

import asyncio
import signal
import socket
import time
from collections.abc import Sequence
from contextlib import suppress
from types import FrameType
from typing import Any, cast

import structlog
import uvicorn
from starlette.types import ASGIApp, Receive, Scope, Send

from application.health import CheckHealth
from application.ports.telemetry import RequestTelemetry
from config.settings import Settings
from entrypoints.http.middleware.shell import security_headers
from entrypoints.http.serving import limits
from entrypoints.http.serving.config import GuardedConfig
from entrypoints.http.serving.connections import sweep
from entrypoints.http.serving.listeners import accepted, turn_away
from entrypoints.http.serving.protocol import GuardedProtocol

_log = structlog.get_logger("doorward")

BACKLOG = 2048
_TICKS_A_SWEEP = round(limits.SWEEP_SECONDS / 0.1)
_LINGER_SECONDS = 1.0
"""Idle connections stay open for this long after the last call: a request may be on its way."""
_STEP_SECONDS = 0.05


def server_config(settings: Settings, app: Any, telemetry: RequestTelemetry) -> uvicorn.Config:
    """How uvicorn is to behave; what it would say itself is said by our own shell."""
    config = GuardedConfig(
        app,
        workers=1,
        loop="uvloop",
        http=GuardedProtocol,
        ws="none",
        lifespan="on",
        log_config=None,
        access_log=False,
        server_header=False,
        # The shell reads forwarded addresses itself, from known proxies only.
        proxy_headers=False,
        backlog=BACKLOG,
        timeout_keep_alive=round(limits.KEEP_ALIVE_SECONDS),
        timeout_graceful_shutdown=max(1, round(settings.shutdown_grace_seconds)),
    )
    config.telemetry = telemetry
    config.security_headers = security_headers(production=settings.environment == "production")
    return config


class GuardedServer(uvicorn.Server):
    """A worker: SIGTERM drains and then stops it, SIGINT stops it; the same again changes nothing.

    Its parent and whoever signals the whole group may each send one.
    """

    _is_alone = False
    """Without a parent a second signal means: at once. And the process's own handlers follow."""

    def __init__(self, config: uvicorn.Config, settings: Settings, health: CheckHealth) -> None:
        super().__init__(config)
        self._health = health
        self._drain_seconds = settings.drain_seconds
        self._grace_seconds = settings.shutdown_grace_seconds
        self._drained_at: float | None = None

    @property
    def _connections(self) -> set[GuardedProtocol]:
        return cast("set[GuardedProtocol]", self.server_state.connections)

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        self.config.loaded_app = _Cuttable(self.config.loaded_app)
        await super().startup(sockets)

    async def on_tick(self, counter: int) -> bool:
        """Called ten times a second."""
        if counter % _TICKS_A_SWEEP == 0:
            sweep(self._connections, asyncio.get_running_loop().time())
        if self._drained_at is not None:
            # Who keeps a connection should find another process before this one is gone.
            self._end_after_answers()
            self.should_exit = self.should_exit or time.monotonic() >= self._drained_at
        return await super().on_tick(counter)

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        # A signal handler: it may set flags, and nothing else.
        is_first = not self._captured_signals
        self._captured_signals.append(sig)
        self._start_leaving()
        if not is_first and self._is_alone:
            self.should_exit = self.force_exit = True
        elif sig != signal.SIGTERM:
            self.should_exit = True
        elif is_first:
            self._drained_at = time.monotonic() + self._drain_seconds
            self.should_exit = self._drain_seconds == 0 or not self.started

    def _start_leaving(self) -> None:
        self._health.start_draining()
        cast("GuardedConfig", self.config).is_leaving = True

    def _end_after_answers(self) -> None:
        for connection in tuple(self._connections):
            connection.end_after_answer()

    # The end

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Answers what was asked, within the grace; then whatever is left is cut off."""
        deadline = time.monotonic() + self._grace_seconds
        self._start_leaving()
        await self._take_last_calls(sockets or ())
        self._end_after_answers()
        await self._wait(min(deadline, time.monotonic() + _LINGER_SECONDS))
        for connection in tuple(self._connections):
            connection.close_if_idle()
        await self._wait(deadline)
        await self._cut_off()
        left = 0.0 if self.force_exit else deadline - time.monotonic()
        with suppress(TimeoutError):
            await asyncio.wait_for(self.lifespan.shutdown(), max(1.0, left))
        if not self._is_alone:
            self._captured_signals.clear()

    async def _take_last_calls(self, listeners: Sequence[socket.socket]) -> None:
        """Stops listening. Who got through to the system's queue is served: else it were reset."""
        queues = [listener.dup() for listener in listeners]
        if self._is_alone:
            for queue in queues:
                turn_away(queue)
        for server in self.servers:
            server.close()
        for listener in listeners:
            listener.close()
        # The loop has let go of its own hold on the socket after this.
        await asyncio.sleep(0)
        loop = asyncio.get_running_loop()
        calls = [call for queue in queues for call in accepted(queue)]
        for queue in queues:
            queue.close()
        for call in calls:
            await loop.connect_accepted_socket(self._protocol, call)

    def _protocol(self) -> GuardedProtocol:
        return GuardedProtocol(self.config, self.server_state, self.lifespan.state)

    async def _wait(self, deadline: float) -> None:
        """Until nobody is left, the deadline, or somebody in a hurry."""
        loop = asyncio.get_running_loop()
        while time.monotonic() < deadline and not self.force_exit:
            if not self.server_state.connections and not self.server_state.tasks:
                return
            sweep(self._connections, loop.time())
            await asyncio.sleep(_STEP_SECONDS)

    async def _cut_off(self) -> None:
        tasks = set(self.server_state.tasks)
        if tasks:
            _log.warning("requests_cut_off", count=len(tasks))
        for connection in tuple(self._connections):
            connection.cut()
        for task in tasks:
            task.cancel()
        if tasks:
            await asyncio.wait(tasks, timeout=1.0)
        for connection in tuple(self._connections):
            connection.transport.abort()


class _Cuttable:
    """The application, but for the end of a request that the server itself has cancelled.

    Nobody waits for it any more; uvicorn would log it as a crash.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await self._app(scope, receive, send)
        except asyncio.CancelledError:
            if scope["type"] != "http":
                raise
