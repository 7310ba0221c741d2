"""The statements behind every authenticated request, with little between them and the driver."""

import asyncio
from collections import namedtuple
from collections.abc import Callable
from typing import Any

from sqlalchemy import Select
from sqlalchemy.util.concurrency import await_, greenlet_spawn

from adapters.sql.engine import Database
from domain.errors import Unavailable

_Processor = Callable[[Any], Any]

_ENDED = ("08", "57P")
"""Connection trouble and operator intervention (PostgreSQL manual, appendix A)."""


class HotStatement:
    """One SELECT of at most one row, each column under a name of its own, in autocommit.

    On PostgreSQL it is compiled once and goes to asyncpg on a connection of SQLAlchemy's pool:
    building the statement, its parameters and its result anew cost more than running it. SQLite,
    and PostgreSQL behind PgBouncer, take the ordinary way.
    """

    def __init__(self, database: Database, statement: Select[Any]) -> None:
        self._database = database
        # Between two messages of one statement PgBouncer may change the server under asyncpg.
        self._takes_the_ordinary_way = database.is_sqlite or database.pool.pgbouncer
        self._statement = statement
        dialect = database.engine.dialect
        compiled = statement.compile(dialect=dialect, compile_kwargs={"render_postcompile": True})
        self._text = str(compiled)
        self._connect_error: type[Exception] = dialect.loaded_dbapi.Error
        self._constants = compiled.params
        self._names: list[str] = list(compiled.positiontup or ())
        columns = list(statement.selected_columns)
        row = namedtuple("HotRow", [column.name for column in columns])  # type: ignore[misc] # noqa: PYI024
        self._make_row: Callable[[list[Any]], Any] = row._make
        processors = [
            (at, column.type.dialect_impl(dialect).result_processor(dialect, None))
            for at, column in enumerate(columns)
        ]
        self._processors: list[tuple[int, _Processor]] = [(at, p) for at, p in processors if p]
        # Connections beyond the pool's size are made for one use; a queue in front is cheaper.
        self._places = asyncio.Semaphore(database.pool.size)

    async def one_or_none(self, **parameters: Any) -> Any:
        """The row with its columns as attributes. Raises what driver and SQLAlchemy raise."""
        if self._takes_the_ordinary_way:
            async with self._database.reading() as connection:
                found = await connection.execute(self._statement, parameters)
                return found.one_or_none()
        values = [
            parameters[name] if name in parameters else self._constants[name]
            for name in self._names
        ]
        await self._take_place()
        try:
            record = await greenlet_spawn(self._fetch, values)
        finally:
            self._places.release()
        return None if record is None else self._processed(record)

    def _fetch(self, values: list[Any]) -> Any:
        pool = self._database.engine.sync_engine.pool
        try:
            connection = pool.connect()
        except self._connect_error as error:
            raise error.__cause__ or error from None
        driver: Any = connection.driver_connection
        try:
            return await_(driver.fetchrow(self._text, *values))
        except BaseException as error:
            if _is_the_end(error):
                # Whatever ended this one has ended those of its age as well.
                pool._invalidate(connection, error)  # noqa: SLF001 - as the engine itself does
            else:
                # Cancelled perhaps: what the server still sends must not meet the next statement.
                connection.invalidate(error)
            raise
        finally:
            connection.close()

    def _processed(self, record: Any) -> Any:
        values = list(record)
        for at, process in self._processors:
            values[at] = process(values[at])
        return self._make_row(values)

    async def _take_place(self) -> None:
        if not self._places.locked():
            await self._places.acquire()
            return
        try:
            async with asyncio.timeout(self._database.pool.timeout_seconds):
                await self._places.acquire()
        except TimeoutError:
            raise Unavailable from None


def _is_the_end(error: BaseException) -> bool:
    """Of the connection: PostgreSQL takes leave with a state, and asyncpg fails without one."""
    if isinstance(error, TimeoutError) or not isinstance(error, Exception):
        return False
    state = getattr(error, "sqlstate", None)
    return state is None or str(state).startswith(_ENDED)
