"""The outbox in SQL."""

from dataclasses import asdict
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Row, func, or_, select, update

from adapters.sql.statements import StatementRunner, insert_for_account
from adapters.sql.tables import outbox
from application.ports.outbox import FailedTry, OutboxDepth, OutboxRepository
from domain.outbox import MessageTemplate, OutboxMessage

_WAITS = (outbox.c.sent_at.is_(None), outbox.c.set_aside_at.is_(None))
_REASON_LENGTH = 200


class SqlOutboxRepository(OutboxRepository):
    def __init__(self, runner: StatementRunner) -> None:
        self._run = runner.run
        self.has_added = False

    async def add(self, message: OutboxMessage) -> None:
        self.has_added = True
        row = asdict(message) | {"template": message.template.value}
        await self._run(insert_for_account(outbox, message.user_id, row))

    async def count_since(self, user_id: UUID, template: MessageTemplate, since: datetime) -> int:
        statement = select(func.count()).where(
            outbox.c.user_id == user_id,
            outbox.c.template == template.value,
            outbox.c.created_at > since,
        )
        return int((await self._run(statement)).scalar_one())

    async def claim(self, at: datetime, lease_until: datetime) -> OutboxMessage | None:
        due = (
            select(outbox.c.id)
            .where(
                *_WAITS,
                outbox.c.due_at <= at,
                or_(outbox.c.leased_until.is_(None), outbox.c.leased_until <= at),
            )
            .order_by(outbox.c.due_at, outbox.c.id)
            .limit(1)
            # Several deliverers at once take different messages instead of waiting for each other.
            .with_for_update(skip_locked=True)
            .scalar_subquery()
        )
        statement = (
            update(outbox)
            .where(outbox.c.id == due)
            .values(leased_until=lease_until)
            .returning(outbox)
        )
        row = (await self._run(statement)).one_or_none()
        return _from_row(row) if row else None

    async def finish(self, message_id: UUID, at: datetime, note: str | None = None) -> None:
        await self._run(
            update(outbox)
            .where(outbox.c.id == message_id, outbox.c.sent_at.is_(None))
            .values(sent_at=at, leased_until=None, last_error=note)
        )

    async def fail(self, message: OutboxMessage, failed: FailedTry) -> bool:
        result = await self._run(
            update(outbox)
            .where(
                outbox.c.id == message.id,
                outbox.c.leased_until == message.leased_until,
                outbox.c.sent_at.is_(None),
            )
            .values(
                attempts=outbox.c.attempts + 1,
                leased_until=None,
                due_at=failed.due_at or outbox.c.due_at,
                set_aside_at=None if failed.due_at else failed.at,
                last_error=failed.reason[:_REASON_LENGTH],
            )
        )
        return bool(result.rowcount)

    async def page_set_aside(self, before: UUID | None, limit: int) -> list[OutboxMessage]:
        statement = (
            select(outbox)
            .where(outbox.c.set_aside_at.is_not(None))
            .order_by(outbox.c.id.desc())
            .limit(limit)
        )
        if before is not None:
            statement = statement.where(outbox.c.id < before)
        return [_from_row(row) for row in await self._run(statement)]

    async def retry(self, message_id: UUID | None, at: datetime) -> int:
        self.has_added = True
        statement = update(outbox).where(outbox.c.set_aside_at.is_not(None))
        if message_id is not None:
            statement = statement.where(outbox.c.id == message_id)
        result = await self._run(statement.values(set_aside_at=None, attempts=0, due_at=at))
        return result.rowcount

    async def depth(self) -> OutboxDepth:
        # Two counts, so that what waits is counted in its own small index.
        waiting = select(func.count()).select_from(outbox).where(*_WAITS)
        set_aside = (
            select(func.count())
            .select_from(outbox)
            .where(outbox.c.set_aside_at.is_not(None), outbox.c.sent_at.is_(None))
        )
        counts = select(
            waiting.scalar_subquery().label("waiting"),
            set_aside.scalar_subquery().label("set_aside"),
        )
        row = (await self._run(counts)).one()
        return OutboxDepth(waiting=row.waiting, set_aside=row.set_aside)


def _from_row(row: Row[Any]) -> OutboxMessage:
    values = row._asdict()
    values["template"] = MessageTemplate(values["template"])
    return OutboxMessage(**values)
