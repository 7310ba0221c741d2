"""Forgotten passwords: a link by mail, and a new password for it."""

from dataclasses import dataclass, field

from application.account_access import end_access
from application.audit import EventFactory, user_party
from application.backoff import SignInBackoff
from application.link_tokens import LinkTokens
from application.outgoing_mail import OutgoingMail
from application.ports.addresses import AddressNormaliser
from application.ports.clock import Clock, IdGenerator
from application.ports.macs import MessageAuthenticator
from application.ports.passwords import PasswordHasher
from application.ports.unit_of_work import UnitOfWorkFactory
from application.ports.users import UserChanges
from domain.access import Actor
from domain.addresses import EmailAddress, InvalidEmailAddress
from domain.events import EventKind, Party
from domain.links import InvalidLink, Link, LinkPurpose
from domain.outbox import MessageTemplate
from domain.passwords import PasswordPolicy
from domain.sessions import SessionEnd
from domain.users import User

_NOBODY = EmailAddress(address="", key="")
"""An address that no account has."""


@dataclass(frozen=True, kw_only=True)
class ForgotPasswordCommand:
    actor: Actor
    email: str


class ForgotPassword:
    """Anyone, for any address. An active account that has it gets a link by mail.

    Whether there is such an account shows neither in the outcome nor in the work. Raises
    Unavailable.
    """

    def __init__(
        self,
        *,
        uow: UnitOfWorkFactory,
        addresses: AddressNormaliser,
        macs: MessageAuthenticator,
        ids: IdGenerator,
        events: EventFactory,
        mail: OutgoingMail,
    ) -> None:
        self._uow = uow
        self._addresses = addresses
        self._macs = macs
        self._ids = ids
        self._events = events
        self._mail = mail

    async def execute(self, command: ForgotPasswordCommand) -> None:
        email = self._read(command.email)
        nobody = self._ids.new_id()
        async with self._uow() as uow:
            found = await uow.users.find(email.key)
            user = await uow.users.lock(found.id if found else nobody)
            known = user if user and user.is_active and user.email.key == email.key else None
            target = known.id if known else nobody
            has_room = await self._mail.has_room_for(uow, target, LinkPurpose.RESET)
            await self._mail.send_link(
                uow,
                target if has_room else nobody,
                LinkPurpose.RESET,
                known.email if known else email,
            )
            await uow.events.add(
                self._events.success(
                    EventKind.PASSWORD_RESET_REQUESTED,
                    command.actor,
                    user_party(known.id) if known else Party(type="user", id=None),
                    address_digest=self._macs.tag("event-address", email.key.encode()).hex(),
                )
            )
            await uow.commit()

    def _read(self, email: str) -> EmailAddress:
        try:
            return self._addresses.normalise(email)
        except InvalidEmailAddress:
            return _NOBODY


@dataclass(frozen=True, kw_only=True)
class ResetPasswordCommand:
    actor: Actor
    token: str = field(repr=False)
    new_password: str = field(repr=False)


class ResetPassword:
    """Whoever holds the newest reset link of an active account.

    Sets the password, counts as proof of the address, and ends every session and link of the
    account. A password that is refused does not use the link up. Raises InvalidLink, InvalidField,
    WeakPassword, Unavailable.
    """

    def __init__(
        self,
        *,
        uow: UnitOfWorkFactory,
        tokens: LinkTokens,
        hasher: PasswordHasher,
        policy: PasswordPolicy,
        clock: Clock,
        events: EventFactory,
        mail: OutgoingMail,
        backoff: SignInBackoff,
    ) -> None:
        self._uow = uow
        self._tokens = tokens
        self._hasher = hasher
        self._policy = policy
        self._clock = clock
        self._events = events
        self._mail = mail
        self._backoff = backoff

    async def execute(self, command: ResetPasswordCommand) -> None:
        link, user = await self._find(command.token)
        password = self._policy.check(
            command.new_password, local_part=user.email.local_part, field="new_password"
        )
        password_hash = await self._hasher.hash(password)
        now = self._clock.now()
        async with self._uow() as uow:
            # The account first, then the link: the order in which everybody locks them.
            holder = await uow.users.lock(user.id)
            used = await uow.links.use(link.id, (LinkPurpose.RESET,), now)
            if used is None or holder is None or not _may_reset(holder, used):
                raise InvalidLink
            await uow.credentials.set_password(user.id, password_hash, now)
            await self._backoff.forgive(uow, user.email.key)
            if not holder.email_verified:
                await uow.users.change(user.id, UserChanges(email_verified=True), now, None)
            await end_access(uow, user.id, now, SessionEnd.PASSWORD_RESET)
            await self._mail.notify(uow, user.id, MessageTemplate.PASSWORD_CHANGED)
            await uow.events.add(
                self._events.success(EventKind.PASSWORD_RESET, command.actor, user_party(user.id))
            )
            await uow.commit()

    async def _find(self, token: str) -> tuple[Link, User]:
        link_id = self._tokens.decode(token)
        async with self._uow.reading() as uow:
            link = await uow.links.get(link_id)
            user = await uow.users.get(link.user_id) if link else None
        if link is None or user is None or not _may_reset(user, link):
            raise InvalidLink
        if link.purpose is not LinkPurpose.RESET or not link.is_open(self._clock.now()):
            raise InvalidLink
        return link, user


def _may_reset(user: User, link: Link) -> bool:
    """Not for a disabled account, nor by mail to an address that it has given up."""
    return user.is_active and user.email.key == link.email.key
