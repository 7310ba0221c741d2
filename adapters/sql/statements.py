"""A connection as the repositories see it: it runs statements and speaks domain errors."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, TypeVar
from uuid import UUID

from sqlalchemy import CursorResult, Executable, Insert, Table, insert, literal, select

from adapters.sql.async_core import AsyncConnection
from adapters.sql.errors import is_interrupted, translated
from adapters.sql.tables import users
from domain.errors import DomainError, Unavailable

Result = TypeVar("Result")
Reconnect = Callable[[], Awaitable[AsyncConnection]]


async def once_more(act: Callable[[], Awaitable[Result]]) -> Result:
    """Repeats what was interrupted, from its start: for acts that may happen twice."""
    try:
        return await act()
    except Unavailable as error:
        if not is_interrupted(error):
            raise
        return await act()


class StatementRunner:
    """Runs one statement at a time on the unit of work's connection.

    `reconnect` is for units that only read, where each statement commits by itself: the first one
    that is interrupted is repeated on another connection.
    """

    def __init__(self, connection: AsyncConnection, reconnect: Reconnect | None = None) -> None:
        self._connection = connection
        self._reconnect = reconnect
        self.dialect = connection.dialect.name

    async def run(
        self, statement: Executable, *, foreign_key: type[DomainError] | None = None
    ) -> CursorResult[Any]:
        """`foreign_key`: what a broken reference in this statement means."""
        try:
            return await self._execute(statement, foreign_key)
        except Unavailable as error:
            if self._reconnect is None or not is_interrupted(error):
                raise
            reconnect, self._reconnect = self._reconnect, None
        self._connection = await reconnect()
        return await self._execute(statement, foreign_key)

    async def _execute(
        self, statement: Executable, foreign_key: type[DomainError] | None
    ) -> CursorResult[Any]:
        with translated(foreign_key=foreign_key):
            return await self._connection.execute(statement)

    async def run_many(
        self,
        statement: Executable,
        rows: Sequence[Mapping[str, Any]],
        *,
        foreign_key: type[DomainError] | None = None,
    ) -> CursorResult[Any] | None:
        """One statement with many sets of parameters; None, and nothing done, without any."""
        if not rows:
            return None
        with translated(foreign_key=foreign_key):
            return await self._connection.execute(statement, rows)


def insert_for_account(table: Table, user_id: UUID, row: dict[str, Any]) -> Insert:
    """Inserts the row if the account exists; costs the same, and stores nothing, if it does not."""
    values = [literal(value, table.c[name].type) for name, value in row.items()]
    return insert(table).from_select(
        list(row), select(*values).select_from(users).where(users.c.id == user_id)
    )
