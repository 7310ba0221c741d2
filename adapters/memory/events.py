"""The audit log in memory."""

from collections.abc import Sequence
from copy import deepcopy
from datetime import datetime
from uuid import UUID

from adapters.memory.records import Records
from application.ports.events import EventRepository
from domain.events import Event, EventFilter, EventPlace

_ALL = EventFilter()


class MemoryEventRepository(EventRepository):
    def __init__(self, records: Records) -> None:
        self._records = records

    async def add(self, event: Event) -> None:
        self._records.events[event.id] = deepcopy(event)

    async def add_all(self, events: Sequence[Event]) -> None:
        for event in events:
            await self.add(event)

    async def page(
        self, before: EventPlace | None, limit: int, where: EventFilter = _ALL
    ) -> list[Event]:
        matching = (
            event
            for event in self._records.events.values()
            if (before is None or _place(event) < (before.at, before.id)) and _fits(event, where)
        )
        return deepcopy(sorted(matching, key=_place, reverse=True)[:limit])


def _place(event: Event) -> tuple[datetime, UUID]:
    return event.at, event.id


def _fits(event: Event, where: EventFilter) -> bool:
    subject_id = event.subject.id if event.subject else None
    return (
        (where.kind is None or event.kind is where.kind)
        and (where.actor_id is None or event.actor.id == where.actor_id)
        and (where.subject_id is None or subject_id == where.subject_id)
        and (where.since is None or event.at >= where.since)
        and (where.until is None or event.at < where.until)
    )
