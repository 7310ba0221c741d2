"""Keeping, changing and deleting items."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from application.audit import EventFactory
from application.idempotency import Once
from application.items.queries import find_item
from application.ports.clock import Clock, IdGenerator
from application.ports.items import ItemChanges
from application.ports.unit_of_work import UnitOfWork, UnitOfWorkFactory
from domain.access import Actor, require
from domain.errors import NotFound, StaleVersion
from domain.events import Event, EventKind, Party
from domain.items import Item, check_data, check_title, own_items
from domain.roles import ITEMS_WRITE


@dataclass(frozen=True, kw_only=True)
class CreateItemCommand:
    actor: Actor
    title: str
    data: Mapping[str, Any] = field(repr=False)
    once: Once[Item] = field(default_factory=Once, repr=False)


class CreateItem:
    """An account with `items:write`; the item is its own.

    Raises NotAuthenticated, PermissionMissing, InvalidField; with an idempotency key also
    IdempotencyKeyReused and ConcurrentChange.
    """

    def __init__(self, *, uow: UnitOfWorkFactory, clock: Clock, ids: IdGenerator) -> None:
        self._uow = uow
        self._clock = clock
        self._ids = ids

    async def execute(self, command: CreateItemCommand) -> Item:
        require(command.actor, ITEMS_WRITE)
        now = self._clock.now()
        item = Item(
            id=self._ids.new_id(),
            owner_id=own_items(command.actor),
            title=check_title(command.title),
            data=check_data(command.data),
            version=1,
            created_at=now,
            updated_at=now,
        )
        await command.once.begin()
        async with self._uow() as uow:
            await uow.items.add(item)
            await command.once.keep(uow, item)
            await uow.commit()
        return item


@dataclass(frozen=True, kw_only=True)
class UpdateItemCommand:
    """What is None stays as it is; `data` is replaced as a whole."""

    actor: Actor
    item_id: UUID
    title: str | None = None
    data: Mapping[str, Any] | None = field(default=None, repr=False)
    if_version: int | None = None


class UpdateItem:
    """The owner with `items:write`, and holders of `items:admin`, whose act is in the audit log.

    Raises NotAuthenticated, NotFound, PermissionMissing, InvalidField, StaleVersion.
    """

    def __init__(self, *, uow: UnitOfWorkFactory, clock: Clock, events: EventFactory) -> None:
        self._uow = uow
        self._clock = clock
        self._events = events

    async def execute(self, command: UpdateItemCommand) -> Item:
        actor = command.actor
        require(actor)
        if command.title is not None:
            check_title(command.title)
        if command.data is not None:
            check_data(command.data)
        changes = ItemChanges(title=command.title, data=command.data)
        async with self._uow() as uow:
            item = await find_item(uow, actor, command.item_id, ITEMS_WRITE)
            now = self._clock.now()
            updated = await uow.items.change(item.id, changes, now, command.if_version)
            if updated is None:
                raise await _why_not(uow, item.id)
            if actor.user_id != item.owner_id:
                fields = [name for name, value in vars(changes).items() if value is not None]
                event = _foreign_act(self._events, EventKind.ITEM_UPDATED, actor, item, fields)
                await uow.events.add(event)
            await uow.commit()
        return updated


@dataclass(frozen=True, kw_only=True)
class DeleteItemCommand:
    actor: Actor
    item_id: UUID
    if_version: int | None = None


class DeleteItem:
    """The owner with `items:write`, and holders of `items:admin`, whose act is in the audit log.

    Raises NotAuthenticated, NotFound, PermissionMissing, StaleVersion.
    """

    def __init__(self, *, uow: UnitOfWorkFactory, events: EventFactory) -> None:
        self._uow = uow
        self._events = events

    async def execute(self, command: DeleteItemCommand) -> None:
        actor = command.actor
        require(actor)
        async with self._uow() as uow:
            item = await find_item(uow, actor, command.item_id, ITEMS_WRITE)
            if not await uow.items.delete(item.id, command.if_version):
                raise await _why_not(uow, item.id)
            if actor.user_id != item.owner_id:
                event = _foreign_act(self._events, EventKind.ITEM_DELETED, actor, item)
                await uow.events.add(event)
            await uow.commit()


async def _why_not(uow: UnitOfWork, item_id: UUID) -> NotFound | StaleVersion:
    """A conditional write met no row, of an item that was there a moment ago."""
    return NotFound() if await uow.items.get(item_id) is None else StaleVersion()


def _foreign_act(
    events: EventFactory, kind: EventKind, actor: Actor, item: Item, fields: list[str] | None = None
) -> Event:
    data: dict[str, object] = {"owner_id": str(item.owner_id)}
    if fields is not None:
        data["fields"] = fields
    return events.success(kind, actor, Party(type="item", id=str(item.id)), **data)
