"""A program that sends one request over HTTP with a key, and dies at one of its commits.

Arguments: `before` or `after`, which commit (1: the claim, 2: the act), the path, and an access
token where the path wants one.
"""

import asyncio
import os
import signal
import sys

import httpx

from adapters.memory.passwords import FastPasswordHasher
from application.ports.unit_of_work import UnitOfWork, UnitOfWorkFactory
from config.container import container_for
from config.settings import load_settings
from entrypoints.http.app import create_app

USERS, ITEMS = "/api/v1/users", "/api/v1/items"
HEADERS = {"Idempotency-Key": "one-key-for-one-act"}
BODY = {"email": "ada@example.com", "name": "Ada", "password": "a long sentence is best"}
BODIES: dict[str, dict[str, object]] = {
    USERS: {**BODY},
    ITEMS: {"title": "Shopping list", "data": {"tea": 2}},
}


class DyingUnits(UnitOfWorkFactory):
    """As the other one's, but for the commit that is the last thing to happen."""

    def __init__(self, other: UnitOfWorkFactory, moment: str, number: int) -> None:
        self._other = other
        self._moment = moment
        self._left = number

    def __call__(self) -> UnitOfWork:
        unit = self._other()
        commit = unit.commit

        async def commit_and_die() -> None:
            self._left -= 1
            if self._left == 0 and self._moment == "before":
                os.kill(os.getpid(), signal.SIGKILL)
            await commit()
            if self._left == 0:
                os.kill(os.getpid(), signal.SIGKILL)

        unit.commit = commit_and_die  # type: ignore[method-assign]
        return unit

    def reading(self, *, may_lag: bool = False) -> UnitOfWork:
        return self._other.reading(may_lag=may_lag)


async def main() -> None:
    moment, commit, path, *tokens = sys.argv[1:]
    container = container_for(load_settings())
    container.hasher.override(FastPasswordHasher())
    await container.key_ring_keeper().refresh()
    container.uow.override(DyingUnits(container.uow(), moment, int(commit)))
    headers = HEADERS | ({"Authorization": f"Bearer {tokens[0]}"} if tokens else {})
    transport = httpx.ASGITransport(create_app(container))
    async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as client:
        await client.post(path, json=BODIES[path], headers=headers)


if __name__ == "__main__":
    asyncio.run(main())
