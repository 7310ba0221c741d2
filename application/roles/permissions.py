"""Acts on permissions: the words that applications add to the service's own."""

from dataclasses import dataclass

from application.audit import EventFactory
from application.ports.clock import Clock
from application.ports.response_cache import ResponseCache
from application.ports.roles import RoleContent
from application.ports.unit_of_work import UnitOfWork, UnitOfWorkFactory
from application.roles.queries import require_existence_known
from application.roles.vocabulary import PERMISSIONS_CACHED, ROLES_CACHED
from domain.access import Actor, require
from domain.errors import NotFound
from domain.events import EventKind, Party
from domain.roles import (
    ADMIN_ROLE,
    ROLES_WRITE,
    Permission,
    PermissionInUse,
    check_description,
    check_permission_name,
)


@dataclass(frozen=True, kw_only=True)
class CreatePermissionCommand:
    actor: Actor
    name: str
    description: str


class CreatePermission:
    """Holders of `roles:write`. `admin` receives it at the same moment, and nobody else.

    Raises NotAuthenticated, PermissionMissing, InvalidField, AlreadyExists.
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

    async def execute(self, command: CreatePermissionCommand) -> Permission:
        require(command.actor, ROLES_WRITE)
        permission = Permission(
            name=check_permission_name(command.name),
            description=check_description(command.description),
            built_in=False,
            created_at=self._clock.now(),
        )
        name = permission.name
        async with self._uow() as uow:
            await uow.roles.lock_administrators()
            await uow.permissions.add(permission)
            await _change_admin(uow, self._clock, add=frozenset({name}))
            await uow.events.add(
                self._events.success(
                    EventKind.PERMISSION_CREATED, command.actor, Party(type="permission", id=name)
                )
            )
            await uow.commit()
        await self._cache.forget(PERMISSIONS_CACHED, ROLES_CACHED)
        return permission


@dataclass(frozen=True, kw_only=True)
class DeletePermissionCommand:
    actor: Actor
    name: str


class DeletePermission:
    """Holders of `roles:write`. Only what no role but `admin`, and no live API key, holds.

    Raises NotAuthenticated, NotFound, PermissionMissing, PermissionInUse.
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

    async def execute(self, command: DeletePermissionCommand) -> None:
        require_existence_known(command.actor)
        name = command.name
        async with self._uow() as uow:
            await uow.roles.lock_administrators()
            permission = await uow.permissions.lock(name)
            if permission is None:
                raise NotFound
            if permission.built_in:
                raise PermissionInUse
            await _change_admin(uow, self._clock, remove=frozenset({name}))
            await uow.permissions.delete(name, self._clock.now())
            await uow.events.add(
                self._events.success(
                    EventKind.PERMISSION_DELETED, command.actor, Party(type="permission", id=name)
                )
            )
            await uow.commit()
        await self._cache.forget(PERMISSIONS_CACHED, ROLES_CACHED)


async def _change_admin(
    uow: UnitOfWork,
    clock: Clock,
    *,
    add: frozenset[str] = frozenset(),
    remove: frozenset[str] = frozenset(),
) -> None:
    """Keeps `admin` what it is: the role that holds every permission."""
    admin = await uow.roles.lock(ADMIN_ROLE)
    if admin is None:
        raise NotFound
    content = RoleContent(
        description=admin.description, permissions=(admin.permissions | add) - remove
    )
    await uow.roles.replace(admin.name, content, clock.now(), None)
