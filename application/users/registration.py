"""Creating accounts, by oneself or for others."""

from dataclasses import dataclass, field

from application.account_access import end_access
from application.audit import EventFactory, user_party
from application.idempotency import Once
from application.outgoing_mail import OutgoingMail
from application.ports.addresses import AddressNormaliser
from application.ports.clock import Clock, IdGenerator
from application.ports.passwords import PasswordHasher
from application.ports.unit_of_work import UnitOfWork, UnitOfWorkFactory
from application.ports.users import UserChanges
from domain.access import Actor, PermissionMissing, require, require_authority_over
from domain.events import EventKind
from domain.links import LinkPurpose
from domain.outbox import MessageTemplate
from domain.passwords import PasswordPolicy
from domain.roles import ROLES_ASSIGN, USER_ROLE, USERS_WRITE
from domain.sessions import SessionEnd
from domain.users import (
    EmailAlreadyRegistered,
    RegistrationClosed,
    User,
    UserKind,
    UserStatus,
    check_name,
    check_role_count,
)


@dataclass(frozen=True, kw_only=True)
class RegisterUserCommand:
    actor: Actor
    email: str
    name: str
    password: str = field(repr=False)
    roles: frozenset[str] = frozenset()
    """On top of `user`; for callers who may assign roles."""
    email_verified: bool = False
    """Vouched for by whoever runs the service; nobody else can."""
    once: Once[User | None] = field(default_factory=Once, repr=False)


class RegisterUser:
    """Anyone where registration is open, holders of `users:write` always.

    Creates the account and its password together, or neither, and sends a link that verifies its
    address. Where strangers must confirm their address by mail, they get None whether the address
    is known or not, for the same work: its owner is told, and over an account that was never
    confirmed its password and link are replaced. Raises RegistrationClosed, InvalidEmailAddress,
    InvalidField, WeakPassword, EmailAlreadyRegistered, UnknownRole, PermissionMissing, Unavailable;
    with an idempotency key also IdempotencyKeyReused and ConcurrentChange.
    """

    def __init__(
        self,
        *,
        uow: UnitOfWorkFactory,
        addresses: AddressNormaliser,
        hasher: PasswordHasher,
        policy: PasswordPolicy,
        clock: Clock,
        ids: IdGenerator,
        events: EventFactory,
        mail: OutgoingMail,
        registration_is_open: bool,
        confirms_by_mail: bool,
    ) -> None:
        self._uow = uow
        self._addresses = addresses
        self._hasher = hasher
        self._policy = policy
        self._clock = clock
        self._ids = ids
        self._events = events
        self._mail = mail
        self._registration_is_open = registration_is_open
        self._confirms_by_mail = confirms_by_mail

    async def execute(self, command: RegisterUserCommand) -> User | None:
        actor = command.actor
        on_behalf = actor.may(USERS_WRITE)
        if not on_behalf and not self._registration_is_open:
            raise RegistrationClosed
        self._check_extras(command)
        email = self._addresses.normalise(command.email)
        name = check_name(command.name)
        password = self._policy.check(command.password, local_part=email.local_part)
        await command.once.begin()
        password_hash = await self._hasher.hash(password)

        now = self._clock.now()
        user = User(
            id=self._ids.new_id(),
            email=email,
            email_verified=command.email_verified,
            name=name,
            kind=UserKind.HUMAN,
            status=UserStatus.ACTIVE,
            roles=command.roles | {USER_ROLE},
            version=1,
            created_at=now,
            updated_at=now,
        )
        if on_behalf or not self._confirms_by_mail:
            kind = EventKind.USER_CREATED if on_behalf else EventKind.USER_REGISTERED
            async with self._uow() as uow:
                if command.roles:
                    await uow.roles.lock_administrators()
                    require_authority_over(actor, await uow.roles.permissions_of(user.roles))
                await self._create(uow, actor, user, password_hash, kind)
                await command.once.keep(uow, user)
                await uow.commit()
            return user
        await self._ask_to_confirm(command, user, password_hash)
        return None

    async def _ask_to_confirm(
        self, command: RegisterUserCommand, user: User, password_hash: str
    ) -> None:
        try:
            await self._settle(command, user, password_hash)
        except EmailAlreadyRegistered:
            # At the same instant somebody registered the address: now it is a known one.
            await self._settle(command, user, password_hash)

    async def _settle(self, command: RegisterUserCommand, user: User, password_hash: str) -> None:
        actor = command.actor
        nobody = self._ids.new_id()
        async with self._uow() as uow:
            found = await uow.users.find(user.email.key)
            known = await uow.users.lock(found.id if found else nobody)
            if known is None or known.email.key != user.email.key:
                # What the other paths do, done to nobody, so that this one takes as long.
                await self._mail.has_room_for(uow, nobody, LinkPurpose.VERIFY)
                await end_access(uow, nobody, user.created_at, SessionEnd.PASSWORD_CHANGED)
                await self._create(uow, actor, user, password_hash, EventKind.USER_REGISTERED)
            elif _is_pending(known):
                await self._replace(uow, actor, known, user, password_hash)
            else:
                await self._remind(uow, actor, known)
            await command.once.keep(uow, None)
            await uow.commit()

    async def _create(
        self, uow: UnitOfWork, actor: Actor, user: User, password_hash: str, kind: EventKind
    ) -> None:
        await uow.users.add(user)
        await uow.credentials.set_password(user.id, password_hash, user.created_at)
        if not user.email_verified:
            await self._mail.send_first_link(uow, user.id, user.email)
        await uow.events.add(
            self._events.success(kind, actor, user_party(user.id), roles=sorted(user.roles))
        )

    async def _replace(
        self, uow: UnitOfWork, actor: Actor, pending: User, user: User, password_hash: str
    ) -> None:
        now = user.created_at
        # Without room for a mail nothing changes: a password must not go with an older link.
        if await self._mail.has_room_for(uow, pending.id, LinkPurpose.VERIFY):
            await uow.users.change(pending.id, UserChanges(name=user.name), now, None)
            await uow.credentials.set_password(pending.id, password_hash, now)
            await end_access(uow, pending.id, now, SessionEnd.PASSWORD_CHANGED)
            await self._mail.send_link(uow, pending.id, LinkPurpose.VERIFY, pending.email)
        await self._note_repetition(uow, actor, pending)

    async def _remind(self, uow: UnitOfWork, actor: Actor, known: User) -> None:
        nobody = self._ids.new_id()
        # The same here.
        await end_access(uow, nobody, self._clock.now(), SessionEnd.PASSWORD_CHANGED)
        await self._mail.send_link(uow, nobody, LinkPurpose.VERIFY, known.email)
        told = known.id if known.is_active else nobody
        await self._mail.notify(uow, told, MessageTemplate.ALREADY_REGISTERED)
        await self._note_repetition(uow, actor, known)

    async def _note_repetition(self, uow: UnitOfWork, actor: Actor, known: User) -> None:
        kind = EventKind.REGISTRATION_REPEATED
        await uow.events.add(self._events.success(kind, actor, user_party(known.id)))

    def _check_extras(self, command: RegisterUserCommand) -> None:
        if command.roles:
            require(command.actor, ROLES_ASSIGN)
            check_role_count(command.roles | {USER_ROLE})
        if command.email_verified and not command.actor.is_trusted:
            raise PermissionMissing("operator")


def _is_pending(user: User) -> bool:
    """Whether a stranger may register over it: nobody has proved the address, nor been trusted."""
    return not user.email_verified and user.is_active and user.roles == {USER_ROLE}
