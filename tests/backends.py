"""The three storages behind one unit of work: what a contract suite runs on."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from uuid import uuid4

from sqlalchemy import text
from sqlalchemy.engine import make_url

from adapters.memory.records import MemoryDatabase
from adapters.memory.unit_of_work import MemoryUnitOfWorkFactory
from adapters.sql.engine import Database, PoolSettings
from adapters.sql.storage import SqlStorage
from adapters.sql.unit_of_work import SqlUnitOfWorkFactory
from application.ports.unit_of_work import UnitOfWorkFactory


@asynccontextmanager
async def memory_backend() -> AsyncIterator[UnitOfWorkFactory]:
    yield MemoryUnitOfWorkFactory(MemoryDatabase())


@asynccontextmanager
async def sql_backend(url: str) -> AsyncIterator[UnitOfWorkFactory]:
    """An empty database of that URL, brought to the current schema."""
    database = Database(url, PoolSettings())
    try:
        await SqlStorage(database).migrate()
        yield SqlUnitOfWorkFactory(database)
    finally:
        await database.close()


def sqlite_url(folder: Path) -> str:
    return f"sqlite+aiosqlite:///{folder}/{uuid4().hex}.db"


@asynccontextmanager
async def postgresql_database(server_url: str) -> AsyncIterator[str]:
    """The URL of a database of its own on that server, gone afterwards."""
    name = f"test_{uuid4().hex}"
    server = Database(server_url, PoolSettings())
    try:
        async with server.reading() as connection:
            await connection.execute(text(f"CREATE DATABASE {name}"))
        yield make_url(server_url).set(database=name).render_as_string(hide_password=False)
        async with server.reading() as connection:
            await connection.execute(text(f"DROP DATABASE {name} WITH (FORCE)"))
    finally:
        await server.close()
