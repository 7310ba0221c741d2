"""A connection as the repositories see it: it runs statements and speaks domain errors."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, TypeVar
from uuid import UUID

from sqlalchemy import BindParameter, CursorResult, Executable, Table, insert, select

from adapters.sql.channel import Channel
from adapters.sql.errors import is_interrupted, translated
from adapters.sql.fixed_statements import FixedStatement, parameter
from adapters.sql.gathered import Write, fits
from adapters.sql.tables import users
from domain.errors import DomainError, Unavailable

Result = TypeVar("Result")
_PAUSE_SECONDS = 0.02
MAX_UUID = UUID(int=2**128 - 1)
"""RFC 9562, 5.10: all others come before it."""
Reconnect = Callable[[], Awaitable[Channel]]


async def once_more(act: Callable[[], Awaitable[Result]]) -> Result:
    """Repeats what was interrupted, from its start: for acts that may happen twice."""
    try:
        return await act()
    except Unavailable as error:
        if not is_interrupted(error):
            raise
    # Where two have waited for each other the other one has to get on first.
    await asyncio.sleep(_PAUSE_SECONDS)
    return await act()


class StatementRunner:
    """Runs one statement at a time on the unit of work's connection.

    `reconnect` is for units that only read, where each statement commits by itself: the first one
    that is interrupted is repeated on another connection.
    """

    def __init__(self, channel: Channel, reconnect: Reconnect | None = None) -> None:
        self._channel = channel
        self._reconnect = reconnect
        self._gathered: list[Write] = []
        self._foreign_key: type[DomainError] | None = None
        self.dialect = channel.dialect.name

    async def run(
        self, statement: Executable, *, foreign_key: type[DomainError] | None = None
    ) -> CursorResult[Any]:
        """`foreign_key`: what a broken reference in this statement means."""
        return await self._try(lambda channel: channel.execute(statement), foreign_key)

    async def row(self, fixed: FixedStatement, **parameters: Any) -> Any:
        """Its one row, with the columns as attributes, or None."""
        return await self._try(lambda channel: channel.row(fixed, parameters))

    async def rows(self, fixed: FixedStatement, **parameters: Any) -> list[Any]:
        """With the columns as attributes."""
        return await self._try(lambda channel: channel.rows(fixed, parameters))

    async def count(
        self,
        fixed: FixedStatement,
        *,
        foreign_key: type[DomainError] | None = None,
        **parameters: Any,
    ) -> int:
        """For one that returns no row: how many it has changed."""
        return await self._try(lambda channel: channel.count(fixed, parameters), foreign_key)

    async def later(
        self,
        fixed: FixedStatement,
        *,
        foreign_key: type[DomainError] | None = None,
        **parameters: Any,
    ) -> None:
        """For a write whose outcome nobody asks for.

        It is done before anything that follows is run, and with the commit at the latest; so is
        what it is refused with. On PostgreSQL several go in one trip.
        """
        # Who is to be told of a broken reference must know whose it was.
        if (foreign_key and self._foreign_key) or not fits(fixed, self._gathered):
            await self.settle()
        self._gathered.append((fixed, parameters))
        self._foreign_key = self._foreign_key or foreign_key
        if not self._channel.gathers:
            await self.settle()

    async def settle(self, *, commits: bool = False) -> None:
        """Sends what was left for later; with `commits` it may be the transaction's last."""
        writes, self._gathered = self._gathered, []
        foreign_key, self._foreign_key = self._foreign_key, None
        if writes:
            with translated(foreign_key=foreign_key):
                await self._channel.write_together(writes, commits=commits)

    async def _try(
        self,
        act: Callable[[Channel], Awaitable[Result]],
        foreign_key: type[DomainError] | None = None,
    ) -> Result:
        await self.settle()
        try:
            with translated(foreign_key=foreign_key):
                return await act(self._channel)
        except Unavailable as error:
            if self._reconnect is None or not is_interrupted(error):
                raise
            reconnect, self._reconnect = self._reconnect, None
        self._channel = await reconnect()
        with translated(foreign_key=foreign_key):
            return await act(self._channel)

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
        await self.settle()
        with translated(foreign_key=foreign_key):
            return await self._channel.execute(statement, rows)


def every_column(table: Table) -> dict[str, BindParameter[Any]]:
    """The columns of a row, each from the parameter of its name."""
    return {column.name: parameter(column.name, column.type) for column in table.c}


def insert_for_account(table: Table) -> FixedStatement:
    """Inserts a row if its account exists; costs the same, and stores nothing, if it does not."""
    values = every_column(table)
    row = select(*values.values()).select_from(users).where(users.c.id == values["user_id"])
    return FixedStatement(insert(table).from_select(list(values), row))
