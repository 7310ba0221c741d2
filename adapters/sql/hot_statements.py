"""The statements behind every authenticated request, with little between them and the driver."""

import asyncio
from typing import Any

from sqlalchemy.util.concurrency import await_

from adapters.sql.channel import connect, give_up, is_refusal
from adapters.sql.engine import Database
from adapters.sql.errors import translated
from adapters.sql.fixed_statements import FixedStatement
from adapters.sql.greenlets import greenlet_spawn
from adapters.sql.statements import once_more
from domain.errors import Unavailable


class HotStatement:
    """One fixed statement outside any unit of work, on a connection of its own for that long.

    On PostgreSQL the connection is taken from SQLAlchemy's pool without the rest of SQLAlchemy,
    which costs more than the statement. `writes` says that it changes something: that is durable
    when it returns.
    """

    def __init__(
        self, database: Database, statement: FixedStatement, *, writes: bool = False
    ) -> None:
        self._database = database
        self._statement = statement
        self._writes = writes
        self._dialect = database.engine.dialect
        # Connections beyond the pool's size are made for one use; a queue in front is cheaper.
        self._places = asyncio.Semaphore(database.pool.size)

    async def rows(self, **parameters: Any) -> list[Any]:
        """With their columns as attributes; asked for once more where that is interrupted.

        Raises Unavailable.
        """
        return await once_more(lambda: self._once(parameters))

    async def _once(self, parameters: dict[str, Any]) -> list[Any]:
        with translated():
            return await self._rows(parameters)

    async def _rows(self, parameters: dict[str, Any]) -> list[Any]:
        if not self._database.fixed_go_past:
            return await self._in_a_channel(parameters)
        compiled = self._statement.compiled(self._dialect)
        values = compiled.values(parameters)
        await self._take_place()
        try:
            records = await greenlet_spawn(self._fetch, compiled.text, values)
        finally:
            self._places.release()
        return [compiled.row(record) for record in records]

    async def _in_a_channel(self, parameters: dict[str, Any]) -> list[Any]:
        if not self._writes:
            async with self._database.reading() as channel:
                return await channel.rows(self._statement, parameters)
        async with self._database.writing() as channel:
            rows = await channel.rows(self._statement, parameters)
            await channel.commit()
            return rows

    def _fetch(self, text: str, values: list[Any]) -> Any:
        connection = connect(self._database.engine)
        driver: Any = connection.driver_connection
        try:
            return await_(driver.fetch(text, *values))
        except BaseException as error:
            if not is_refusal(error):
                give_up(self._database.engine, connection, error)
            raise
        finally:
            connection.close()

    async def _take_place(self) -> None:
        if not self._places.locked():
            await self._places.acquire()
            return
        try:
            async with asyncio.timeout(self._database.pool.timeout_seconds):
                await self._places.acquire()
        except TimeoutError:
            raise Unavailable from None
