"""Connections: bounded waits for one, bounded statements on one, and none that is dead."""

import asyncio
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from types import SimpleNamespace
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

from adapters.sql import engine as engine_module
from adapters.sql.engine import Database
from adapters.sql.statements import StatementRunner
from application.ports.sessions import LiveAt, Rotation
from application.ports.storage import PoolState
from domain.errors import Unavailable
from domain.users import UserFilter
from tests.domain.samples import NOW, a_user, new_id
from tests.storage import Backend, open_database, sql_backend

pytestmark = pytest.mark.usefixtures("no_connection_left_behind")

POOL_TIMEOUT_SECONDS = 0.2


@contextmanager
def within(seconds: float) -> Iterator[None]:
    started = time.monotonic()
    yield
    assert time.monotonic() - started < seconds


@pytest.fixture
async def one_connection(database_url: str) -> AsyncIterator[Database]:
    pool = {"size": 1, "max_overflow": 0, "timeout_seconds": POOL_TIMEOUT_SECONDS}
    async with open_database(database_url, **pool) as database:
        yield database


async def read(backend: Backend) -> None:
    async with backend.uow.reading() as uow:
        await uow.users.page(UserFilter(), None, 1)


async def write(backend: Backend) -> None:
    async with backend.uow() as uow:
        await uow.users.add(a_user())
        await uow.commit()


async def look_up(backend: Backend) -> None:
    await backend.sessions.find_live(new_id(), new_id(), NOW)


async def look_up_key(backend: Backend) -> None:
    await backend.api_keys.find_live(new_id().hex[-16:], NOW)


async def rotate(backend: Backend) -> None:
    live = LiveAt(at=NOW, idle_since=NOW)
    rotation = Rotation(session_id=new_id(), generation=0, live=live, ip=None, user_agent=None)
    assert not await backend.refresher.rotate(rotation)


async def check_writable(backend: Backend) -> None:
    await backend.storage.check_writable()


async def schema_state(backend: Backend) -> None:
    await backend.storage.schema_state()


USES = [read, write, look_up, look_up_key, rotate, check_writable, schema_state]


@pytest.mark.parametrize("use", USES, ids=lambda use: use.__name__)
async def test_waiting_for_a_connection_ends_in_time(one_connection: Database, use: Any) -> None:
    backend = sql_backend(one_connection)
    async with backend.uow.reading() as uow:
        await uow.users.get(new_id())
        with within(POOL_TIMEOUT_SECONDS + 0.5), pytest.raises(Unavailable):
            await use(backend)
    await use(backend)


async def test_the_pool_tells_how_it_is_doing(database_url: str) -> None:
    async with open_database(database_url, size=1, max_overflow=1, timeout_seconds=0.1) as database:
        async with database.reading(), database.reading():
            assert database.pool_state() == PoolState(in_use=2, idle=0, overflow=1, waits=0)
            for waits in (1, 2):
                with pytest.raises(PoolTimeoutError):
                    async with database.reading():
                        raise AssertionError("there was none to be had")
                assert database.pool_state().waits == waits
        assert database.pool_state() == PoolState(in_use=0, idle=1, overflow=0, waits=2)
        async with database.reading():
            assert database.pool_state() == PoolState(in_use=1, idle=0, overflow=0, waits=2)


async def test_a_connection_is_waited_for_while_there_is_time(one_connection: Database) -> None:
    backend = sql_backend(one_connection)
    await asyncio.gather(*(read(backend) for _ in range(20)), *(write(backend) for _ in range(5)))
    assert await all_users(backend) == 5


async def all_users(backend: Backend) -> int:
    async with backend.uow.reading() as uow:
        return len(await uow.users.page(UserFilter(), None, 100))


class Pings:
    """Counts the questions whether a connection is alive, in a time of the test's own."""

    def __init__(self, database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
        self.count = 0
        self.now = 1_000.0
        dialect = database.engine.dialect
        ping = dialect.do_ping

        def counted(connection: Any) -> bool:
            self.count += 1
            return ping(connection)

        monkeypatch.setattr(dialect, "do_ping", counted)
        clock = SimpleNamespace(monotonic=lambda: self.now)
        monkeypatch.setattr(engine_module, "time", clock)


async def test_connections_are_asked_whether_they_live_after_half_a_minute_of_rest(
    one_connection: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    pings = Pings(one_connection, monkeypatch)
    backend = sql_backend(one_connection)
    for pause, expected in ((0, 0), (0.1, 0), (29.9, 0), (30, 1), (1, 1), (3_600, 2)):
        pings.now += pause
        await read(backend)
        assert pings.count == expected


async def kill_every_connection(database: Database) -> None:
    """Ends them from the other side, or as near to it as a file comes."""
    if database.is_sqlite:
        async with database.engine.connect() as connection:
            driver = (await connection.get_raw_connection()).driver_connection
        assert driver is not None
        await driver.close()
        return
    url = database.url.render_as_string(hide_password=False)
    statement = (
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
        " WHERE datname = current_database() AND pid <> pg_backend_pid()"
    )
    async with open_database(url) as other, other.reading() as connection:
        await connection.execute(text(statement))


@pytest.mark.parametrize("use", USES, ids=lambda use: use.__name__)
async def test_a_connection_that_died_at_rest_is_replaced_unnoticed(
    one_connection: Database, use: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(engine_module, "_IDLE_BEFORE_CHECK_SECONDS", 0)
    backend = sql_backend(one_connection)
    await read(backend)
    await kill_every_connection(one_connection)
    await use(backend)


@pytest.mark.slow
@pytest.mark.parametrize("use", USES, ids=lambda use: use.__name__)
async def test_one_that_died_just_now_costs_a_write_one_answer_and_a_read_none(
    postgresql_database_url: str, use: Any
) -> None:
    async with open_database(postgresql_database_url) as database:
        backend = sql_backend(database)
        await asyncio.gather(*(read(backend) for _ in range(5)))
        await kill_every_connection(database)
        if use is write:
            with within(1), pytest.raises(Unavailable):
                await use(backend)
        for _ in range(5):
            await use(backend)


async def test_a_writer_waits_for_others_no_longer_than_it_may(sqlite_url: str) -> None:
    async with open_database(sqlite_url, busy_timeout_seconds=0.2) as database:
        backend = sql_backend(database)
        async with backend.uow() as holder:
            await holder.users.add(a_user())
            with within(1), pytest.raises(Unavailable):
                await write(backend)
            await holder.commit()
        await write(backend)
        assert await all_users(backend) == 2


@pytest.mark.slow
async def test_a_connection_that_dies_in_a_unit_of_work_takes_it_back(
    postgresql_database_url: str,
) -> None:
    async with open_database(postgresql_database_url) as database:
        backend = sql_backend(database)

        async def die_between_two_statements() -> None:
            async with backend.uow() as uow:
                await uow.users.add(a_user())
                await kill_every_connection(database)
                await uow.users.add(a_user())

        async def die_before_the_commit() -> None:
            async with backend.uow() as uow:
                await uow.users.add(a_user())
                await kill_every_connection(database)
                await uow.commit()

        for die in (die_between_two_statements, die_before_the_commit):
            with pytest.raises(Unavailable):
                await die()
        assert await all_users(backend) == 0


@pytest.mark.slow
async def test_a_statement_that_takes_too_long_is_cut(postgresql_database_url: str) -> None:
    async with open_database(postgresql_database_url, statement_timeout_seconds=0.3) as database:
        async with database.writing() as connection:
            run = StatementRunner(connection).run
            with within(1), pytest.raises(Unavailable):
                await run(text("SELECT pg_sleep(5)"))
        async with database.reading() as connection:
            result = await StatementRunner(connection).run(text("SELECT 1"))
            assert result.scalar_one() == 1


@pytest.mark.slow
async def test_waiting_for_a_lock_is_cut_too(postgresql_database_url: str) -> None:
    user = a_user()
    async with open_database(postgresql_database_url, statement_timeout_seconds=0.3) as database:
        backend = sql_backend(database)
        async with backend.uow() as uow:
            await uow.users.add(user)
            await uow.commit()
        async with backend.uow() as holder:
            await holder.users.lock(user.id)
            async with backend.uow() as waiting:
                with within(1), pytest.raises(Unavailable):
                    await waiting.users.lock(user.id)
        async with backend.uow() as uow:
            assert await uow.users.lock(user.id) == user


@pytest.mark.slow
async def test_behind_pgbouncer_a_session_is_left_as_it_was_lent(
    postgresql_database_url: str,
) -> None:
    async def ask(connection: Any, question: str) -> Any:
        return (await connection.execute(text(question))).scalar_one()

    limit = "SELECT current_setting('statement_timeout')"
    prepared = "SELECT count(*) FROM pg_prepared_statements"
    pool = {"size": 1, "max_overflow": 0, "statement_timeout_seconds": 3}
    async with open_database(postgresql_database_url, pgbouncer=True, **pool) as database:
        async with database.writing() as connection:
            assert await ask(connection, limit) == "3s"
            await connection.commit()
        await read(sql_backend(database))
        await write(sql_backend(database))
        async with database.reading() as connection:
            assert await ask(connection, limit) == "0"
            assert await ask(connection, prepared) == 0
            # PgBouncer refuses what it cannot pass on when a connection is opened.
            driver = (await connection.connection.get_raw_connection()).driver_connection
            assert driver is not None
            assert "jit" not in (driver._params.server_settings or {})
    async with (
        open_database(postgresql_database_url, **pool) as database,
        database.reading() as connection,
    ):
        assert await ask(connection, limit) == "3s"
