"""Items in SQL."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Row, delete, insert, select, update

from adapters.sql.statements import StatementRunner
from adapters.sql.tables import items
from application.ports.items import ItemChanges, ItemRepository
from domain.access import NotAuthenticated
from domain.items import Item

_SURROGATES = range(0xD800, 0xE000)
_HIGHEST = 0x10FFFF


def _to_row(item: Item) -> dict[str, Any]:
    return vars(item) | {"data": dict(item.data)}


def _from_row(row: Row[Any]) -> Item:
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

    async def add(self, item: Item) -> None:
        await self._run(insert(items).values(_to_row(item)), foreign_key=NotAuthenticated)

    async def get(self, item_id: UUID) -> Item | None:
        row = (await self._run(select(items).where(items.c.id == item_id))).one_or_none()
        return _from_row(row) if row else None

    async def page(
        self, owner_id: UUID, title_prefix: str, before: UUID | None, limit: int
    ) -> list[Item]:
        statement = (
            select(items)
            .where(items.c.owner_id == owner_id)
            .order_by(items.c.id.desc())
            .limit(limit)
        )
        if before is not None:
            statement = statement.where(items.c.id < before)
        if title_prefix:
            statement = statement.where(items.c.title >= title_prefix)
            if (end := first_after(title_prefix)) is not None:
                statement = statement.where(items.c.title < end)
        return [_from_row(row) for row in await self._run(statement)]

    async def change(
        self, item_id: UUID, changes: ItemChanges, at: datetime, if_version: int | None
    ) -> Item | None:
        values: dict[str, Any] = {"version": items.c.version + 1, "updated_at": at}
        if changes.title is not None:
            values["title"] = changes.title
        if changes.data is not None:
            values["data"] = dict(changes.data)
        statement = update(items).where(items.c.id == item_id).values(values).returning(items)
        if if_version is not None:
            statement = statement.where(items.c.version == if_version)
        row = (await self._run(statement)).one_or_none()
        return _from_row(row) if row else None

    async def delete(self, item_id: UUID, if_version: int | None) -> bool:
        statement = delete(items).where(items.c.id == item_id)
        if if_version is not None:
            statement = statement.where(items.c.version == if_version)
        return bool((await self._run(statement)).rowcount)
