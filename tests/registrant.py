"""A program that registers an account over HTTP with a key, and dies at one of its commits.

Arguments: `before` or `after`, and which commit (1: the claim, 2: the account).
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

USERS = "/api/v1/users"
HEADERS = {"Idempotency-Key": "one-key-for-one-account"}
BODY = {"email": "ada@example.com", "name": "Ada", "password": "a long sentence is best"}


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
    container = container_for(load_settings())
    container.hasher.override(FastPasswordHasher())
    container.uow.override(DyingUnits(container.uow(), sys.argv[1], int(sys.argv[2])))
    transport = httpx.ASGITransport(create_app(container))
    async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as client:
        await client.post(USERS, json=BODY, headers=HEADERS)


if __name__ == "__main__":
    asyncio.run(main())
