"""The audit log in SQL."""

from collections.abc import Iterator, Sequence
from typing import Any

from sqlalchemy import ColumnElement, Row, insert, literal, select, tuple_

from adapters.sql.fixed_statements import FixedStatement
from adapters.sql.statements import StatementRunner
from adapters.sql.tables import events
from application.ports.events import EventRepository
from domain.events import (
    Event,
    EventFilter,
    EventKind,
    EventOutcome,
    EventPlace,
    Party,
)

_ALL = EventFilter()
_INSERT = FixedStatement(insert(events))


class SqlEventRepository(EventRepository):
    def __init__(self, runner: StatementRunner) -> None:
        self._run = runner.run
        self._later = runner.later
        self._run_many = runner.run_many

    async def add(self, event: Event) -> None:
        await self._later(_INSERT, **_to_row(event))

    async def add_all(self, events_: Sequence[Event]) -> None:
        await self._run_many(insert(events), [_to_row(event) for event in events_])

    async def page(
        self, before: EventPlace | None, limit: int, where: EventFilter = _ALL
    ) -> list[Event]:
        statement = (
            select(events)
            .where(*_conditions(where))
            .order_by(events.c.at.desc(), events.c.id.desc())
            .limit(limit)
        )
        if before is not None:
            # Compared as a pair, both databases find the place in the index.
            place = tuple_(
                literal(before.at, events.c.at.type), literal(before.id, events.c.id.type)
            )
            statement = statement.where(tuple_(events.c.at, events.c.id) < place)
        return [_from_row(row) for row in await self._run(statement)]


def _conditions(where: EventFilter) -> Iterator[ColumnElement[bool]]:
    if where.kind is not None:
        yield events.c.kind == where.kind.value
    if where.actor_id is not None:
        yield events.c.actor_id == where.actor_id
    if where.subject_id is not None:
        yield events.c.subject_id == where.subject_id
    if where.since is not None:
        yield events.c.at >= where.since
    if where.until is not None:
        yield events.c.at < where.until


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
