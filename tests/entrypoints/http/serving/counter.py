"""The guarded server over an application that does as it is told, in the test's own event loop."""

import asyncio
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import Any

from starlette.types import Receive, Scope, Send

from adapters.memory.telemetry import MemoryTelemetry
from config.container import container_for
from config.settings import load_settings
from entrypoints.http.serving.server import GuardedServer, server_config

HOST = "Host: localhost"
PATIENCE_SECONDS = 10.0


@dataclass
class Application:
    """Answers with the length of a body once it is there; `/wait` when `go` is set.

    `/early` is answered without its body.
    """

    go: asyncio.Event = field(default_factory=asyncio.Event)
    seen: list[str] = field(default_factory=list)
    answered: list[str] = field(default_factory=list)
    headers: list[tuple[bytes, bytes]] = field(default_factory=list)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self._live(receive, send)
            return
        self.seen.append(scope["path"])
        length = 0
        more = scope["path"] != "/early"
        while more:
            message = await receive()
            if message["type"] == "http.disconnect":
                return
            length += len(message["body"])
            more = message["more_body"]
        self.headers = list(scope["headers"])
        if scope["path"] == "/wait":
            await self.go.wait()
        content = b"%d" % length if scope["path"] != "/large" else b"x" * 20_000_000
        size = (b"content-length", b"%d" % len(content))
        await send({"type": "http.response.start", "status": 200, "headers": [size]})
        await send({"type": "http.response.body", "body": content})
        self.answered.append(scope["path"])

    async def _live(self, receive: Receive, send: Send) -> None:
        await receive()
        await send({"type": "lifespan.startup.complete"})
        await receive()
        await send({"type": "lifespan.shutdown.complete"})


@dataclass
class Counter:
    """A server that is up."""

    server: GuardedServer
    application: Application
    telemetry: MemoryTelemetry
    port: int
    running: "asyncio.Task[None]"

    async def connect(self) -> "Client":
        return Client(*await asyncio.open_connection("127.0.0.1", self.port))

    async def exchange(self, sent: bytes) -> bytes:
        """All that comes back until the server closes."""
        client = await self.connect()
        await client.send(sent)
        return await client.rest()


@dataclass
class Client:
    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter

    async def send(self, sent: bytes) -> None:
        self.writer.write(sent)
        with suppress(ConnectionError):
            await self.writer.drain()

    async def answer(self) -> bytes:
        """One response with its body."""
        async with asyncio.timeout(PATIENCE_SECONDS):
            head = await self.reader.readuntil(b"\r\n\r\n")
            [size] = [x for x in head.lower().split(b"\r\n") if x.startswith(b"content-length:")]
            return head + await self.reader.readexactly(int(size.split(b":")[1]))

    async def rest(self) -> bytes:
        """All that comes until the server closes; what it resets, it has closed as well."""
        received = b""
        async with asyncio.timeout(PATIENCE_SECONDS):
            with suppress(ConnectionError):
                while piece := await self.reader.read(65536):
                    received += piece
        self.writer.close()
        return received


def request(
    path: str = "/", *headers: str, method: str = "GET", version: str = "1.1", body: bytes = b""
) -> bytes:
    lines = [f"{method} {path} HTTP/{version}", HOST, *headers, "", ""]
    return "\r\n".join(lines).encode("latin-1") + body


async def until(condition: Callable[[], object]) -> None:
    async with asyncio.timeout(PATIENCE_SECONDS):
        while not condition():  # noqa: ASYNC110 - of any kind
            await asyncio.sleep(0.01)


def status_of(answer: bytes) -> int:
    return int(answer.split(b" ", 2)[1]) if answer else 0


@asynccontextmanager
async def counter(**settings: Any) -> AsyncIterator[Counter]:
    """Without drain unless the settings say otherwise."""
    chosen = load_settings(**({"database_url": "memory://", "drain_seconds": 0} | settings))
    health = container_for(chosen).check_health()
    application = Application()
    telemetry = MemoryTelemetry()
    server = GuardedServer(server_config(chosen, application, telemetry), chosen, health)
    listener = socket.create_server(("127.0.0.1", 0))
    port = listener.getsockname()[1]
    running = asyncio.create_task(server._serve([listener]))
    await until(lambda: server.started)
    try:
        yield Counter(server, application, telemetry, port, running)
    finally:
        application.go.set()
        server.should_exit = server.force_exit = True
        await running
