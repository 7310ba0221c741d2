"""A connection as the repositories see it: it runs statements and speaks domain errors."""

from typing import Any

from sqlalchemy import CursorResult, Executable
from sqlalchemy.ext.asyncio import AsyncConnection

from adapters.sql.errors import translated
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
