"""Permissions in memory."""

from datetime import datetime

from adapters.memory.records import Records
from application.ports.permissions import PermissionRepository
from domain.api_keys import ApiKeyStatus
from domain.roles import AlreadyExists, Permission, PermissionInUse


class MemoryPermissionRepository(PermissionRepository):
    """The unit of work that writes is alone: what is looked at stays as it is until it ends."""

    def __init__(self, records: Records) -> None:
        self._records = records

    async def list_all(self) -> list[Permission]:
        found = self._records.permissions.values()
        return sorted(found, key=lambda each: (each.created_at, each.name), reverse=True)

    async def keep(self, names: frozenset[str]) -> frozenset[str]:
        return names & self._records.permissions.keys()

    async def lock(self, name: str) -> Permission | None:
        return self._records.permissions.get(name)

    async def add(self, permission: Permission) -> None:
        if permission.name in self._records.permissions:
            raise AlreadyExists
        self._records.permissions[permission.name] = permission

    async def delete(self, name: str, at: datetime) -> None:
        if any(name in role.permissions for role in self._records.roles.values()):
            raise PermissionInUse
        if any(
            name in key.scopes and key.status_at(at) is ApiKeyStatus.ACTIVE
            for key in self._records.api_keys.values()
        ):
            raise PermissionInUse
        self._records.permissions.pop(name, None)
