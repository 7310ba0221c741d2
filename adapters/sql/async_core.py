"""SQLAlchemy's engine and connection for coroutines: the part of its asyncio package that is used.

That package loads the ORM along, an eighth of all that a server would hold in memory. The names
are the same, and so is the way: synchronous objects, in a greenlet that waits for the driver.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any, TypeVar

from sqlalchemy import URL, Connection, CursorResult, Dialect, Engine, Executable, create_engine
from sqlalchemy.pool import PoolProxiedConnection

from adapters.sql.greenlets import greenlet_spawn

Result = TypeVar("Result")
Parameters = Mapping[str, Any] | Sequence[Mapping[str, Any]]


class AsyncConnection:
    """For one task at a time. Rows of a result have been fetched when it is there.

    On SQLite a caller who is cancelled waits for the end of what runs: broken off there, it could
    leave the file locked behind it, and it is never long.
    """

    def __init__(self, connection: Connection) -> None:
        self.sync_connection = connection
        self._is_sqlite = connection.dialect.name == "sqlite"

    async def _run(self, work: Callable[..., Result], *arguments: Any) -> Result:
        running = greenlet_spawn(work, *arguments)
        return await (to_its_end(running) if self._is_sqlite else running)

    @property
    def dialect(self) -> Dialect:
        return self.sync_connection.dialect

    async def begin(self) -> None:
        await self._run(self.sync_connection.begin)

    async def commit(self) -> None:
        await self._run(self.sync_connection.commit)

    async def rollback(self) -> None:
        await self._run(self.sync_connection.rollback)

    async def execute(
        self, statement: Executable, parameters: Parameters | None = None
    ) -> CursorResult[Any]:
        return await self._run(self.sync_connection.execute, statement, parameters)

    async def scalar(self, statement: Executable, parameters: Parameters | None = None) -> Any:
        """The first column of the first row; None without a row."""
        return (await self.execute(statement, parameters)).scalar()

    async def exec_driver_sql(self, text: str, parameters: Any = None) -> CursorResult[Any]:
        return await self._run(self.sync_connection.exec_driver_sql, text, parameters)

    async def run_sync(self, work: Callable[[Connection], Result]) -> Result:
        return await self._run(work, self.sync_connection)

    async def get_raw_connection(self) -> PoolProxiedConnection:
        """What the pool has lent, with the driver's connection in it."""
        return await self._run(lambda: self.sync_connection.connection)

    async def close(self) -> None:
        """Rolls back what is open, and gives the connection back."""
        await greenlet_spawn(self.sync_connection.close)


class AsyncEngine:
    def __init__(self, engine: Engine) -> None:
        self.sync_engine = engine

    @property
    def dialect(self) -> Dialect:
        return self.sync_engine.dialect

    def execution_options(self, **options: Any) -> "AsyncEngine":
        """The same pool, with these for every connection."""
        return AsyncEngine(self.sync_engine.execution_options(**options))

    @asynccontextmanager
    async def connect(self) -> AsyncIterator[AsyncConnection]:
        """Whatever happens inside, the pool has the connection back afterwards."""
        connection = AsyncConnection(await greenlet_spawn(self.sync_engine.connect))
        try:
            yield connection
        finally:
            await to_its_end(connection.close())

    async def dispose(self) -> None:
        await greenlet_spawn(self.sync_engine.dispose)


def create_async_engine(url: URL, **options: Any) -> AsyncEngine:
    """The URL names a driver for asyncio."""
    return AsyncEngine(create_engine(url, **options))


async def to_its_end(work: Coroutine[Any, Any, Result]) -> Result:
    """Does it all, however often the caller is cancelled meanwhile; tells of that afterwards."""
    task = asyncio.ensure_future(work)
    cancelled: asyncio.CancelledError | None = None
    while not task.done():
        try:
            await asyncio.wait([task])
        except asyncio.CancelledError as error:
            cancelled = error
    try:
        return task.result()
    finally:
        if cancelled is not None:
            raise cancelled
