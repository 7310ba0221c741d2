"""The audit log in memory."""

from collections.abc import Sequence
from copy import deepcopy
from uuid import UUID

from adapters.memory.records import Records
from application.ports.events import EventRepository
from domain.events import Event


class MemoryEventRepository(EventRepository):
    def __init__(self, records: Records) -> None:
        self._records = records

    async def add(self, event: Event) -> None:
        self._records.events[event.id] = deepcopy(event)

    async def add_all(self, events: Sequence[Event]) -> None:
        for event in events:
            await self.add(event)

    async def page(self, before: UUID | None, limit: int) -> list[Event]:
        matching = (e for e in self._records.events.values() if before is None or e.id < before)
        return deepcopy(sorted(matching, key=lambda event: event.id, reverse=True)[:limit])
