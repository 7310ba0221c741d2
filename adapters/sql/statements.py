"""A connection as the repositories see it: it runs statements and speaks domain errors."""

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


def insert_for_account(table: Table, user_id: UUID, row: dict[str, Any]) -> Insert:
    """Inserts the row if the account exists; costs the same, and stores nothing, if it does not."""
    values = [literal(value, table.c[name].type) for name, value in row.items()]
    return insert(table).from_select(
        list(row), select(*values).select_from(users).where(users.c.id == user_id)
    )
