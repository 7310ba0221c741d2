"""Roles in memory."""

from dataclasses import replace
from datetime import datetime

from adapters.memory.records import Records
from adapters.memory.selection import at_version, permissions_of
from application.ports.roles import RoleContent, RoleRepository
from domain.roles import AlreadyExists, Role, RoleInUse, UnknownPermission


class MemoryRoleRepository(RoleRepository):
    def __init__(self, records: Records) -> None:
        self._records = records

    async def lock_administrators(self) -> None:
        # The unit of work that writes is alone already.
        return

    async def permissions_of(self, roles: frozenset[str]) -> frozenset[str]:
        return permissions_of(self._records, roles)

    async def list_all(self) -> list[Role]:
        found = self._records.roles.values()
        return sorted(found, key=lambda role: (role.created_at, role.name), reverse=True)

    async def lock(self, name: str) -> Role | None:
        return self._records.roles.get(name)

    async def held_by_holders(self, name: str) -> frozenset[str]:
        holders = (user for user in self._records.users.values() if name in user.roles)
        return await self.permissions_of(frozenset().union(*(user.roles for user in holders)))

    async def add(self, role: Role) -> None:
        if role.name in self._records.roles:
            raise AlreadyExists
        self._check_permissions(role.permissions)
        self._records.roles[role.name] = role

    async def replace(
        self, name: str, content: RoleContent, at: datetime, if_version: int | None
    ) -> Role | None:
        role = at_version(self._records.roles, name, if_version)
        if role is None:
            return None
        self._check_permissions(content.permissions)
        stored = replace(
            role,
            description=content.description,
            permissions=content.permissions,
            version=role.version + 1,
            updated_at=at,
        )
        self._records.roles[name] = stored
        return stored

    async def delete(self, name: str, if_version: int | None) -> bool:
        if at_version(self._records.roles, name, if_version) is None:
            return False
        if any(name in user.roles for user in self._records.users.values()):
            raise RoleInUse
        del self._records.roles[name]
        return True

    def _check_permissions(self, permissions: frozenset[str]) -> None:
        if not permissions <= self._records.permissions.keys():
            raise UnknownPermission
