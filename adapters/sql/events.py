"""The audit log in SQL."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import Row, insert, select

from adapters.sql.statements import StatementRunner
from adapters.sql.tables import events
from application.ports.events import EventRepository
from domain.events import Event, EventKind, EventOutcome, Party


class SqlEventRepository(EventRepository):
    def __init__(self, runner: StatementRunner) -> None:
        self._run = runner.run
        self._run_many = runner.run_many

    async def add(self, event: Event) -> None:
        await self._run(insert(events).values(_to_row(event)))

    async def add_all(self, events_: Sequence[Event]) -> None:
        await self._run_many(insert(events), [_to_row(event) for event in events_])

    async def page(self, before: UUID | None, limit: int) -> list[Event]:
        statement = select(events).order_by(events.c.id.desc()).limit(limit)
        if before is not None:
            statement = statement.where(events.c.id < before)
        return [_from_row(row) for row in await self._run(statement)]


def _to_row(event: Event) -> dict[str, Any]:
    return {
        "id": event.id,
        "at": event.at,
        "kind": event.kind.value,
        "outcome": event.outcome.value,
        "actor_type": event.actor.type,
        "actor_id": event.actor.id,
        "subject_type": event.subject.type if event.subject else None,
        "subject_id": event.subject.id if event.subject else None,
        "request_id": event.request_id,
        "ip": event.ip,
        "user_agent": event.user_agent,
        "data": dict(event.data),
    }


def _from_row(row: Row[Any]) -> Event:
    subject = Party(type=row.subject_type, id=row.subject_id) if row.subject_type else None
    return Event(
        id=row.id,
        at=row.at,
        kind=EventKind(row.kind),
        outcome=EventOutcome(row.outcome),
        actor=Party(type=row.actor_type, id=row.actor_id),
        subject=subject,
        request_id=row.request_id,
        ip=row.ip,
        user_agent=row.user_agent,
        data=row.data,
    )
