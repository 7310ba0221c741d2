"""All roles and permissions, through a cache that never decides anything."""

import json
from datetime import datetime
from typing import Any

from application.ports.response_cache import ResponseCache
from application.ports.unit_of_work import UnitOfWorkFactory
from domain.roles import Permission, Role

# The number is that of the form they are kept in: releases that know another one do not read it.
ROLES_CACHED = "roles-1"
PERMISSIONS_CACHED = "permissions-1"


class Vocabulary:
    """Roles and permissions as they were at most a second ago.

    There are as many of each as people have thought of: they are read, and kept, as a whole.
    Whoever asks has been let in already; whoever writes asks the unit of work instead.
    """

    def __init__(self, *, uow: UnitOfWorkFactory, cache: ResponseCache) -> None:
        self._uow = uow
        self._cache = cache

    async def roles(self) -> list[Role]:
        """Newest first. Raises Unavailable."""

        async def load() -> bytes:
            async with self._uow.reading() as uow:
                return _dump([_of_role(role) for role in await uow.roles.list_all()])

        return [_role(kept) for kept in json.loads(await self._cache.fetch(ROLES_CACHED, load))]

    async def permissions(self) -> list[Permission]:
        """Newest first. Raises Unavailable."""

        async def load() -> bytes:
            async with self._uow.reading() as uow:
                return _dump([_of_permission(each) for each in await uow.permissions.list_all()])

        kept = await self._cache.fetch(PERMISSIONS_CACHED, load)
        return [_permission(each) for each in json.loads(kept)]


def _dump(records: list[dict[str, Any]]) -> bytes:
    return json.dumps(records, separators=(",", ":")).encode()


def _of_role(role: Role) -> dict[str, Any]:
    return vars(role) | {
        "permissions": sorted(role.permissions),
        "created_at": role.created_at.isoformat(),
        "updated_at": role.updated_at.isoformat(),
    }


def _role(kept: dict[str, Any]) -> Role:
    times = {name: datetime.fromisoformat(kept[name]) for name in ("created_at", "updated_at")}
    return Role(**kept | times | {"permissions": frozenset(kept["permissions"])})


def _of_permission(permission: Permission) -> dict[str, Any]:
    return vars(permission) | {"created_at": permission.created_at.isoformat()}


def _permission(kept: dict[str, Any]) -> Permission:
    return Permission(**kept | {"created_at": datetime.fromisoformat(kept["created_at"])})
