"""Look-ups of many requests in one statement."""

from typing import Any

from sqlalchemy import ARRAY, Column, Select, Text, any_, bindparam, cast

from adapters.sql.couriers import Couriers
from adapters.sql.engine import Database
from adapters.sql.fixed_statements import FixedStatement, parameter
from adapters.sql.hot_statements import HotStatement


class BatchedLookup:
    """Finds the row of a key, on the primary, as it is at some moment after it was asked for.

    `rows` gives at most one row for each value of `column`, which it names `name`. Keys that are
    asked for while statements are under way go together in the next one.
    """

    def __init__(
        self, database: Database, rows: Select[Any], column: "Column[Any]", name: str
    ) -> None:
        self._in_text = not database.is_sqlite
        keys = (
            # Sent as text: the driver asks each new connection what other arrays are.
            column == any_(cast(parameter("keys", ARRAY(Text)), ARRAY(column.type)))
            if self._in_text
            else column.in_(bindparam("keys", expanding=True))
        )
        self._statement = HotStatement(database, FixedStatement(rows.where(keys)))
        self._name = name
        self._couriers = Couriers(self._look_up, patience_seconds=database.pool.timeout_seconds)

    async def find(self, key: Any) -> Any:
        """The row with its columns as attributes, or None. Raises Unavailable."""
        return await self._couriers.ask(key)

    async def _look_up(self, asked: list[Any]) -> list[Any]:
        keys = set(asked)
        rows = await self._statement.rows(
            keys=[str(key) for key in keys] if self._in_text else [*keys]
        )
        found = {getattr(row, self._name): row for row in rows}
        return [found.get(key) for key in asked]
