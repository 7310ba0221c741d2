"""The socket that is served on, and the server where one process is enough."""

import socket

import structlog
from uvicorn.config import STARTUP_FAILURE

from entrypoints.cli.endings import REFUSED, Refused
from entrypoints.http.serving.server import BACKLOG, GuardedServer

_log = structlog.get_logger("doorward")


def listen(host: str, port: int) -> socket.socket:
    """A socket that is taken for sure; who connects early waits. Raises Refused.

    Where a name stands for both, IPv4 is meant.
    """
    try:
        # In bytes: given text, Python loads what it takes to spell names of other alphabets.
        found = socket.getaddrinfo(host.strip("[]").encode(), port, type=socket.SOCK_STREAM)
        family, kind, protocol, _, address = min(found, key=lambda it: it[0] != socket.AF_INET)
        listener = socket.socket(family, kind, protocol)
    except OSError as error:
        raise _cannot_listen(host, port, error) from None
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(address)
        # Only now does the port belong to nobody else.
        listener.listen(BACKLOG)
    except OSError as error:
        listener.close()
        raise _cannot_listen(host, port, error) from None
    return listener


def _cannot_listen(host: str, port: int, error: OSError) -> Refused:
    return Refused(f"cannot listen on {host}, port {port}: {error.strerror}")


class SingleServer(GuardedServer):
    """Serves in this process, where whoever signals twice means it."""

    _is_alone = True

    async def run_on(self, listener: socket.socket) -> None:
        """Until a signal, which is handed on afterwards. Raises SystemExit if it cannot start."""
        try:
            await self.serve(sockets=[listener])
        except SystemExit as end:
            if end.code == STARTUP_FAILURE:
                raise SystemExit(REFUSED) from None
            raise

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        for listener in sockets or ():
            _log.info("serving", url=url_of(listener))


def url_of(listener: socket.socket) -> str:
    """Where a browser on this machine finds it."""
    host, port = listener.getsockname()[:2]
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"
