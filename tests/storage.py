"""Storage as tests need it: fresh, migrated, and the same behind every backend."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import uuid4

from sqlalchemy import delete, insert, select, text
from sqlalchemy.engine import make_url
from sqlalchemy.ext.asyncio import AsyncConnection, create_async_engine
from sqlalchemy.pool import NullPool

from adapters.memory.api_keys import MemoryApiKeyLookup
from adapters.memory.records import MemoryDatabase
from adapters.memory.sessions import MemorySessionLookup, MemorySessionRefresher
from adapters.memory.sign_ins import MemorySignInLookup
from adapters.memory.storage import MemoryStorage
from adapters.memory.unit_of_work import MemoryUnitOfWorkFactory
from adapters.sql.api_keys import SqlApiKeyLookup
from adapters.sql.engine import Database, PoolSettings
from adapters.sql.sessions import SqlSessionLookup, SqlSessionRefresher
from adapters.sql.sign_ins import SqlSignInLookup
from adapters.sql.storage import SqlStorage
from adapters.sql.tables import metadata
from adapters.sql.unit_of_work import SqlUnitOfWorkFactory
from application.ports.api_keys import ApiKeyLookup
from application.ports.sessions import SessionLookup, SessionRefresher
from application.ports.sign_ins import SignInLookup
from application.ports.storage import Storage
from application.ports.unit_of_work import UnitOfWork, UnitOfWorkFactory
from domain.sessions import Session


@dataclass(frozen=True, kw_only=True)
class Backend:
    """One storage behind all of its ports."""

    uow: UnitOfWorkFactory
    sessions: SessionLookup
    refresher: SessionRefresher
    sign_ins: SignInLookup
    api_keys: ApiKeyLookup
    storage: Storage


def memory_backend() -> Backend:
    database = MemoryDatabase()
    return Backend(
        uow=MemoryUnitOfWorkFactory(database),
        sessions=MemorySessionLookup(database),
        refresher=MemorySessionRefresher(database),
        sign_ins=MemorySignInLookup(database),
        api_keys=MemoryApiKeyLookup(database),
        storage=MemoryStorage(),
    )


def sql_backend(database: Database) -> Backend:
    return Backend(
        uow=SqlUnitOfWorkFactory(database),
        sessions=SqlSessionLookup(database),
        refresher=SqlSessionRefresher(database),
        sign_ins=SqlSignInLookup(database),
        api_keys=SqlApiKeyLookup(database),
        storage=SqlStorage(database),
    )


async def open_session(uow: UnitOfWork, session: Session) -> None:
    """Whatever its account's password is: it gets one."""
    await uow.credentials.set_password(session.user_id, "a hash", session.created_at)
    await uow.sessions.open(session, "a hash")


@asynccontextmanager
async def open_database(url: str, **pool: float) -> AsyncIterator[Database]:
    """Pool settings by name, where they are to differ from the shipped ones."""
    database = Database(url, PoolSettings(**pool))  # type: ignore[arg-type]
    try:
        yield database
    finally:
        await database.close()


def migrate(url: str) -> None:
    """Brings the schema up to date. Not for use inside a running event loop."""

    async def bring_up() -> None:
        async with open_database(url) as database:
            await SqlStorage(database).migrate()

    asyncio.run(bring_up())


def sqlite_url_of(file: Path) -> str:
    return f"sqlite+aiosqlite:///{file}"


@contextmanager
def postgresql_database(server_url: str) -> Iterator[str]:
    """The URL of an empty database of one's own on that server, which ends with the block."""
    server = make_url(server_url)
    name = f"doorward_{uuid4().hex}"
    asyncio.run(_administer(server_url, f"CREATE DATABASE {name}"))
    try:
        yield server.set(database=name).render_as_string(hide_password=False)
    finally:
        asyncio.run(_administer(server_url, f"DROP DATABASE {name} WITH (FORCE)"))


class MigratedPostgresql:
    """A database with the current schema and the rows that ship with it.

    Taking it back to that state is some forty times faster than copying it from a template.
    """

    def __init__(self, url: str) -> None:
        self.url = url
        migrate(url)
        self._shipped = asyncio.run(self._read())

    def restore(self) -> None:
        """Ends every connection and puts every row back. What a test does to the schema stays."""
        asyncio.run(self._restore())

    async def _read(self) -> dict[str, list[dict[str, Any]]]:
        async with _connection(self.url) as connection:
            return {
                table.name: [dict(row._mapping) for row in await connection.execute(select(table))]
                for table in metadata.sorted_tables
            }

    async def _restore(self) -> None:
        async with _connection(self.url) as connection:
            await connection.execute(text(_END_OTHERS))
            for table in reversed(metadata.sorted_tables):
                await connection.execute(delete(table))
            for table in metadata.sorted_tables:
                if rows := self._shipped[table.name]:
                    await connection.execute(insert(table), rows)
            await connection.commit()


_END_OTHERS = """
    SELECT pg_terminate_backend(pid) FROM pg_stat_activity
    WHERE datname = current_database() AND pid <> pg_backend_pid()
"""


async def _administer(server_url: str, statement: str) -> None:
    async with _connection(server_url, isolation_level="AUTOCOMMIT") as connection:
        await connection.execute(text(statement))


@asynccontextmanager
async def _connection(url: str, **options: str) -> AsyncIterator[AsyncConnection]:
    engine = create_async_engine(url, poolclass=NullPool, **options)
    async with engine.connect() as connection:
        yield connection
    await engine.dispose()
