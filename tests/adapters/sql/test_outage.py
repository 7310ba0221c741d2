"""A database that is away: every port says so in its own word, soon, and nothing else."""

import asyncio
import os
import signal
import socket
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psutil
import pytest
from sqlalchemy import event

from adapters.sql.engine import Database
from domain.errors import Unavailable
from domain.users import UserFilter
from tests.domain.samples import NOW, a_user, an_event, new_id
from tests.servers import _Server, _start_postgresql, _started
from tests.storage import Backend, migrate, open_database, sql_backend, sqlite_url_of

pytestmark = pytest.mark.usefixtures("no_connection_left_behind")

Use = Callable[[Backend], Awaitable[None]]
SOON_SECONDS = 3.0


@contextmanager
def soon() -> Iterator[None]:
    started = time.monotonic()
    yield
    assert time.monotonic() - started < SOON_SECONDS


async def read(backend: Backend) -> None:
    async with backend.uow.reading() as uow:
        await uow.users.page(UserFilter(), None, 1)


async def write(backend: Backend) -> None:
    async with backend.uow() as uow:
        await uow.events.add(an_event())
        await uow.commit()


async def look_up(backend: Backend) -> None:
    await backend.sessions.find_live(new_id(), new_id(), NOW)


async def look_up_key(backend: Backend) -> None:
    await backend.api_keys.find_live(new_id().hex[-16:], NOW)


async def check_writable(backend: Backend) -> None:
    await backend.storage.check_writable()


async def schema_state(backend: Backend) -> None:
    await backend.storage.schema_state()


async def migrate_again(backend: Backend) -> None:
    await backend.storage.migrate()


WRITES: list[Use] = [write, check_writable]
USES: list[Use] = [read, look_up, look_up_key, schema_state, migrate_again, *WRITES]


async def refuses(use: Use, backend: Backend) -> bool:
    """Whether it says Unavailable; any other exception passes through."""
    with soon():
        try:
            await use(backend)
        except Unavailable:
            return True
    return False


async def answers(backend: Backend, uses: list[Use]) -> dict[str, bool]:
    return {use.__name__: await refuses(use, backend) for use in uses}


EVERY_USE_REFUSES = {use.__name__: True for use in USES}


@pytest.fixture
def own_postgresql() -> Iterator[_Server]:
    """A server to do violence to."""
    with _started(_start_postgresql) as server:
        yield server


@pytest.fixture
async def victim(own_postgresql: _Server) -> AsyncIterator[Database]:
    """A database on it, in use."""
    url = f"postgresql+asyncpg://postgres@127.0.0.1:{own_postgresql.port}/postgres"
    await asyncio.to_thread(migrate, url)
    async with open_database(url, statement_timeout_seconds=0.2) as database:
        assert not any((await answers(sql_backend(database), USES)).values())
        yield database


@pytest.mark.slow
@pytest.mark.parametrize("sign", [signal.SIGKILL, signal.SIGINT], ids=["killed", "stopped"])
async def test_a_server_that_ends_is_unavailable(
    victim: Database, own_postgresql: _Server, sign: signal.Signals
) -> None:
    backend = sql_backend(victim)
    async with backend.uow() as uow:
        await uow.users.add(a_user())
        os.kill(own_postgresql.pid, sign)
        await until_closed(own_postgresql.port)
        with soon(), pytest.raises(Unavailable):
            await uow.commit()
    for _ in range(2):
        assert await answers(backend, USES) == EVERY_USE_REFUSES


async def until_closed(port: int) -> None:
    for _ in range(500):
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)):
                return
        await asyncio.sleep(0.01)
    raise AssertionError("the server goes on")


@pytest.mark.slow
async def test_a_server_that_freezes_is_unavailable_until_it_thaws(
    victim: Database, own_postgresql: _Server
) -> None:
    backend = sql_backend(victim)
    server = psutil.Process(own_postgresql.pid)
    processes = [server, *server.children(recursive=True)]
    for process in processes:
        process.suspend()
    try:
        assert await refuses(read, backend)
        assert await refuses(write, backend)
    finally:
        for process in processes:
            process.resume()
    await read(backend)
    await write(backend)


@pytest.mark.slow
@pytest.mark.parametrize(
    "change", [{"database": "no_such_database"}, {"port": 1}, {"host": "no-such-host.invalid"}]
)
async def test_a_server_that_was_never_there_is_unavailable(
    postgresql_url: str, change: dict[str, Any]
) -> None:
    async with open_database(postgresql_url) as known:
        url = known.url.set(**change).render_as_string(hide_password=False)
    async with open_database(url) as database:
        assert await answers(sql_backend(database), USES) == EVERY_USE_REFUSES


async def test_a_database_without_a_schema_is_unavailable(empty_database_url: str) -> None:
    async with open_database(empty_database_url) as database:
        found = await answers(sql_backend(database), [read, look_up, look_up_key, *WRITES])
    assert found == dict.fromkeys(found, True)


async def test_a_file_that_may_not_be_written_is_unavailable_for_writing(sqlite_url: str) -> None:
    file = sqlite_url.removeprefix("sqlite+aiosqlite:///")
    async with open_database(f"sqlite+aiosqlite:///file:{file}?mode=ro&uri=true") as database:
        assert await answers(sql_backend(database), WRITES) == {
            "write": True,
            "check_writable": True,
        }


async def test_a_full_disk_is_unavailable_for_writing_and_readable(sqlite_url: str) -> None:
    async with open_database(sqlite_url) as database:

        def fill(connection: Any, _: object) -> None:
            cursor = connection.cursor()
            cursor.execute("PRAGMA max_page_count = 1")
            cursor.close()

        event.listen(database.engine.sync_engine, "connect", fill)
        backend = sql_backend(database)
        last = a_user(name="x" * 200)

        async def write_much(backend: Backend) -> None:
            async with backend.uow() as uow:
                for _ in range(500):
                    await uow.users.add(a_user(name=last.name))
                await uow.commit()

        assert await refuses(write_much, backend)
        async with backend.uow.reading() as uow:
            assert await uow.users.page(UserFilter(), None, 1) == []


@pytest.mark.parametrize(
    "content", [b"this is no database" * 100, b"SQLite format 3\0" + b"x" * 4096]
)
async def test_a_file_that_is_no_database_is_unavailable(tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "broken.db"
    file.write_bytes(content)
    async with open_database(sqlite_url_of(file)) as database:
        assert await answers(sql_backend(database), USES) == EVERY_USE_REFUSES


async def test_a_folder_that_is_not_there_is_unavailable(tmp_path: Path) -> None:
    async with open_database(sqlite_url_of(tmp_path / "nowhere" / "doorward.db")) as database:
        assert await answers(sql_backend(database), USES) == EVERY_USE_REFUSES
