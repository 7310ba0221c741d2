"""Proving the address of an account, and changing it."""

from dataclasses import dataclass, field
from datetime import datetime

from application.account_access import end_access
from application.audit import EventFactory, user_party
from application.link_tokens import LinkTokens
from application.outgoing_mail import OutgoingMail
from application.password_proof import PasswordProof
from application.ports.addresses import AddressNormaliser
from application.ports.clock import Clock, IdGenerator
from application.ports.unit_of_work import UnitOfWork, UnitOfWorkFactory
from application.ports.users import UserChanges
from domain.access import Actor, require_session
from domain.errors import NotFound
from domain.events import EventKind
from domain.links import InvalidLink, Link, LinkPurpose
from domain.outbox import MessageTemplate
from domain.sessions import SessionEnd
from domain.users import EmailAlreadyRegistered, User

_PURPOSES = (LinkPurpose.VERIFY, LinkPurpose.CHANGE_EMAIL)


@dataclass(frozen=True, kw_only=True)
class VerifyEmailCommand:
    actor: Actor
    token: str = field(repr=False)


class VerifyEmail:
    """Whoever holds the newest link to an address: it is the account's, and verified, from now on.

    The first proof of an account's address ends its sessions and other links. A new address takes
    the place of the old one, which gets a notice. Raises InvalidLink, Unavailable.
    """

    def __init__(
        self,
        *,
        uow: UnitOfWorkFactory,
        tokens: LinkTokens,
        clock: Clock,
        events: EventFactory,
        mail: OutgoingMail,
    ) -> None:
        self._uow = uow
        self._tokens = tokens
        self._clock = clock
        self._events = events
        self._mail = mail

    async def execute(self, command: VerifyEmailCommand) -> None:
        link_id = self._tokens.decode(command.token)
        now = self._clock.now()
        async with self._uow() as uow:
            link = await uow.links.get(link_id)
            # The account first, then the link: the order in which everybody locks them.
            user = await uow.users.lock(link.user_id) if link else None
            used = await uow.links.use(link_id, _PURPOSES, now)
            if used is None or user is None or not user.is_active:
                raise InvalidLink
            if used.purpose is LinkPurpose.CHANGE_EMAIL:
                await self._swap(uow, user, used, now)
                kind = EventKind.EMAIL_CHANGED
            else:
                await _verify(uow, user, used, now)
                kind = EventKind.EMAIL_VERIFIED
            if not user.email_verified:
                await end_access(uow, user.id, now, SessionEnd.EMAIL_VERIFIED)
            await uow.events.add(self._events.success(kind, command.actor, user_party(user.id)))
            await uow.commit()

    async def _swap(self, uow: UnitOfWork, user: User, link: Link, now: datetime) -> None:
        changes = UserChanges(email=link.email, email_verified=True)
        try:
            await uow.users.change(user.id, changes, now, None)
        except EmailAlreadyRegistered:
            # Somebody was first. To say so would tell who has an account.
            raise InvalidLink from None
        # What was sent to the old address proves nothing about the account any more.
        await uow.links.withdraw(user.id, tuple(LinkPurpose))
        await self._mail.notify(uow, user.id, MessageTemplate.EMAIL_CHANGED, recipient=user.email)


async def _verify(uow: UnitOfWork, user: User, link: Link, now: datetime) -> None:
    if user.email.key != link.email.key:
        raise InvalidLink
    if not user.email_verified:
        await uow.users.change(user.id, UserChanges(email_verified=True), now, None)


@dataclass(frozen=True, kw_only=True)
class ResendVerificationCommand:
    actor: Actor


class ResendVerification:
    """A signed-in user whose address is not verified yet gets a new link; the earlier ones end.

    For a verified address nothing happens. Raises NotAuthenticated, PermissionMissing, NotFound,
    Unavailable.
    """

    def __init__(self, *, uow: UnitOfWorkFactory, events: EventFactory, mail: OutgoingMail) -> None:
        self._uow = uow
        self._events = events
        self._mail = mail

    async def execute(self, command: ResendVerificationCommand) -> None:
        user_id, _ = require_session(command.actor)
        async with self._uow() as uow:
            user = await uow.users.lock(user_id)
            if user is None:
                raise NotFound
            if user.email_verified:
                return
            if not await self._mail.has_room_for(uow, user_id, LinkPurpose.VERIFY):
                return
            await self._mail.send_link(uow, user_id, LinkPurpose.VERIFY, user.email)
            await uow.events.add(
                self._events.success(
                    EventKind.VERIFICATION_REQUESTED, command.actor, user_party(user_id)
                )
            )
            await uow.commit()


@dataclass(frozen=True, kw_only=True)
class ChangeEmailCommand:
    actor: Actor
    email: str
    password: str = field(repr=False)


class ChangeEmail:
    """A signed-in user who gives the password: the new address gets a link, and nothing changes.

    Whether another account has the address shows neither in the outcome nor in the work. Raises
    NotAuthenticated, PermissionMissing, InvalidCredentials, InvalidEmailAddress, InvalidField,
    Unavailable.
    """

    def __init__(
        self,
        *,
        addresses: AddressNormaliser,
        proof: PasswordProof,
        ids: IdGenerator,
        events: EventFactory,
        mail: OutgoingMail,
    ) -> None:
        self._addresses = addresses
        self._proof = proof
        self._ids = ids
        self._events = events
        self._mail = mail

    async def execute(self, command: ChangeEmailCommand) -> None:
        actor = command.actor
        require_session(actor)
        email = self._addresses.normalise(command.email)
        proven = await self._proof.check(actor, command.password, field="password")
        async with self._proof.hold(actor, proven) as (uow, user):
            holder = await uow.users.find(email.key)
            # Another spelling of one's own address is a change too.
            is_free = holder is None or (holder.id == user.id and holder.email != email)
            has_room = await self._mail.has_room_for(uow, user.id, LinkPurpose.CHANGE_EMAIL)
            target = user.id if is_free and has_room else self._ids.new_id()
            await self._mail.send_link(uow, target, LinkPurpose.CHANGE_EMAIL, email)
            await uow.events.add(
                self._events.success(EventKind.EMAIL_CHANGE_REQUESTED, actor, user_party(user.id))
            )
            await uow.commit()
