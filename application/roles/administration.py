"""Acts on roles: nobody puts in, or takes out, what they do not hold themselves."""

from dataclasses import dataclass

from application.audit import EventFactory
from application.ports.clock import Clock
from application.ports.response_cache import ResponseCache
from application.ports.roles import RoleContent
from application.ports.unit_of_work import UnitOfWork, UnitOfWorkFactory
from application.roles.queries import require_existence_known
from application.roles.vocabulary import ROLES_CACHED
from domain.access import Actor, require, require_authority_over
from domain.errors import NotFound, StaleVersion
from domain.events import EventKind, Party
from domain.roles import (
    ADMIN_ROLE,
    ROLES_WRITE,
    Role,
    RoleInUse,
    RoleIsFixed,
    UnknownPermission,
    check_description,
    check_permission_count,
    check_role_name,
)


@dataclass(frozen=True, kw_only=True)
class CreateRoleCommand:
    actor: Actor
    name: str
    description: str
    permissions: frozenset[str]


class CreateRole:
    """Holders of `roles:write`, who hold every permission they put in. Nobody has it yet.

    Raises NotAuthenticated, PermissionMissing, InvalidField, UnknownPermission, AlreadyExists.
    """

    def __init__(
        self,
        *,
        uow: UnitOfWorkFactory,
        clock: Clock,
        events: EventFactory,
        cache: ResponseCache,
    ) -> None:
        self._uow = uow
        self._clock = clock
        self._events = events
        self._cache = cache

    async def execute(self, command: CreateRoleCommand) -> Role:
        actor = command.actor
        require(actor, ROLES_WRITE)
        check_permission_count(command.permissions)
        now = self._clock.now()
        role = Role(
            name=check_role_name(command.name),
            description=check_description(command.description),
            permissions=command.permissions,
            built_in=False,
            version=1,
            created_at=now,
            updated_at=now,
        )
        async with self._uow() as uow:
            await _require_grantable(uow, actor, role.permissions)
            await uow.roles.add(role)
            await uow.events.add(
                self._events.success(
                    EventKind.ROLE_CREATED,
                    actor,
                    Party(type="role", id=role.name),
                    permissions=sorted(role.permissions),
                )
            )
            await uow.commit()
        await self._cache.forget(ROLES_CACHED)
        return role


@dataclass(frozen=True, kw_only=True)
class UpdateRoleCommand:
    actor: Actor
    name: str
    description: str
    permissions: frozenset[str]
    if_version: int | None = None


class UpdateRole:
    """Holders of `roles:write`, who hold what is in the role, what they put in, and all that any of
    its holders holds: a change of a role is an act on everybody who has it.

    Replaces description and permissions; bites on the next request. `admin` stays as it is.
    Raises NotAuthenticated, NotFound, PermissionMissing, InvalidField, UnknownPermission,
    RoleIsFixed, StaleVersion.
    """

    def __init__(
        self,
        *,
        uow: UnitOfWorkFactory,
        clock: Clock,
        events: EventFactory,
        cache: ResponseCache,
    ) -> None:
        self._uow = uow
        self._clock = clock
        self._events = events
        self._cache = cache

    async def execute(self, command: UpdateRoleCommand) -> Role:
        actor = command.actor
        content = RoleContent(
            description=check_description(command.description), permissions=command.permissions
        )
        check_permission_count(content.permissions)
        async with self._uow() as uow:
            role = await _lock_target(uow, actor, command.name)
            if role.name == ADMIN_ROLE:
                raise RoleIsFixed
            await _require_grantable(uow, actor, content.permissions)
            require_authority_over(actor, await uow.roles.held_by_holders(role.name))
            updated = await uow.roles.replace(
                role.name, content, self._clock.now(), command.if_version
            )
            if updated is None:
                raise StaleVersion
            await uow.events.add(
                self._events.success(
                    EventKind.ROLE_UPDATED,
                    actor,
                    Party(type="role", id=role.name),
                    added=sorted(updated.permissions - role.permissions),
                    removed=sorted(role.permissions - updated.permissions),
                )
            )
            await uow.commit()
        await self._cache.forget(ROLES_CACHED)
        return updated


@dataclass(frozen=True, kw_only=True)
class DeleteRoleCommand:
    actor: Actor
    name: str
    if_version: int | None = None


class DeleteRole:
    """Holders of `roles:write`, who hold what is in the role. Those that ship stay.

    Raises NotAuthenticated, NotFound, PermissionMissing, RoleInUse, StaleVersion.
    """

    def __init__(
        self, *, uow: UnitOfWorkFactory, events: EventFactory, cache: ResponseCache
    ) -> None:
        self._uow = uow
        self._events = events
        self._cache = cache

    async def execute(self, command: DeleteRoleCommand) -> None:
        async with self._uow() as uow:
            role = await _lock_target(uow, command.actor, command.name)
            if role.built_in:
                raise RoleInUse
            if not await uow.roles.delete(role.name, command.if_version):
                raise StaleVersion
            await uow.events.add(
                self._events.success(
                    EventKind.ROLE_DELETED,
                    command.actor,
                    Party(type="role", id=role.name),
                    permissions=sorted(role.permissions),
                )
            )
            await uow.commit()
        await self._cache.forget(ROLES_CACHED)


async def _lock_target(uow: UnitOfWork, actor: Actor, name: str) -> Role:
    """The role to act on, locked, once the caller is known to hold all that is in it.

    The administrators' lock comes first: what somebody holds then stays as it was checked.
    """
    require_existence_known(actor)
    await uow.roles.lock_administrators()
    role = await uow.roles.lock(name)
    if role is None:
        raise NotFound
    require_authority_over(actor, role.permissions)
    return role


async def _require_grantable(uow: UnitOfWork, actor: Actor, permissions: frozenset[str]) -> None:
    """Raises UnknownPermission, PermissionMissing."""
    if await uow.permissions.keep(permissions) != permissions:
        raise UnknownPermission
    require_authority_over(actor, permissions)
