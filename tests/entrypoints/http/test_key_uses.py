"""The task that writes down when keys were used: soon, whatever happens, and to the end."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from structlog.testing import capture_logs

from application.api_keys.issuing import IssuedApiKey
from domain.errors import Unavailable
from entrypoints.http import key_uses
from entrypoints.http.key_uses import KeyUseWriter
from tests.application.api_keys.keys import call_with, make_key, stored_key
from tests.application.people import register
from tests.worlds import World, open_world


@pytest.fixture
async def service() -> AsyncIterator[World]:
    async with open_world("memory://") as opened:
        yield opened


@asynccontextmanager
async def running(world: World) -> AsyncIterator[None]:
    writer = KeyUseWriter(world.container)
    writer.start()
    try:
        yield
    finally:
        await writer.stop()


async def a_key(world: World) -> IssuedApiKey:
    return await make_key(world, await register(world, "ada@example.com"))


async def is_written(world: World, issued: IssuedApiKey) -> bool:
    key = await stored_key(world, issued.key)
    return key is not None and key.last_used_at is not None


async def is_soon_written(world: World, issued: IssuedApiKey) -> bool:
    for _ in range(200):
        if await is_written(world, issued):
            return True
        await asyncio.sleep(0.01)
    return False


async def test_a_use_is_written_soon(service: World) -> None:
    issued = await a_key(service)
    async with running(service):
        await call_with(service, issued.text)
        assert await is_soon_written(service, issued)


async def test_the_last_use_is_written_at_shutdown(service: World) -> None:
    issued = await a_key(service)
    async with running(service):
        await call_with(service, issued.text)
    assert await is_written(service, issued)


@pytest.mark.parametrize("error", [Unavailable(), ValueError("not of this world")])
async def test_nothing_ends_the_writing(
    service: World, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    issued = await a_key(service)

    async def fail() -> None:
        raise error

    with monkeypatch.context() as patch, capture_logs() as logs:
        async with running(service):
            patch.setattr(service.container.api_key_uses(), "write", fail)
            await call_with(service, issued.text)
            await asyncio.sleep(0.02)
            patch.undo()
            service.clock.advance(60)
            await call_with(service, issued.text)
            assert await is_soon_written(service, issued)
    assert {line["event"] for line in logs} == {"key_uses_not_written"}


async def test_a_database_that_hangs_holds_no_shutdown_up(
    service: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(key_uses, "_FINISHING_SECONDS", 0.05)
    issued = await a_key(service)
    # Whoever writes waits for that unit of work.
    async with service.container.uow()(), asyncio.timeout(2), running(service):
        await call_with(service, issued.text)
        await asyncio.sleep(0)
    assert not await is_written(service, issued)
