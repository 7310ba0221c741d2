"""Following the audit log as it grows."""

from dataclasses import replace
from datetime import datetime, timedelta
from uuid import UUID

from application.events.listing import ListEvents, ListEventsQuery
from domain.access import Actor
from domain.events import Event, EventFilter
from domain.pages import MAX_LIMIT

OVERLAP = timedelta(seconds=30)
"""An event gets its time before its transaction commits, so it can turn up behind later ones.

No transaction lasts nearly as long: its statements, and its pauses, end after seconds.
"""


class EventTail:
    """One reader's place at the end of the log. Gives every event once, however late it commits.

    `where` has no `until`.

    Not shared: it remembers what it has given.
    """

    def __init__(self, *, events: ListEvents, actor: Actor, where: EventFilter) -> None:
        self._events = events
        self._actor = actor
        self._where = where
        self._newest: datetime | None = None
        self._given: dict[UUID, datetime] = {}

    async def begin(self, limit: int) -> list[Event]:
        """The last `limit` events, oldest first; what comes after them is for `more`."""
        newest = await self._read(self._where, 1)
        if not newest:
            return []
        self._newest = newest[0].at
        edge = self._edge()
        recent = await self._fresh()
        missing = limit - len(recent)
        older = replace(self._where, until=edge)
        if missing > 0 and (self._where.since is None or self._where.since < edge):
            return (await self._read(older, missing))[::-1] + recent
        return recent[-limit:]

    async def more(self) -> list[Event]:
        """What has come since, oldest first."""
        return await self._fresh()

    def _edge(self) -> datetime:
        """What lies before it has been given, or will not come any more."""
        if self._newest is None:
            raise RuntimeError("nothing has been seen yet")
        edge = self._newest - OVERLAP
        return edge if self._where.since is None else max(edge, self._where.since)

    async def _fresh(self) -> list[Event]:
        where = self._where
        if self._newest is not None:
            where = replace(where, since=self._edge())
        found = await self._read(where, None)
        fresh = [event for event in found if event.id not in self._given][::-1]
        if found:
            self._newest = max(found[0].at, self._newest or found[0].at)
        self._given |= {event.id: event.at for event in fresh}
        if self._newest is not None:
            edge = self._edge()
            self._given = {id_: at for id_, at in self._given.items() if at >= edge}
        return fresh

    async def _read(self, where: EventFilter, limit: int | None) -> list[Event]:
        """Newest first, in as many pages as it takes."""
        found: list[Event] = []
        cursor = None
        while True:
            room = MAX_LIMIT if limit is None else min(MAX_LIMIT, limit - len(found))
            page = await self._events.execute(
                ListEventsQuery(actor=self._actor, where=where, limit=room, cursor=cursor)
            )
            found += page.items
            cursor = page.next_cursor
            if cursor is None or (limit is not None and len(found) >= limit):
                return found
