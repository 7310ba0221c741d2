"""Any number of migrators may start at once: one does it, the others wait, all succeed."""

import asyncio
import subprocess
import sys
from collections import Counter

import pytest
from sqlalchemy import Connection, text

from adapters.sql import storage as storage_module
from adapters.sql.storage import _MIGRATION_LOCK, SqlStorage
from application.ports.storage import SchemaState
from tests.storage import open_database

MIGRATOR = "import sys; from tests.storage import migrate; migrate(sys.argv[1])"


async def state(url: str) -> SchemaState:
    async with open_database(url) as database:
        return await SqlStorage(database).schema_state()


@pytest.mark.parametrize("migrators", [2, 8])
async def test_of_many_migrators_in_one_process_one_does_it(
    empty_database_url: str, migrators: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    done: Counter[str] = Counter()
    upgrade = storage_module._upgrade

    def counted(connection: Connection) -> None:
        done["upgrades"] += 1
        upgrade(connection)

    monkeypatch.setattr(storage_module, "_upgrade", counted)

    async def migrate() -> None:
        async with open_database(empty_database_url) as database:
            await SqlStorage(database).migrate()

    await asyncio.gather(*(migrate() for _ in range(migrators)))
    assert done["upgrades"] == 1
    assert await state(empty_database_url) is SchemaState.CURRENT


@pytest.mark.slow
async def test_migrators_in_processes_of_their_own_all_succeed(empty_database_url: str) -> None:
    processes = [
        await asyncio.create_subprocess_exec(
            *(sys.executable, "-c", MIGRATOR, empty_database_url),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )
        for _ in range(2)
    ]
    said = [(await process.communicate())[0].decode() for process in processes]
    assert [process.returncode for process in processes] == [0, 0], said
    assert await state(empty_database_url) is SchemaState.CURRENT


@pytest.mark.slow
async def test_a_migrator_waits_for_as_long_as_the_other_one_needs(
    empty_database_url: str,
) -> None:
    async with (
        open_database(empty_database_url) as other,
        open_database(empty_database_url, statement_timeout_seconds=0.5) as impatient,
    ):
        async with other.writing() as connection:
            if not other.is_sqlite:
                lock = text("SELECT pg_advisory_xact_lock(:key)")
                await connection.execute(lock, {"key": _MIGRATION_LOCK})
            waiting = asyncio.create_task(SqlStorage(impatient).migrate())
            await asyncio.sleep(2)
            assert not waiting.done()
        await waiting
    assert await state(empty_database_url) is SchemaState.CURRENT


@pytest.mark.slow
async def test_a_step_may_take_longer_than_a_request_may(
    empty_database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    upgrade = storage_module._upgrade

    def slowly(connection: Connection) -> None:
        if connection.dialect.name == "postgresql":
            connection.execute(text("SELECT pg_sleep(2)"))
        upgrade(connection)

    monkeypatch.setattr(storage_module, "_upgrade", slowly)
    async with open_database(empty_database_url, statement_timeout_seconds=0.5) as database:
        await SqlStorage(database).migrate()
    assert await state(empty_database_url) is SchemaState.CURRENT
