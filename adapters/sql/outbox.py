"""The outbox in SQL."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import FromClause, Select, exists, func, insert, literal, null, or_, select, update

from adapters.sql.fixed_statements import FixedStatement, parameter
from adapters.sql.links import link_from_row
from adapters.sql.statements import StatementRunner, insert_for_account
from adapters.sql.tables import links, outbox, users
from application.ports.outbox import (
    ClaimedMessage,
    FailedTry,
    MailOwner,
    OutboxDepth,
    OutboxRepository,
)
from domain.outbox import MessageTemplate, OutboxMessage

_WAITS = (outbox.c.sent_at.is_(None), outbox.c.set_aside_at.is_(None))
_REASON_LENGTH = 200

_INSERT = insert_for_account(outbox)
_INSERT_FIRST = FixedStatement(insert(outbox))
_COUNT_SINCE = FixedStatement(
    select(func.count().label("messages")).where(
        outbox.c.user_id == parameter("owner_id"),
        outbox.c.template == parameter("template"),
        outbox.c.created_at > parameter("since"),
    )
)
_IS_DUE = (
    *_WAITS,
    outbox.c.due_at <= parameter("at"),
    or_(outbox.c.leased_until.is_(None), outbox.c.leased_until <= parameter("at")),
)
_NEXT_DUE = (
    select(outbox.c.id)
    .where(*_IS_DUE)
    .order_by(outbox.c.due_at, outbox.c.id)
    .limit(literal(1))
    # Several deliverers at once take different messages instead of waiting for each other.
    .with_for_update(skip_locked=True)
    .scalar_subquery()
)
_LEASE = (
    update(outbox)
    .where(outbox.c.id == _NEXT_DUE)
    .values(leased_until=parameter("lease_until"))
    .returning(outbox)
)


def _with_facts(claimed: FromClause) -> Select[Any]:
    """The row of a claimed message, and what else there is to know of it."""
    return select(
        claimed,
        users.c.email.label("owner_address"),
        users.c.name.label("owner_name"),
        users.c.email_verified.label("owner_verified"),
        *(column.label(f"of_link_{column.name}") for column in links.c),
        exists().where(outbox.c.id != claimed.c.id, *_IS_DUE).label("others_due"),
    ).select_from(
        claimed.outerjoin(users, users.c.id == claimed.c.user_id).outerjoin(
            links, links.c.id == claimed.c.link_id
        )
    )


_CLAIM = FixedStatement(_with_facts(_LEASE.cte("claimed")))
# SQLite changes nothing within a SELECT: there it is two statements of one transaction.
_TAKE = FixedStatement(_LEASE)
_taken = outbox.alias("taken")
_TAKEN = FixedStatement(_with_facts(_taken).where(_taken.c.id == parameter("message_id")))
_FINISH = FixedStatement(
    update(outbox)
    .where(outbox.c.id == parameter("message_id"), outbox.c.sent_at.is_(None))
    .values(sent_at=parameter("at"), leased_until=null(), last_error=parameter("note"))
)


class SqlOutboxRepository(OutboxRepository):
    def __init__(self, runner: StatementRunner) -> None:
        self._run = runner.run
        self._row = runner.row
        self._later = runner.later
        self._dialect = runner.dialect
        self.has_added = False

    async def add(self, message: OutboxMessage) -> None:
        self.has_added = True
        await self._later(_INSERT, **_to_row(message))

    async def add_first(self, message: OutboxMessage) -> None:
        self.has_added = True
        await self._later(_INSERT_FIRST, **_to_row(message))

    async def count_since(self, user_id: UUID, template: MessageTemplate, since: datetime) -> int:
        row = await self._row(_COUNT_SINCE, owner_id=user_id, template=template.value, since=since)
        return int(row.messages)

    async def claim(self, at: datetime, lease_until: datetime) -> ClaimedMessage | None:
        if self._dialect != "sqlite":
            row = await self._row(_CLAIM, at=at, lease_until=lease_until)
        elif row := await self._row(_TAKE, at=at, lease_until=lease_until):
            row = await self._row(_TAKEN, at=at, message_id=row.id)
        return _claimed_from_row(row) if row else None

    async def finish(self, message_id: UUID, at: datetime, note: str | None = None) -> None:
        await self._later(_FINISH, message_id=message_id, at=at, note=note)

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


def _to_row(message: OutboxMessage) -> dict[str, Any]:
    return vars(message) | {"template": message.template.value}


def _from_row(row: Any) -> OutboxMessage:
    values = {column.name: getattr(row, column.name) for column in outbox.c}
    values["template"] = MessageTemplate(values["template"])
    return OutboxMessage(**values)


def _claimed_from_row(row: Any) -> ClaimedMessage:
    owner = link = None
    if row.owner_address is not None:
        owner = MailOwner(
            address=row.owner_address, name=row.owner_name, email_verified=row.owner_verified
        )
    if row.of_link_id is not None:
        link = link_from_row(row, "of_link_")
    return ClaimedMessage(
        message=_from_row(row), owner=owner, link=link, others_due=bool(row.others_due)
    )
