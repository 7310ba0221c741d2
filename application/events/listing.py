"""Reading the audit log."""

from dataclasses import dataclass, field
from uuid import UUID

from application.pages import INSTANT_BYTES, CursorCodec, Filters, instant_bytes, instant_from
from application.ports.unit_of_work import UnitOfWorkFactory
from domain.access import Actor, require
from domain.events import Event, EventFilter, EventPlace
from domain.pages import InvalidCursor, Page
from domain.roles import EVENTS_READ

_PLACE_BYTES = INSTANT_BYTES + 16


@dataclass(frozen=True, kw_only=True)
class ListEventsQuery:
    actor: Actor
    where: EventFilter = field(default_factory=EventFilter)
    limit: int
    cursor: str | None = None


class ListEvents:
    """Holders of `events:read`. Raises NotAuthenticated, PermissionMissing, InvalidCursor."""

    def __init__(self, *, uow: UnitOfWorkFactory, cursors: CursorCodec) -> None:
        self._uow = uow
        self._cursors = cursors

    async def execute(self, query: ListEventsQuery) -> Page[Event]:
        actor = query.actor
        require(actor, EVENTS_READ)
        filters = _in_words(query.where)
        raw = self._cursors.open(query.cursor, listing="events", filters=filters, actor=actor)
        before = None if raw is None else _place_from(raw)
        async with self._uow.reading(may_lag=True) as uow:
            found = await uow.events.page(before, query.limit + 1, query.where)
        return self._cursors.page(
            found,
            query.limit,
            listing="events",
            filters=filters,
            actor=actor,
            position=_place_bytes,
        )


def _in_words(where: EventFilter) -> Filters:
    return {name: None if value is None else str(value) for name, value in vars(where).items()}


def _place_bytes(event: Event) -> bytes:
    return instant_bytes(event.at) + event.id.bytes


def _place_from(raw: bytes) -> EventPlace:
    if len(raw) != _PLACE_BYTES:
        raise InvalidCursor
    return EventPlace(at=instant_from(raw[:INSTANT_BYTES]), id=UUID(bytes=raw[INSTANT_BYTES:]))
