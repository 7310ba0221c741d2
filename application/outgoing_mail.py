"""How use cases send mail: by a row in the outbox, inside the act's own unit of work."""

from datetime import timedelta
from uuid import UUID

from application.ports.clock import Clock, IdGenerator
from application.ports.unit_of_work import UnitOfWork
from domain.addresses import EmailAddress
from domain.links import Link, LinkPurpose
from domain.outbox import MAILS_PER_HOUR, MessageTemplate, OutboxMessage

_HOUR = timedelta(hours=1)

_TEMPLATE_OF = {
    LinkPurpose.VERIFY: MessageTemplate.VERIFY_EMAIL,
    LinkPurpose.RESET: MessageTemplate.RESET_PASSWORD,
    LinkPurpose.CHANGE_EMAIL: MessageTemplate.CHANGE_EMAIL,
}


class OutgoingMail:
    """At most three messages of one kind to an account in an hour; more are not sent.

    Lock the account before. For an account that does not exist everything runs the same
    statements and leaves nothing, so that callers need not show whether they know an address.
    """

    def __init__(self, *, clock: Clock, ids: IdGenerator) -> None:
        self._clock = clock
        self._ids = ids

    async def has_room_for(
        self, uow: UnitOfWork, user_id: UUID, kind: MessageTemplate | LinkPurpose
    ) -> bool:
        """Whether the account may get one more of these now."""
        template = _TEMPLATE_OF[kind] if isinstance(kind, LinkPurpose) else kind
        since = self._clock.now() - _HOUR
        return await uow.outbox.count_since(user_id, template, since) < MAILS_PER_HOUR

    async def notify(
        self,
        uow: UnitOfWork,
        user_id: UUID,
        template: MessageTemplate,
        recipient: EmailAddress | None = None,
    ) -> None:
        """To the account's address, or to `recipient` instead."""
        if await self.has_room_for(uow, user_id, template):
            address = recipient.address if recipient else None
            await uow.outbox.add(self._message(user_id, template, recipient=address))

    async def send_link(
        self, uow: UnitOfWork, user_id: UUID, purpose: LinkPurpose, email: EmailAddress
    ) -> None:
        """A new link to that address, in place of earlier ones. Ask `has_room_for` before."""
        link = self._link(user_id, purpose, email)
        await uow.links.add(link)
        await uow.outbox.add(self._message(user_id, _TEMPLATE_OF[purpose], link_id=link.id))

    async def send_first_link(self, uow: UnitOfWork, user_id: UUID, email: EmailAddress) -> None:
        """To verify the address of an account that this unit has added."""
        link = self._link(user_id, LinkPurpose.VERIFY, email)
        await uow.links.add_first(link)
        await uow.outbox.add_first(
            self._message(user_id, MessageTemplate.VERIFY_EMAIL, link_id=link.id)
        )

    def _link(self, user_id: UUID, purpose: LinkPurpose, email: EmailAddress) -> Link:
        return Link.new(
            link_id=self._ids.new_id(),
            user_id=user_id,
            purpose=purpose,
            email=email,
            at=self._clock.now(),
        )

    def _message(
        self,
        user_id: UUID,
        template: MessageTemplate,
        *,
        link_id: UUID | None = None,
        recipient: str | None = None,
    ) -> OutboxMessage:
        now = self._clock.now()
        return OutboxMessage(
            id=self._ids.new_id(),
            template=template,
            user_id=user_id,
            link_id=link_id,
            recipient=recipient,
            created_at=now,
            due_at=now,
        )
