"""Clients that keep on asking, and a ledger of what was acknowledged to them."""

import asyncio
import itertools
import time
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import httpx

from tests.faults.service import ADMIN, Service


@dataclass
class Ledger:
    """What clients saw. A request has failed if it was sent and no answer came, or a wrong one."""

    statuses: Counter[int] = field(default_factory=Counter)
    acknowledged: list[str] = field(default_factory=list)
    """Names that the service said it had stored, in order."""
    lost: list[str] = field(default_factory=list)
    """What became of requests that went unanswered."""
    refused: int = 0
    """Connections that were never made: nothing was asked on them."""
    seconds: list[float] = field(default_factory=list)


class Load:
    """Writes in a closed loop: each client sends the next request once it has the last answer."""

    def __init__(self, service: Service, token: str) -> None:
        self._service = service
        self._headers = {"Authorization": f"Bearer {token}"}
        self._numbers = itertools.count()
        self.ledger = Ledger()
        self.is_over = False

    def has_acknowledged(self, count: int) -> bool:
        return len(self.ledger.acknowledged) >= count

    async def client(self) -> None:
        limits = httpx.Limits(max_connections=1)
        async with httpx.AsyncClient(
            base_url=self._service.url, headers=self._headers, limits=limits, timeout=30
        ) as client:
            while not self.is_over:
                await self._write(client)

    async def _write(self, client: httpx.AsyncClient) -> None:
        name = f"name {next(self._numbers)}"
        started = time.monotonic()
        try:
            answer = await client.patch("/api/v1/users/me", json={"name": name})
        except httpx.ConnectError:
            self.ledger.refused += 1
            await asyncio.sleep(0.05)
            return
        except httpx.TransportError as error:
            self.ledger.lost.append(type(error).__name__)
            return
        self.ledger.seconds.append(time.monotonic() - started)
        self.ledger.statuses[answer.status_code] += 1
        if answer.status_code == 200:
            self.ledger.acknowledged.append(answer.json()["name"])


async def signed_in(service: Service) -> str:
    async with httpx.AsyncClient(base_url=service.url, timeout=30) as client:
        answer = await client.post("/api/v1/auth/login", json=ADMIN)
        return str(answer.json()["access_token"])


@asynccontextmanager
async def load(service: Service, *, clients: int) -> AsyncIterator[Load]:
    """Goes on until the block ends, and then lets each client have its last answer."""
    running = Load(service, await signed_in(service))
    tasks = [asyncio.create_task(running.client()) for _ in range(clients)]
    try:
        yield running
    finally:
        running.is_over = True
        await asyncio.gather(*tasks)
