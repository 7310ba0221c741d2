"""Look-ups of many requests in one statement: the trip to the database costs more than its load."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ARRAY, Column, Select, Text, any_, bindparam, cast

from adapters.sql.engine import Database
from adapters.sql.fixed_statements import FixedStatement, parameter
from adapters.sql.hot_statements import HotStatement
from domain.errors import Unavailable

_COURIERS = 2
"""Statements under way at once: while one is answered the next one is filled."""
_TOGETHER = 64
"""Keys in one statement: enough for any worker, and well under a millisecond for each."""


@dataclass(frozen=True)
class _Asked:
    """`until`, on the loop's clock, it waits for a statement that takes it along."""

    key: Any
    until: float
    answer: "asyncio.Future[Any]"


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
        self._patience_seconds = database.pool.timeout_seconds
        self._sweep: asyncio.TimerHandle | None = None
        self._waiting: list[_Asked] = []
        self._couriers: set[asyncio.Task[Any] | None] = set()

    async def find(self, key: Any) -> Any:
        """The row with its columns as attributes, or None. Raises Unavailable."""
        loop = asyncio.get_running_loop()
        asked = _Asked(key, loop.time() + self._patience_seconds, loop.create_future())
        self._waiting.append(asked)
        if len(self._couriers) < _COURIERS:
            # A task of its own: a caller who gives up takes nobody else along.
            self._couriers.add(asyncio.create_task(self._courier(), name="look-ups"))
        elif self._sweep is None:
            self._sweep = loop.call_at(asked.until, self._refuse_the_late)
        return await asked.answer

    def _refuse_the_late(self) -> None:
        """Nobody waits longer for a statement to start than for a connection of the pool."""
        loop = asyncio.get_running_loop()
        late = [asked for asked in self._waiting if asked.until <= loop.time()]
        self._waiting = self._waiting[len(late) :]
        _fail(late, Unavailable())
        first = self._waiting[0].until if self._waiting else None
        self._sweep = loop.call_at(first, self._refuse_the_late) if first else None

    async def _courier(self) -> None:
        try:
            await self._carry()
        finally:
            # In the same step in which nobody was found waiting: a callback of the task would
            # come later, and who asks in between would wait for a courier that has gone home.
            self._couriers.discard(asyncio.current_task())

    async def _carry(self) -> None:
        while self._waiting:
            taken, self._waiting = self._waiting[:_TOGETHER], self._waiting[_TOGETHER:]
            try:
                rows = await self._statement.rows(keys=self._keys_of(taken))
            except BaseException as error:
                # Who came meanwhile has waited as well, and must not wait for another try.
                taken, self._waiting = [*taken, *self._waiting], []
                _fail(taken, error)
                if not isinstance(error, Exception):
                    raise
                continue
            found = {getattr(row, self._name): row for row in rows}
            for asked in taken:
                if not asked.answer.done():
                    asked.answer.set_result(found.get(asked.key))

    def _keys_of(self, taken: Sequence[_Asked]) -> list[Any]:
        keys = {asked.key for asked in taken}
        return [str(key) for key in keys] if self._in_text else list(keys)


def _fail(taken: Sequence[_Asked], error: BaseException) -> None:
    for asked in taken:
        if asked.answer.done():
            continue
        if not isinstance(error, Exception):
            asked.answer.cancel()
            continue
        # Each its own: an error that several raise gathers the traces of all of them.
        each = Unavailable() if isinstance(error, Unavailable) else error
        each.__cause__ = error.__cause__
        asked.answer.set_exception(each)
