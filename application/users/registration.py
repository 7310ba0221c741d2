"""Creating accounts, by oneself or for others."""

from dataclasses import dataclass, field

from application.audit import EventFactory, user_party
from application.ports.addresses import AddressNormaliser
from application.ports.clock import Clock, IdGenerator
from application.ports.passwords import PasswordHasher
from application.ports.unit_of_work import UnitOfWorkFactory
from domain.access import Actor, PermissionMissing, require, require_authority_over
from domain.events import EventKind
from domain.passwords import PasswordPolicy
from domain.roles import ROLES_ASSIGN, USER_ROLE, USERS_WRITE
from domain.users import (
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


class RegisterUser:
    """Anyone where registration is open, holders of `users:write` always.

    Creates the account and its password together, or neither. Raises RegistrationClosed,
    InvalidEmailAddress, InvalidField, WeakPassword, EmailAlreadyRegistered, UnknownRole,
    PermissionMissing, Unavailable.
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
        registration_is_open: bool,
    ) -> None:
        self._uow = uow
        self._addresses = addresses
        self._hasher = hasher
        self._policy = policy
        self._clock = clock
        self._ids = ids
        self._events = events
        self._registration_is_open = registration_is_open

    async def execute(self, command: RegisterUserCommand) -> User:
        actor = command.actor
        on_behalf = actor.may(USERS_WRITE)
        if not on_behalf and not self._registration_is_open:
            raise RegistrationClosed
        self._check_extras(command)
        email = self._addresses.normalise(command.email)
        name = check_name(command.name)
        password = self._policy.check(command.password, local_part=email.local_part)
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
        kind = EventKind.USER_CREATED if on_behalf else EventKind.USER_REGISTERED
        async with self._uow() as uow:
            if command.roles:
                require_authority_over(actor, await uow.roles.permissions_of(user.roles))
            await uow.users.add(user)
            await uow.credentials.set_password(user.id, password_hash, now)
            await uow.events.add(
                self._events.success(kind, actor, user_party(user.id), roles=sorted(user.roles))
            )
            await uow.commit()
        return user

    def _check_extras(self, command: RegisterUserCommand) -> None:
        if command.roles:
            require(command.actor, ROLES_ASSIGN)
            check_role_count(command.roles | {USER_ROLE})
        if command.email_verified and not command.actor.is_trusted:
            raise PermissionMissing("operator")
