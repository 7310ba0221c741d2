"""Keeping the audit log."""

from abc import ABC, abstractmethod
from collections.abc import Sequence

from domain.events import Event, EventFilter, EventPlace

_ALL = EventFilter()


class EventRepository(ABC):
    """Append-only from the use cases' side."""

    @abstractmethod
    async def add(self, event: Event) -> None: ...

    @abstractmethod
    async def add_all(self, events: Sequence[Event]) -> None:
        """Many at once, for acts on many records."""

    @abstractmethod
    async def page(
        self, before: EventPlace | None, limit: int, where: EventFilter = _ALL
    ) -> list[Event]:
        """Newest first: at most `limit` events whose place is lower than `before`."""
