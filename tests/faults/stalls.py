"""Ways to stall and stop what the service depends on."""

import asyncio
import os
import shutil
import signal
import subprocess
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from typing import Self

from tests.servers import (
    _UNPRIVILEGED_USER,
    _folder,
    _identity,
    _is_up,
    _keep,
    _postgresql_binaries,
    free_port,
)


class FaultProxy:
    """Between the service and a server: it passes, holds back, delays or cuts what goes through."""

    def __init__(self, target_port: int) -> None:
        self.port = free_port()
        self.holding = False
        """Everything stays open and nothing moves: a network that swallows packets."""
        self.delay_seconds = 0.0
        """What the server answers comes so much later."""
        self._target_port = target_port
        self._writers: set[asyncio.StreamWriter] = set()
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        listening = asyncio.start_server(self._serve, "127.0.0.1", self.port)
        self._listener = asyncio.run_coroutine_threadsafe(listening, self._loop).result(10)
        return self

    def __exit__(self, *_: object) -> None:
        async def end() -> None:
            self._listener.close()
            tasks = asyncio.all_tasks() - {asyncio.current_task()}
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

        asyncio.run_coroutine_threadsafe(end(), self._loop).result(10)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)
        self._loop.close()

    def cut(self) -> None:
        """Resets every connection that is open."""

        async def abort() -> None:
            for writer in self._writers:
                writer.transport.abort()

        asyncio.run_coroutine_threadsafe(abort(), self._loop).result(10)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._writers.add(writer)
        try:
            await self._gate()
            there = await asyncio.open_connection("127.0.0.1", self._target_port)
            self._writers.add(there[1])
            with suppress(OSError):
                await asyncio.gather(
                    self._pump(reader, there[1]), self._pump(there[0], writer, answers=True)
                )
            self._writers.discard(there[1])
            there[1].transport.abort()
        except OSError:
            pass
        finally:
            self._writers.discard(writer)
            writer.transport.abort()

    async def _pump(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, *, answers: bool = False
    ) -> None:
        while data := await reader.read(65536):
            await self._gate()
            if answers and self.delay_seconds:
                await asyncio.sleep(self.delay_seconds)
            writer.write(data)
            await writer.drain()
        writer.transport.abort()

    async def _gate(self) -> None:
        # Set from another thread, which an event of this loop does not hear of.
        while self.holding:  # noqa: ASYNC110
            await asyncio.sleep(0.01)


class OwnPostgresql:
    """A server to be stopped and started again on the same data and port."""

    def __init__(self, stack: ExitStack) -> None:
        self.port = free_port()
        self._folder = _folder(stack)
        self._user = _UNPRIVILEGED_USER if os.geteuid() == 0 else None
        if self._user:
            shutil.chown(self._folder, self._user)
        self._binaries = _postgresql_binaries(self._folder, self._user)
        self._data = self._folder / "data"
        subprocess.run(
            [
                *(str(self._binaries / "initdb"), "--pgdata", str(self._data), "--no-sync"),
                *("--username=postgres", "--auth=trust", "--encoding=UTF8", "--locale=C"),
            ],
            check=True,
            capture_output=True,
            cwd="/",
            **_identity(self._user),
        )
        self._running = ExitStack()
        self._pid = 0
        stack.callback(self.stop)

    @property
    def url(self) -> str:
        return f"postgresql+asyncpg://postgres@127.0.0.1:{self.port}/postgres"

    def start(self) -> None:
        cwd = _folder(self._running)
        if self._user:
            shutil.chown(cwd, self._user)
        command = [
            *(str(self._binaries / "postgres"), "-D", str(self._data), "-h", "127.0.0.1"),
            *("-p", str(self.port), "-k", str(self._folder), "-c", "fsync=off"),
        ]
        self._pid = _keep(
            self._running, cwd, [command], self._user, ready=lambda _: _is_up(self._data)
        )

    def stop(self) -> None:
        """As an administrator in a hurry does: clients are cut off, data is kept."""
        if self._pid:
            with suppress(ProcessLookupError):
                os.kill(self._pid, signal.SIGINT)
        self._pid = 0
        self._running.close()


@contextmanager
def own_postgresql() -> Iterator[OwnPostgresql]:
    with ExitStack() as stack:
        server = OwnPostgresql(stack)
        server.start()
        yield server
