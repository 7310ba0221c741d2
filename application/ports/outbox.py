"""Keeping mail until it is sent."""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from domain.links import Link
from domain.outbox import MessageTemplate, OutboxMessage


@dataclass(frozen=True, kw_only=True)
class FailedTry:
    """How a try went wrong. `due_at` None sets the message aside. `reason` holds no secret."""

    at: datetime
    due_at: datetime | None
    reason: str


@dataclass(frozen=True, kw_only=True)
class OutboxDepth:
    """How many messages are not sent: those that will be tried, and those that were given up."""

    waiting: int
    set_aside: int


@dataclass(frozen=True, kw_only=True)
class MailOwner:
    """Whose account a message speaks of."""

    address: str
    name: str
    email_verified: bool


@dataclass(frozen=True, kw_only=True)
class ClaimedMessage:
    """One to deliver, what its letter is made of, and whether others are due that nobody has.

    `owner` None: the account is gone. `link` None: there is none (any more).
    """

    message: OutboxMessage
    owner: MailOwner | None
    link: Link | None
    others_due: bool


class OutboxRepository(ABC):
    """Messages, written in the act's own transaction and delivered afterwards."""

    @abstractmethod
    async def add(self, message: OutboxMessage) -> None:
        """Stores nothing, at the same cost, where there is no such account."""

    @abstractmethod
    async def add_first(self, message: OutboxMessage) -> None:
        """For an account that this unit has added."""

    @abstractmethod
    async def count_since(self, user_id: UUID, template: MessageTemplate, since: datetime) -> int:
        """How many were added after that instant, sent or not."""

    @abstractmethod
    async def claim(self, at: datetime, lease_until: datetime) -> ClaimedMessage | None:
        """The message due for longest, leased to the caller by one conditional UPDATE.

        Nobody else gets it before `lease_until`. Claiming is not a try: whoever dies with a lease
        leaves the message as it was.
        """

    @abstractmethod
    async def finish(self, message_id: UUID, at: datetime, note: str | None = None) -> None:
        """It is sent; or `note` says why it never will be. Whoever holds the lease by now."""

    @abstractmethod
    async def fail(self, message: OutboxMessage, failed: FailedTry) -> bool:
        """One more try is used up. False if the claimed message's lease is another's by now."""

    @abstractmethod
    async def page_set_aside(self, before: UUID | None, limit: int) -> list[OutboxMessage]:
        """Newest first: at most `limit` messages that were given up, id lower than `before`."""

    @abstractmethod
    async def retry(self, message_id: UUID | None, at: datetime) -> int:
        """Makes one message that was set aside, or all, due at once with all tries; how many."""

    @abstractmethod
    async def depth(self) -> OutboxDepth:
        """Of this moment."""


class DeliverySignal(ABC):
    """Tells whoever delivers that there is something to deliver; nothing is lost without it."""

    @abstractmethod
    def notify(self) -> None:
        """Call after a commit that added a message. Neither waits nor raises."""

    @abstractmethod
    def close(self) -> None:
        """The last call."""
