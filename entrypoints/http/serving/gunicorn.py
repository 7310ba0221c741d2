"""The same worker under gunicorn: what `gunicorn.conf.py` names."""

import asyncio
import logging
import os
import signal
import sys
import time
from typing import Any

import uvicorn
from gunicorn.arbiter import Arbiter
from gunicorn.glogging import Logger
from uvicorn_worker import UvicornWorker

from application.health import CheckHealth
from config.container import container_for
from config.settings import Settings
from entrypoints.http.app import create_app
from entrypoints.http.serving.server import GuardedServer, server_config

_LOOK_SECONDS = 0.2
_QUICK = {signal.SIGINT, signal.SIGQUIT}


def worker_class_of(settings: Settings) -> type["DoorwardWorker"]:
    """With the settings in it: what they came from may be readable only once."""
    return type("DoorwardWorker", (DoorwardWorker,), {"settings": settings})


class DoorwardWorker(UvicornWorker):  # type: ignore[misc] # it comes without types
    """Serves as `doorward serve` does; recycling and heartbeat are gunicorn's."""

    settings: Settings
    CONFIG_KWARGS = {"loop": "uvloop", "http": "httptools"}  # noqa: RUF012 - as it is there

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        # Its parent class has tied them to gunicorn's own log.
        for name in ("uvicorn.error", "uvicorn.access"):
            logging.getLogger(name).handlers = []
            logging.getLogger(name).propagate = True

    def load_wsgi(self) -> None:
        """The application needs its event loop: it is made once that is there."""

    async def _serve(self) -> None:
        container = container_for(self.settings)
        config = server_config(self.settings, create_app(container), container.telemetry())
        config.limit_max_requests = self.max_requests
        config.timeout_notify = round(self.timeout)
        config.callback_notify = self.callback_notify
        server = _GunicornServer(config, self.settings, container.check_health(), self.ppid)
        asyncio.get_running_loop().add_signal_handler(signal.SIGQUIT, server.hurry)
        await server.serve(sockets=[listener.sock for listener in self.sockets])
        if not server.started:
            sys.exit(Arbiter.WORKER_BOOT_ERROR)


class _GunicornServer(GuardedServer):
    def __init__(
        self, config: uvicorn.Config, settings: Settings, health: CheckHealth, parent: int
    ) -> None:
        super().__init__(config, settings, health)
        # Gunicorn kills when the grace is over: answers of the last moment must be out by then.
        self._grace_seconds = max(self._grace_seconds - 1, self._grace_seconds / 2)
        self._parent = parent

    def hurry(self) -> None:
        self.should_exit = self.force_exit = True

    async def on_tick(self, counter: int) -> bool:
        if os.getppid() != self._parent and not self._captured_signals:
            self.handle_exit(signal.SIGTERM, None)
        return await super().on_tick(counter)


class ServiceLogger(Logger):  # type: ignore[misc] # it comes without types
    """Lets gunicorn's own lines join ours: one stream, one format, one level."""

    def setup(self, cfg: Any) -> None:
        self.cfg = cfg
        self._access_log_enabled = False
        for log in (self.error_log, self.access_log):
            log.handlers = []
            log.propagate = True
            log.setLevel(logging.NOTSET)


def drain_before_stopping(arbiter: Any, drain_seconds: float) -> None:
    """Gunicorn's graceful timeout is for requests that run; the drain comes before it."""
    stop = arbiter.handle_term

    def drain_and_stop() -> None:
        arbiter.kill_workers(signal.SIGTERM)
        deadline = time.monotonic() + drain_seconds
        while arbiter.WORKERS and time.monotonic() < deadline:
            quick = _QUICK.intersection(arbiter.wait_for_signals(timeout=_LOOK_SECONDS))
            arbiter.reap_workers()
            if quick:
                arbiter.SIG_QUEUE.put_nowait(quick.pop())
                break
        stop()

    arbiter.handle_term = drain_and_stop
