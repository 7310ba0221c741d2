"""The outbox in memory."""

from dataclasses import replace
from datetime import datetime
from uuid import UUID

from adapters.memory.records import Records
from adapters.memory.selection import newest_first
from application.ports.outbox import (
    ClaimedMessage,
    FailedTry,
    MailOwner,
    OutboxDepth,
    OutboxRepository,
)
from domain.outbox import MessageTemplate, OutboxMessage


class MemoryOutboxRepository(OutboxRepository):
    def __init__(self, records: Records) -> None:
        self._records = records
        self.has_added = False

    async def add(self, message: OutboxMessage) -> None:
        self.has_added = True
        if message.user_id in self._records.users:
            self._records.outbox[message.id] = message

    async def add_first(self, message: OutboxMessage) -> None:
        self.has_added = True
        self._store(message)

    async def count_since(self, user_id: UUID, template: MessageTemplate, since: datetime) -> int:
        return sum(
            (message.user_id, message.template) == (user_id, template)
            and message.created_at > since
            for message in self._records.outbox.values()
        )

    async def claim(self, at: datetime, lease_until: datetime) -> ClaimedMessage | None:
        due = self._due(at)
        if not due:
            return None
        longest = min(due, key=lambda message: (message.due_at, message.id))
        message = self._store(replace(longest, leased_until=lease_until))
        user = self._records.users.get(message.user_id)
        return ClaimedMessage(
            message=message,
            owner=MailOwner(
                address=user.email.address, name=user.name, email_verified=user.email_verified
            )
            if user
            else None,
            link=self._records.links.get(message.link_id) if message.link_id else None,
            others_due=len(due) > 1,
        )

    async def finish(self, message_id: UUID, at: datetime, note: str | None = None) -> None:
        message = self._records.outbox.get(message_id)
        if message is not None and message.sent_at is None:
            self._store(replace(message, sent_at=at, leased_until=None, last_error=note))

    async def fail(self, message: OutboxMessage, failed: FailedTry) -> bool:
        stored = self._records.outbox.get(message.id)
        if stored is None or stored.leased_until != message.leased_until or stored.sent_at:
            return False
        self._store(
            replace(
                stored,
                attempts=stored.attempts + 1,
                leased_until=None,
                due_at=failed.due_at or stored.due_at,
                set_aside_at=None if failed.due_at else failed.at,
                last_error=failed.reason,
            )
        )
        return True

    async def page_set_aside(self, before: UUID | None, limit: int) -> list[OutboxMessage]:
        matching = (
            message for message in self._records.outbox.values() if message.set_aside_at is not None
        )
        return newest_first(matching, before, limit)

    async def retry(self, message_id: UUID | None, at: datetime) -> int:
        self.has_added = True
        given_up = [
            message
            for message in self._records.outbox.values()
            if message.set_aside_at is not None and message_id in (None, message.id)
        ]
        for message in given_up:
            self._store(replace(message, set_aside_at=None, attempts=0, due_at=at))
        return len(given_up)

    async def depth(self) -> OutboxDepth:
        unsent = [each for each in self._records.outbox.values() if each.sent_at is None]
        set_aside = sum(message.set_aside_at is not None for message in unsent)
        return OutboxDepth(waiting=len(unsent) - set_aside, set_aside=set_aside)

    def _due(self, at: datetime) -> list[OutboxMessage]:
        return [
            message
            for message in self._records.outbox.values()
            if message.sent_at is None
            and message.set_aside_at is None
            and message.due_at <= at
            and (message.leased_until is None or message.leased_until <= at)
        ]

    def _store(self, message: OutboxMessage) -> OutboxMessage:
        self._records.outbox[message.id] = message
        return message
