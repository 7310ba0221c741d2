"""Whoever is cancelled, at whatever moment, has given the connection back."""

import asyncio
from contextlib import suppress

import pytest
from sqlalchemy import text

from adapters.sql.engine import Database
from tests.storage import open_database

pytestmark = pytest.mark.usefixtures("no_connection_left_behind")

MOMENTS = 40
STEP_SECONDS = 0.0002


async def use(database: Database) -> None:
    async with database.engine.connect() as connection:
        await connection.begin()
        await connection.execute(text("SELECT 1"))
        await connection.commit()


async def test_a_caller_that_is_cancelled_gives_its_connection_back(database_url: str) -> None:
    ended_early = 0
    async with open_database(database_url, size=1, max_overflow=0) as database:
        for moment in range(MOMENTS):
            # So that there is one to take: opening one is the driver's own business.
            await use(database)
            task = asyncio.create_task(use(database))
            await asyncio.sleep(moment * STEP_SECONDS)
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task
            ended_early += task.cancelled()
            assert database.pool_state().in_use == 0
    assert ended_early


async def test_giving_back_is_waited_for_although_the_caller_is_cancelled(
    database_url: str,
) -> None:
    inside, leave = asyncio.Event(), asyncio.Event()

    async def hold(database: Database) -> None:
        async with database.engine.connect() as connection:
            await connection.begin()
            inside.set()
            await leave.wait()

    async with open_database(database_url, size=1, max_overflow=0) as database:
        task = asyncio.create_task(hold(database))
        await inside.wait()
        leave.set()
        # Two turns later it is on its way out, and rolls back.
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert database.pool_state().in_use == 0
