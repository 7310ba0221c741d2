"""Items in SQL."""

from datetime import datetime
from functools import cache
from typing import Any, TypeVar
from uuid import UUID

from sqlalchemy import Delete, Integer, Update, delete, insert, select, update

from adapters.sql.fixed_statements import FixedStatement, parameter
from adapters.sql.statements import MAX_UUID, StatementRunner
from adapters.sql.tables import items
from application.ports.items import ItemChanges, ItemRepository
from domain.access import NotAuthenticated
from domain.items import Item

Change = TypeVar("Change", Update, Delete)

_SURROGATES = range(0xD800, 0xE000)
_HIGHEST = 0x10FFFF


_INSERT = FixedStatement(insert(items))
_GET = FixedStatement(select(items).where(items.c.id == parameter("item_id")))
_OF_OWNER = select(items).where(items.c.owner_id == parameter("owner")).order_by(items.c.id.desc())
_ALL_OF_OWNER = FixedStatement(
    _OF_OWNER.where(items.c.id < parameter("before")).limit(parameter("at_most", Integer()))
)


@cache
def _change(fields: frozenset[str], *, if_version: bool) -> FixedStatement:
    statement = (
        update(items)
        .where(items.c.id == parameter("item_id"))
        .values({name: parameter(name, items.c[name].type) for name in fields | {"updated_at"}})
        .values(version=items.c.version + 1)
        .returning(items)
    )
    return FixedStatement(_conditional(statement) if if_version else statement)


@cache
def _delete(*, if_version: bool) -> FixedStatement:
    statement = delete(items).where(items.c.id == parameter("item_id"))
    return FixedStatement(_conditional(statement) if if_version else statement)


def _conditional(statement: Change) -> Change:
    return statement.where(items.c.version == parameter("if_version"))


def _to_row(item: Item) -> dict[str, Any]:
    return vars(item) | {"data": dict(item.data)}


def _from_row(row: Any) -> Item:
    return Item(**row._asdict())


def first_after(prefix: str) -> str | None:
    """The first text, by code points, that comes after all that begin with this one; None if none.

    Between the two an index finds what begins so, which no pattern can promise.
    """
    for length in range(len(prefix), 0, -1):
        following = ord(prefix[length - 1]) + 1
        if following in _SURROGATES:
            following = _SURROGATES.stop
        if following <= _HIGHEST:
            return prefix[: length - 1] + chr(following)
    return None


class SqlItemRepository(ItemRepository):
    def __init__(self, runner: StatementRunner) -> None:
        self._run = runner.run
        self._row = runner.row
        self._rows = runner.rows
        self._count = runner.count
        self._later = runner.later

    async def add(self, item: Item) -> None:
        await self._later(_INSERT, foreign_key=NotAuthenticated, **_to_row(item))

    async def get(self, item_id: UUID) -> Item | None:
        row = await self._row(_GET, item_id=item_id)
        return _from_row(row) if row else None

    async def page(
        self, owner_id: UUID, title_prefix: str, before: UUID | None, limit: int
    ) -> list[Item]:
        last = before or MAX_UUID
        if not title_prefix:
            rows = await self._rows(_ALL_OF_OWNER, owner=owner_id, before=last, at_most=limit)
            return [_from_row(row) for row in rows]
        statement = _OF_OWNER.where(items.c.id < last, items.c.title >= title_prefix).limit(limit)
        if (end := first_after(title_prefix)) is not None:
            statement = statement.where(items.c.title < end)
        found = await self._run(statement.params(owner=owner_id))
        return [_from_row(row) for row in found]

    async def change(
        self, item_id: UUID, changes: ItemChanges, at: datetime, if_version: int | None
    ) -> Item | None:
        values: dict[str, Any] = {}
        if changes.title is not None:
            values["title"] = changes.title
        if changes.data is not None:
            values["data"] = dict(changes.data)
        statement = _change(frozenset(values), if_version=if_version is not None)
        row = await self._row(
            statement, item_id=item_id, if_version=if_version, updated_at=at, **values
        )
        return _from_row(row) if row else None

    async def delete(self, item_id: UUID, if_version: int | None) -> bool:
        statement = _delete(if_version=if_version is not None)
        return bool(await self._count(statement, item_id=item_id, if_version=if_version))
