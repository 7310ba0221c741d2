"""Acts on other people's accounts."""

from dataclasses import dataclass, field
from uuid import UUID

from application.account_access import withdraw_powers
from application.audit import EventFactory, user_party
from application.authority import changed, keep_an_administrator, lock_target
from application.backoff import SignInBackoff
from application.outgoing_mail import OutgoingMail
from application.ports.clock import Clock
from application.ports.passwords import PasswordHasher
from application.ports.unit_of_work import UnitOfWorkFactory
from application.ports.users import UserChanges
from domain.access import Actor, PermissionMissing, require_authority_over
from domain.errors import NotFound
from domain.events import EventKind
from domain.outbox import MessageTemplate
from domain.passwords import PasswordPolicy
from domain.roles import ADMIN_ROLE, ROLES_ASSIGN, USERS_WRITE
from domain.sessions import SessionEnd
from domain.users import User, UserStatus, check_name, check_role_count


@dataclass(frozen=True, kw_only=True)
class UpdateUserCommand:
    actor: Actor
    user_id: UUID
    name: str | None = None
    status: UserStatus | None = None
    if_version: int | None = None


class UpdateUser:
    """Holders of `users:write` with authority over the account. Disabling ends its sessions.

    Raises NotAuthenticated, NotFound, PermissionMissing, InvalidField, LastAdministrator,
    StaleVersion.
    """

    def __init__(self, *, uow: UnitOfWorkFactory, clock: Clock, events: EventFactory) -> None:
        self._uow = uow
        self._clock = clock
        self._events = events

    async def execute(self, command: UpdateUserCommand) -> User:
        if command.name is not None:
            check_name(command.name)
        now = self._clock.now()
        async with self._uow() as uow:
            user = await lock_target(uow, command.actor, command.user_id, USERS_WRITE)
            disabling = command.status is UserStatus.DISABLED and user.is_active
            if disabling:
                await keep_an_administrator(uow, user)
                await uow.sessions.end_all(user.id, now, SessionEnd.USER_DISABLED)
            changes = UserChanges(name=command.name, status=command.status)
            updated = changed(await uow.users.change(user.id, changes, now, command.if_version))
            await uow.events.add(
                self._events.success(
                    _kind_of_update(user, updated),
                    command.actor,
                    user_party(user.id),
                    fields=_changed_fields(user, updated),
                )
            )
            await uow.commit()
        return updated


def _kind_of_update(before: User, after: User) -> EventKind:
    if before.status is after.status:
        return EventKind.USER_UPDATED
    return EventKind.USER_ENABLED if after.is_active else EventKind.USER_DISABLED


def _changed_fields(before: User, after: User) -> list[str]:
    return [name for name in ("name", "status") if getattr(before, name) != getattr(after, name)]


@dataclass(frozen=True, kw_only=True)
class SetUserRolesCommand:
    actor: Actor
    user_id: UUID
    roles: frozenset[str]
    if_version: int | None = None


class SetUserRoles:
    """Holders of `roles:assign`, who hold whatever the account holds and is to receive.

    Raises NotAuthenticated, NotFound, PermissionMissing, InvalidField, UnknownRole,
    LastAdministrator, StaleVersion.
    """

    def __init__(self, *, uow: UnitOfWorkFactory, clock: Clock, events: EventFactory) -> None:
        self._uow = uow
        self._clock = clock
        self._events = events

    async def execute(self, command: SetUserRolesCommand) -> User:
        check_role_count(command.roles)
        async with self._uow() as uow:
            user = await lock_target(uow, command.actor, command.user_id, ROLES_ASSIGN)
            require_authority_over(command.actor, await uow.roles.permissions_of(command.roles))
            if ADMIN_ROLE not in command.roles:
                await keep_an_administrator(uow, user)
            updated = changed(
                await uow.users.set_roles(
                    user.id, command.roles, self._clock.now(), command.if_version
                )
            )
            await uow.events.add(
                self._events.success(
                    EventKind.USER_ROLES_CHANGED,
                    command.actor,
                    user_party(user.id),
                    before=sorted(user.roles),
                    after=sorted(updated.roles),
                )
            )
            await uow.commit()
        return updated


@dataclass(frozen=True, kw_only=True)
class DeleteUserCommand:
    actor: Actor
    user_id: UUID
    if_version: int | None = None


class DeleteUser:
    """Holders of `users:write` with authority over the account. The audit log keeps its id only.

    Raises NotAuthenticated, NotFound, PermissionMissing, LastAdministrator, StaleVersion.
    """

    def __init__(self, *, uow: UnitOfWorkFactory, events: EventFactory) -> None:
        self._uow = uow
        self._events = events

    async def execute(self, command: DeleteUserCommand) -> None:
        async with self._uow() as uow:
            user = await lock_target(uow, command.actor, command.user_id, USERS_WRITE)
            await keep_an_administrator(uow, user)
            if not await uow.users.delete(user.id, command.if_version):
                changed(None)
            await uow.events.add(
                self._events.success(EventKind.USER_DELETED, command.actor, user_party(user.id))
            )
            await uow.commit()


@dataclass(frozen=True, kw_only=True)
class SetPasswordCommand:
    actor: Actor
    user_id: UUID
    password: str = field(repr=False)


class SetPassword:
    """Operators only: gives an account a new password and ends all its sessions.

    Raises PermissionMissing, NotFound, WeakPassword, Unavailable.
    """

    def __init__(
        self,
        *,
        uow: UnitOfWorkFactory,
        hasher: PasswordHasher,
        policy: PasswordPolicy,
        clock: Clock,
        events: EventFactory,
        mail: OutgoingMail,
        backoff: SignInBackoff,
    ) -> None:
        self._uow = uow
        self._hasher = hasher
        self._policy = policy
        self._clock = clock
        self._events = events
        self._mail = mail
        self._backoff = backoff

    async def execute(self, command: SetPasswordCommand) -> None:
        if not command.actor.is_trusted:
            raise PermissionMissing("operator")
        async with self._uow.reading() as uow:
            user = await uow.users.get(command.user_id)
        if user is None:
            raise NotFound
        password = self._policy.check(command.password, local_part=user.email.local_part)
        password_hash = await self._hasher.hash(password)
        now = self._clock.now()
        async with self._uow() as uow:
            if await uow.users.lock(user.id) is None:
                raise NotFound
            await uow.credentials.set_password(user.id, password_hash, now)
            await self._backoff.forgive(uow, user.email.key)
            await uow.sessions.end_all(user.id, now, SessionEnd.PASSWORD_CHANGED)
            await withdraw_powers(uow, user.id)
            await self._mail.notify(uow, user.id, MessageTemplate.PASSWORD_CHANGED)
            await uow.events.add(
                self._events.success(
                    EventKind.USER_PASSWORD_CHANGED, command.actor, user_party(user.id)
                )
            )
            await uow.commit()
