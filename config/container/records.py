"""Use cases about what is kept beside accounts: items, and the audit log."""

from dependency_injector import providers

from application.events.listing import ListEvents
from application.items.queries import GetItem, ListItems
from application.items.writing import CreateItem, DeleteItem, UpdateItem
from config.container.shared import Shared


class RecordUseCases(Shared):
    """Keep, read, change."""

    create_item = providers.Singleton(
        CreateItem, uow=Shared.uow, clock=Shared.clock, ids=Shared.ids
    )
    get_item = providers.Singleton(GetItem, uow=Shared.uow)
    list_items = providers.Singleton(ListItems, uow=Shared.uow, cursors=Shared.cursors)
    update_item = providers.Singleton(
        UpdateItem, uow=Shared.uow, clock=Shared.clock, events=Shared.events
    )
    delete_item = providers.Singleton(DeleteItem, uow=Shared.uow, events=Shared.events)

    list_events = providers.Singleton(ListEvents, uow=Shared.uow, cursors=Shared.cursors)
