"""Stalling what the service depends on, under load, with a ledger of what was acknowledged."""

import asyncio
import os
import shutil
import signal
import subprocess
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from typing import Self

import httpx

from tests.servers import (
    _UNPRIVILEGED_USER,
    _folder,
    _identity,
    _is_up,
    _keep,
    _postgresql_binaries,
    free_port,
)

Act = Callable[[httpx.Client, int], tuple[str, httpx.Response]]
"""Something that a client does for the so-manieth time: what it was, and the answer."""

PASSWORD = "a long sentence is best"


def report(fault: str, figure: str) -> None:
    """One line a fault, for whoever runs them by hand (`pytest -s`)."""
    print(f"\nfault {fault}: {figure}")  # noqa: T201 - the figures are what they are run for


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


@dataclass(frozen=True)
class Answer:
    """What a client got: a status, 0 for none; when it asked and how long that took."""

    kind: str
    at: float
    seconds: float
    status: int
    retry_after: str | None = None


@dataclass
class Load:
    """Clients that go on whatever they are told, each in a thread of its own."""

    url: str
    answers: list[Answer] = field(default_factory=list)
    created: list[str] = field(default_factory=list)
    """Addresses of the accounts that were acknowledged."""

    @contextmanager
    def running(self, *acts: Act) -> Iterator[None]:
        over = threading.Event()
        threads = [threading.Thread(target=self._go_on, args=(act, over)) for act in acts]
        for thread in threads:
            thread.start()
        try:
            yield
        finally:
            over.set()
            for thread in threads:
                thread.join()

    def _go_on(self, act: Act, over: threading.Event) -> None:
        number = 0
        with httpx.Client(base_url=self.url, timeout=30, trust_env=False) as client:
            while not over.wait(0.02):
                number += 1
                self.ask(client, act, number)

    def ask(
        self,
        client: httpx.Client,
        act: Act,
        number: int,
    ) -> None:
        started = time.monotonic()
        try:
            kind, response = act(client, number)
            status, wait = response.status_code, response.headers.get("retry-after")
        except httpx.TransportError:
            kind, status, wait = "none", 0, None
        self.answers.append(Answer(kind, started, time.monotonic() - started, status, wait))

    def of(self, kind: str) -> list[Answer]:
        return [answer for answer in self.answers if answer.kind == kind]

    def statuses(self, kind: str) -> Counter[int]:
        return Counter(answer.status for answer in self.of(kind))

    def reads(self, token: str) -> Act:
        def read(client: httpx.Client, _: int) -> tuple[str, httpx.Response]:
            headers = {"Authorization": f"Bearer {token}"}
            return "read", client.get("/api/v1/users/me", headers=headers)

        return read

    def writes(self, name: str) -> Act:
        def write(client: httpx.Client, number: int) -> tuple[str, httpx.Response]:
            email = f"{name}-{number}@example.com"
            body = {"email": email, "name": "Ada", "password": PASSWORD}
            response = client.post("/api/v1/users", json=body)
            if response.status_code == 201:
                self.created.append(email)
            return "write", response

        return write

    @staticmethod
    def probes(path: str) -> Act:
        return lambda client, _: (path.rpartition("/")[2], client.get(path))


def signed_in(url: str, email: str = "first@example.com") -> str:
    """An access token of a fresh account."""
    with httpx.Client(base_url=url, timeout=30, trust_env=False) as client:
        body = {"email": email, "name": "Ada", "password": PASSWORD}
        assert client.post("/api/v1/users", json=body).status_code == 201
        login = client.post("/api/v1/auth/login", json={"email": email, "password": PASSWORD})
        return str(login.json()["access_token"])


def assert_all_are_there(url: str, emails: list[str]) -> None:
    """Every account that was acknowledged can be signed in to."""
    with httpx.Client(base_url=url, timeout=30, trust_env=False) as client:
        for email in emails:
            body = {"email": email, "password": PASSWORD}
            assert client.post("/api/v1/auth/login", json=body).status_code == 200, email
