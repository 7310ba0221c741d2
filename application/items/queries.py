"""Reading items."""

from dataclasses import dataclass
from uuid import UUID

from application.pages import CursorCodec
from application.ports.unit_of_work import UnitOfWork, UnitOfWorkFactory
from domain.access import Actor, require
from domain.errors import NotFound
from domain.items import Item, check_title_prefix, own_items, require_item, require_items
from domain.pages import Page
from domain.roles import ITEMS_READ


@dataclass(frozen=True, kw_only=True)
class GetItemQuery:
    actor: Actor
    item_id: UUID


class GetItem:
    """The owner with `items:read`, and holders of `items:admin`.

    Raises NotAuthenticated, NotFound, PermissionMissing.
    """

    def __init__(self, *, uow: UnitOfWorkFactory) -> None:
        self._uow = uow

    async def execute(self, query: GetItemQuery) -> Item:
        require(query.actor)
        async with self._uow.reading() as uow:
            return await find_item(uow, query.actor, query.item_id, ITEMS_READ)


@dataclass(frozen=True, kw_only=True)
class ListItemsQuery:
    """`owner_id` None: the caller's own, whatever else they may see."""

    actor: Actor
    owner_id: UUID | None = None
    title_prefix: str | None = None
    limit: int
    cursor: str | None = None


class ListItems:
    """One's own with `items:read`, anybody's with `items:admin`.

    Raises NotAuthenticated, PermissionMissing, InvalidField, InvalidCursor.
    """

    def __init__(self, *, uow: UnitOfWorkFactory, cursors: CursorCodec) -> None:
        self._uow = uow
        self._cursors = cursors

    async def execute(self, query: ListItemsQuery) -> Page[Item]:
        actor = query.actor
        owner_id = query.owner_id or own_items(actor)
        require_items(actor, owner_id, ITEMS_READ)
        prefix = check_title_prefix(query.title_prefix or "")
        filters = {"owner_id": str(owner_id), "title_prefix": prefix}
        before = self._cursors.decode(query.cursor, listing="items", filters=filters, actor=actor)
        async with self._uow.reading(may_lag=True) as uow:
            found = await uow.items.page(owner_id, prefix, before, query.limit + 1)
        return self._cursors.page(found, query.limit, listing="items", filters=filters, actor=actor)


async def find_item(uow: UnitOfWork, actor: Actor, item_id: UUID, permission: str) -> Item:
    """What the caller may use with `permission`. Raises NotFound, PermissionMissing."""
    item = await uow.items.get(item_id)
    if item is None:
        raise NotFound
    require_item(actor, item.owner_id, permission)
    return item
