"""Many readers and writers on one SQLite file: nobody meets a lock, and nothing is lost."""

import asyncio
import time
from pathlib import Path

import pytest

from domain.users import UserFilter
from tests.domain.samples import NOW, a_session, a_user, new_id
from tests.storage import Backend, open_database, open_session, sql_backend

pytestmark = pytest.mark.usefixtures("no_connection_left_behind")

CROWD = 16


async def keep_writing(backend: Backend, until: float) -> set[str]:
    """The names of everybody whose account was committed."""
    written: set[str] = set()
    while time.monotonic() < until:
        user = a_user(name=new_id().hex)
        async with backend.uow() as uow:
            # Reads before it writes: on a deferred transaction this is what fails at once.
            assert await uow.users.find(user.email.key) is None
            await uow.users.add(user)
            await open_session(uow, a_session(user.id))
            await uow.commit()
        written.add(user.name)
    return written


async def keep_reading(backend: Backend, until: float) -> int:
    """How often it got an answer. What is read is whole: a session with its account."""
    answers = 0
    while time.monotonic() < until:
        async with backend.uow.reading() as uow:
            newest = await uow.users.page(UserFilter(), None, 5)
        for user in newest:
            assert user.roles == {"user"}
        await backend.sessions.find_live(new_id(), new_id(), NOW)
        answers += 1
    return answers


@pytest.mark.slow
async def test_sixteen_writers_and_sixteen_readers_get_along(sqlite_url: str) -> None:
    # Two databases on one file, as two processes have them: no gate but the file's own lock.
    async with open_database(sqlite_url) as one, open_database(sqlite_url) as other:
        backends = [sql_backend(one), sql_backend(other)]
        until = time.monotonic() + 3
        writing = [keep_writing(backends[n % 2], until) for n in range(CROWD)]
        reading = [keep_reading(backends[n % 2], until) for n in range(CROWD)]
        written, read = await asyncio.gather(asyncio.gather(*writing), asyncio.gather(*reading))
        async with backends[0].uow.reading() as uow:
            stored = {user.name for user in await uow.users.page(UserFilter(), None, 1_000_000)}
    assert all(written)
    assert all(read)
    assert stored == set[str]().union(*written)


async def test_a_write_that_waits_for_another_process_gets_its_turn(sqlite_url: str) -> None:
    async with open_database(sqlite_url) as one, open_database(sqlite_url) as other:
        waiting = a_user()
        async with sql_backend(one).uow() as holder:
            await holder.users.add(a_user())

            async def write() -> None:
                async with sql_backend(other).uow() as uow:
                    await uow.users.add(waiting)
                    await uow.commit()

            task = asyncio.create_task(write())
            await asyncio.sleep(0.2)
            assert not task.done()
            # Meanwhile readers are not kept waiting.
            async with sql_backend(other).uow.reading() as uow:
                assert await uow.users.page(UserFilter(), None, 10) == []
            await holder.commit()
        await task
        async with sql_backend(one).uow.reading() as uow:
            assert await uow.users.get(waiting.id) == waiting


@pytest.mark.parametrize(("connections", "files"), [(2, 150), (16, 10)])
async def test_a_new_file_may_be_opened_by_many_at_once(
    tmp_path: Path, connections: int, files: int
) -> None:
    async def first_look(url: str) -> str:
        async with open_database(url) as database, database.reading() as channel:
            return str((await channel.connection.exec_driver_sql("PRAGMA journal_mode")).scalar())

    for number in range(files):
        url = f"sqlite+aiosqlite:///{tmp_path / f'{number}.db'}"
        modes = await asyncio.gather(*(first_look(url) for _ in range(connections)))
        assert modes == ["wal"] * connections


async def test_what_is_committed_survives_the_process(sqlite_url: str, tmp_path: Path) -> None:
    user = a_user()
    async with open_database(sqlite_url) as database:
        async with sql_backend(database).uow() as uow:
            await uow.users.add(user)
            await uow.commit()
        async with database.reading() as channel:
            settings = {
                name: (await channel.connection.exec_driver_sql(f"PRAGMA {name}")).scalar_one()
                for name in ("journal_mode", "synchronous", "foreign_keys", "busy_timeout")
            }
    assert settings == {
        "journal_mode": "wal",
        "synchronous": 2,
        "foreign_keys": 1,
        "busy_timeout": 10_000,
    }
    async with open_database(sqlite_url) as again, sql_backend(again).uow.reading() as uow:
        assert await uow.users.get(user.id) == user
