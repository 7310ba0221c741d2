"""Deleting what is past, in SQL."""

from sqlalchemy import Column, ColumnElement, Table, delete, or_, select, tuple_

from adapters.sql.backoff import known_addresses, sign_in_failures
from adapters.sql.statements import StatementRunner
from adapters.sql.tables import events, idempotency, links, outbox, sessions
from application.ports.retention import Cutoffs, RetentionRepository


class SqlRetentionRepository(RetentionRepository):
    def __init__(self, runner: StatementRunner) -> None:
        self._run = runner.run

    async def purge(self, cutoffs: Cutoffs, limit: int) -> dict[str, int]:
        past: dict[Table, ColumnElement[bool]] = {
            sessions: or_(
                sessions.c.expires_at < cutoffs.sessions, sessions.c.ended_at < cutoffs.sessions
            ),
            links: links.c.expires_at < cutoffs.links,
            outbox: (outbox.c.created_at < cutoffs.outbox) & outbox.c.sent_at.is_not(None),
            idempotency: idempotency.c.expires_at < cutoffs.idempotency,
            events: events.c.at < cutoffs.events,
            sign_in_failures: sign_in_failures.c.last_try_at < cutoffs.sign_in_failures,
            known_addresses: known_addresses.c.last_signed_in_at < cutoffs.known_addresses,
        }
        return {
            table.name: await self._delete(table, condition, limit)
            for table, condition in past.items()
        }

    async def _delete(self, table: Table, condition: ColumnElement[bool], limit: int) -> int:
        # A bounded bite: a statement that deletes a year's worth would run into its time limit.
        key: list[Column[object]] = list(table.primary_key.columns)
        chosen = select(*key).where(condition).limit(limit)
        statement = delete(table).where(
            key[0].in_(chosen) if len(key) == 1 else tuple_(*key).in_(chosen)
        )
        return (await self._run(statement)).rowcount
