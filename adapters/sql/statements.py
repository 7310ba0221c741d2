"""A connection as the repositories see it: it runs statements and speaks domain errors."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import CursorResult, Executable, Insert, Table, insert, literal, select
from sqlalchemy.ext.asyncio import AsyncConnection

from adapters.sql.errors import translated
from adapters.sql.tables import users
from domain.errors import DomainError


class StatementRunner:
    """Runs one statement at a time on the unit of work's connection."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection
        self.dialect = connection.dialect.name

    async def run(
        self, statement: Executable, *, foreign_key: type[DomainError] | None = None
    ) -> CursorResult[Any]:
        """`foreign_key`: what a broken reference in this statement means."""
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
