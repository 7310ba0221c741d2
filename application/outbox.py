"""Delivering what waits in the outbox, and what operators do about what could not be delivered."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from application.audit import EventFactory
from application.link_tokens import LinkTokens
from application.pages import CursorCodec
from application.ports.clock import Clock
from application.ports.mailer import Letter, Mailer, MailNotSent, MessageRenderer
from application.ports.outbox import ClaimedMessage, FailedTry, OutboxDepth
from application.ports.telemetry import MessageOutcome, Telemetry
from application.ports.unit_of_work import UnitOfWorkFactory
from domain.access import Actor, require_trusted
from domain.addresses import EmailAddress
from domain.errors import NotFound, Unavailable
from domain.events import EventKind, Party
from domain.links import LinkPurpose
from domain.outbox import OutboxMessage, next_try
from domain.pages import Page

_LEASE = timedelta(seconds=20)
"""Longer than a mailer may take; whoever dies with a message holds it up for no longer."""

_DEPTH_KEPT = timedelta(seconds=10)
"""Whoever may read metrics must not be able to make the database count all day."""

_LISTING = "outbox"


@dataclass(frozen=True, kw_only=True)
class LinkPages:
    """Where links lead: whole URLs of pages that read the token from the fragment."""

    verify: str
    reset: str

    def link(self, purpose: LinkPurpose, token: str) -> str:
        page = self.reset if purpose is LinkPurpose.RESET else self.verify
        # A fragment is sent to no server and stands in no log and no Referer.
        return f"{page}#token={token}"


def _never() -> bool:
    return False


class DeliverMessages:
    """The service itself: sends what is due, one message after another.

    At least once: who dies between sending and noting it sends again, with the same Message-ID. One
    at a time, so that this costs one duplicate and not many. Any number of processes may deliver at
    once. Raises Unavailable.
    """

    def __init__(
        self,
        *,
        uow: UnitOfWorkFactory,
        mailer: Mailer,
        renderer: MessageRenderer,
        tokens: LinkTokens,
        pages: LinkPages,
        clock: Clock,
        telemetry: Telemetry,
        spares_reserved: bool,
    ) -> None:
        self._uow = uow
        self._mailer = mailer
        self._renderer = renderer
        self._tokens = tokens
        self._pages = pages
        self._clock = clock
        self._telemetry = telemetry
        self._spares_reserved = spares_reserved

    async def execute(self, *, at_most: int = 1000, until: Callable[[], bool] = _never) -> int:
        """How many messages it took up, sent or not: at most so many, and none after `until`."""
        if at_most < 1 or until():
            return 0
        count, claimed = 0, await self._claim()
        while claimed is not None:
            count += 1
            noting = await self._try(claimed)
            if not claimed.others_due or count >= at_most or until():
                await noting
                break
            claimed = await self._claim_beside(noting)
        return count

    async def _claim_beside(self, noting: Awaitable[None]) -> ClaimedMessage | None:
        """The next one is sent after the last one is noted, but is claimed meanwhile."""
        noted, claimed = await asyncio.gather(noting, self._claim(), return_exceptions=True)
        if isinstance(noted, BaseException):
            raise noted
        if isinstance(claimed, BaseException):
            raise claimed
        return claimed

    async def _claim(self) -> ClaimedMessage | None:
        now = self._clock.now()
        async with self._uow.single() as uow:
            claimed = await uow.outbox.claim(now, now + _LEASE)
            await uow.commit()
        return claimed

    async def _try(self, claimed: ClaimedMessage) -> Awaitable[None]:
        """Sends it. What is returned notes how that went."""
        message, letter = claimed.message, self._write(claimed)
        if isinstance(letter, str):
            return self._finish(message, letter)
        try:
            await self._mailer.send(self._renderer.render(letter))
        except MailNotSent as error:
            return self._fail(message, str(error))
        except Exception as error:  # noqa: BLE001
            # Whatever is wrong with one message must not keep the others; its text may hold a link.
            return self._fail(message, type(error).__name__)
        return self._finish(message)

    def _write(self, claimed: ClaimedMessage) -> Letter | str:
        """The letter, or why there is none to send."""
        message, owner, link = claimed.message, claimed.owner, claimed.link
        if owner is None:
            return "the account is gone"
        recipient = message.recipient or owner.address
        url = None
        if message.link_id is not None:
            if link is None or not link.is_open(self._clock.now()):
                return "the link is not open any more"
            recipient = link.email.address
            url = self._pages.link(link.purpose, self._tokens.encode(link.id))
        if self._spares_reserved and EmailAddress.of_stored(recipient).is_reserved:
            return "the address is reserved and never sent to"
        return Letter(
            id=str(message.id),
            template=message.template,
            recipient=recipient,
            # Whoever registers a stranger's address does not get to write to them.
            name=owner.name if owner.email_verified else "",
            link=url,
        )

    async def _finish(self, message: OutboxMessage, note: str | None = None) -> None:
        async with self._uow() as uow:
            await uow.outbox.finish(message.id, self._clock.now(), note)
            await uow.commit()
        outcome = MessageOutcome.DROPPED if note else MessageOutcome.SENT
        self._telemetry.message_handled(outcome)

    async def _fail(self, message: OutboxMessage, reason: str) -> None:
        now = self._clock.now()
        due_at = next_try(message.attempts + 1, now)
        async with self._uow() as uow:
            await uow.outbox.fail(message, FailedTry(at=now, due_at=due_at, reason=reason))
            await uow.commit()
        outcome = MessageOutcome.FAILED if due_at else MessageOutcome.SET_ASIDE
        self._telemetry.message_handled(outcome)


class MeasureOutbox:
    """The service itself, as often as it likes: the answer is kept for ten seconds.

    None while the database is away.
    """

    def __init__(self, *, uow: UnitOfWorkFactory, clock: Clock) -> None:
        self._uow = uow
        self._clock = clock
        self._looked_at: datetime | None = None
        self._last: OutboxDepth | None = None

    async def execute(self) -> OutboxDepth | None:
        now = self._clock.now()
        if self._looked_at is None or now - self._looked_at >= _DEPTH_KEPT:
            self._looked_at = now
            try:
                async with self._uow.reading() as uow:
                    self._last = await uow.outbox.depth()
            except Unavailable:
                self._last = None
        return self._last


@dataclass(frozen=True, kw_only=True)
class ListMessagesQuery:
    actor: Actor
    limit: int
    cursor: str | None = None


class ListMessages:
    """Operators: messages that were set aside.

    Raises NotAuthenticated, PermissionMissing, InvalidCursor.
    """

    def __init__(self, *, uow: UnitOfWorkFactory, cursors: CursorCodec) -> None:
        self._uow = uow
        self._cursors = cursors

    async def execute(self, query: ListMessagesQuery) -> Page[OutboxMessage]:
        require_trusted(query.actor)
        before = self._cursors.decode(query.cursor, listing=_LISTING, filters={}, actor=query.actor)
        async with self._uow.reading() as uow:
            found = await uow.outbox.page_set_aside(before, query.limit + 1)
        return self._cursors.page(
            found, query.limit, listing=_LISTING, filters={}, actor=query.actor
        )


@dataclass(frozen=True, kw_only=True)
class RetryMessagesCommand:
    """`message_id` None: all that were set aside."""

    actor: Actor
    message_id: UUID | None = None


class RetryMessages:
    """Operators: messages that were set aside are due again, with all their tries.

    Raises NotAuthenticated, PermissionMissing; NotFound for a message that is not set aside.
    """

    def __init__(self, *, uow: UnitOfWorkFactory, clock: Clock, events: EventFactory) -> None:
        self._uow = uow
        self._clock = clock
        self._events = events

    async def execute(self, command: RetryMessagesCommand) -> int:
        require_trusted(command.actor)
        message_id = command.message_id
        async with self._uow() as uow:
            count = await uow.outbox.retry(message_id, self._clock.now())
            if message_id is not None and count == 0:
                raise NotFound
            await uow.events.add(
                self._events.success(
                    EventKind.MAIL_RETRIED,
                    command.actor,
                    Party(type="message", id=str(message_id)) if message_id else None,
                    count=count,
                )
            )
            await uow.commit()
        return count
