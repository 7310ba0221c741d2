"""Services that run beside each other, and acts that happen at once."""

import asyncio
from collections.abc import AsyncIterator, Awaitable
from contextlib import AsyncExitStack, asynccontextmanager

import pytest

from application.ports.unit_of_work import UnitOfWork
from domain.errors import DomainError
from domain.roles import ADMIN_ROLE
from domain.users import User, UserFilter, UserStatus
from tests.worlds import World, open_world

SOME = 20
MANY = 100

rounds = pytest.mark.parametrize(
    "rounds",
    [pytest.param(SOME, marks=pytest.mark.slow), pytest.param(MANY, marks=pytest.mark.proof)],
)
"""So many times in the whole suite, and so many more in the proofs."""


@asynccontextmanager
async def two_workers(url: str) -> AsyncIterator[list[World]]:
    """The same service twice on one database, each with connections and gates of its own."""
    async with AsyncExitStack() as stack:
        yield [await stack.enter_async_context(open_world(url)) for _ in range(2)]


async def at_once(*acts: Awaitable[object]) -> list[str]:
    """What became of each: `done`, or the name of its refusal. Other exceptions pass through."""
    results = await asyncio.gather(*acts, return_exceptions=True)
    return [_outcome(result) for result in results]


def _outcome(result: object) -> str:
    if isinstance(result, DomainError):
        return type(result).__name__
    if isinstance(result, BaseException):
        raise result
    return "done"


async def active_administrators(world: World) -> list[User]:
    where = UserFilter(status=UserStatus.ACTIVE, role=ADMIN_ROLE)
    uow: UnitOfWork
    async with world.container.uow().reading() as uow:
        return await uow.users.page(where, None, 100)


async def everybody(world: World) -> list[User]:
    uow: UnitOfWork
    async with world.container.uow().reading() as uow:
        return await uow.users.page(UserFilter(), None, 1_000)
