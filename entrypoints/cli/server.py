"""The server around the application: one process or several, on a socket that is already open."""

import socket
from typing import TYPE_CHECKING, Any

import structlog
import typer
import uvicorn
from uvicorn.config import STARTUP_FAILURE
from uvicorn.supervisors import Multiprocess

from entrypoints.cli.endings import REFUSED, Refused

if TYPE_CHECKING:
    from config.settings import Settings

_log = structlog.get_logger("doorward")

_KEEP_ALIVE_SECONDS = 30
_BACKLOG = 2048


def listen(host: str, port: int) -> socket.socket:
    """A socket that is taken for sure; who connects early waits. Raises Refused.

    Where a name stands for both, IPv4 is meant.
    """
    try:
        found = socket.getaddrinfo(host.strip("[]"), port, type=socket.SOCK_STREAM)
        family, kind, protocol, _, address = min(found, key=lambda it: it[0] != socket.AF_INET)
        listener = socket.socket(family, kind, protocol)
    except OSError as error:
        raise _cannot_listen(host, port, error) from None
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(address)
        # Only now does the port belong to nobody else.
        listener.listen(_BACKLOG)
    except OSError as error:
        listener.close()
        raise _cannot_listen(host, port, error) from None
    return listener


def _cannot_listen(host: str, port: int, error: OSError) -> Refused:
    return Refused(f"cannot listen on {host}, port {port}: {error.strerror}")


def server_config(settings: "Settings", app: Any, *, factory: bool = False) -> uvicorn.Config:
    """How uvicorn is to behave; what it would say itself is said by our own shell."""
    return uvicorn.Config(
        app,
        factory=factory,
        workers=settings.workers,
        loop="uvloop",
        http="httptools",
        ws="none",
        lifespan="on",
        log_config=None,
        access_log=False,
        server_header=False,
        # The shell reads forwarded addresses itself, from known proxies only.
        proxy_headers=False,
        backlog=_BACKLOG,
        timeout_keep_alive=_KEEP_ALIVE_SECONDS,
        timeout_graceful_shutdown=max(1, round(settings.shutdown_grace_seconds)),
    )


class SingleServer(uvicorn.Server):
    """Serves in this process."""

    async def run_on(self, listener: socket.socket) -> None:
        """Until a signal, which is handed on afterwards. Raises typer.Exit if it cannot start."""
        try:
            await self.serve(sockets=[listener])
        except SystemExit as end:
            if end.code == STARTUP_FAILURE:
                raise typer.Exit(REFUSED) from None
            raise

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        for listener in sockets or ():
            _log.info("serving", url=_url_of(listener))


class Supervisor(Multiprocess):
    """Serves in several processes, replaces those that die, and ends with the last of them."""

    _interrupted = False

    def supervise(self) -> None:
        """Until a signal. Raises KeyboardInterrupt after Ctrl-C, typer.Exit if none can start."""
        for listener in self.sockets:
            _log.info("serving", url=_url_of(listener), workers=self.processes_num)
        self.run()
        if self._interrupted:
            raise KeyboardInterrupt
        if any(worker.exitcode == STARTUP_FAILURE for worker in self.processes):
            raise typer.Exit(REFUSED)

    def handle_int(self) -> None:
        self._interrupted = True
        super().handle_int()

    def terminate_all(self) -> None:
        super().terminate_all()
        # The workers have their own; kept open here, it would take calls that nobody answers.
        for listener in self.sockets:
            listener.close()


def _url_of(listener: socket.socket) -> str:
    host, port = listener.getsockname()[:2]
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"
