"""Items in memory."""

from copy import deepcopy
from dataclasses import replace
from datetime import datetime
from uuid import UUID

from adapters.memory.records import Records
from adapters.memory.selection import at_version, newest_first
from application.ports.items import ItemChanges, ItemRepository
from domain.access import NotAuthenticated
from domain.items import Item


class MemoryItemRepository(ItemRepository):
    """Copies in and out: the data of an item could be changed in place."""

    def __init__(self, records: Records) -> None:
        self._records = records

    async def add(self, item: Item) -> None:
        if item.owner_id not in self._records.users:
            raise NotAuthenticated
        self._records.items[item.id] = deepcopy(item)

    async def get(self, item_id: UUID) -> Item | None:
        return deepcopy(self._records.items.get(item_id))

    async def page(
        self, owner_id: UUID, title_prefix: str, before: UUID | None, limit: int
    ) -> list[Item]:
        matching = (
            item
            for item in self._records.items.values()
            if item.owner_id == owner_id and item.title.startswith(title_prefix)
        )
        return deepcopy(newest_first(matching, before, limit))

    async def change(
        self, item_id: UUID, changes: ItemChanges, at: datetime, if_version: int | None
    ) -> Item | None:
        item = at_version(self._records.items, item_id, if_version)
        if item is None:
            return None
        given = {name: value for name, value in vars(changes).items() if value is not None}
        changed = replace(item, **given, version=item.version + 1, updated_at=at)
        self._records.items[item_id] = deepcopy(changed)
        return changed

    async def delete(self, item_id: UUID, if_version: int | None) -> bool:
        if at_version(self._records.items, item_id, if_version) is None:
            return False
        del self._records.items[item_id]
        return True
