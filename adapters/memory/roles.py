"""Roles in memory."""

from adapters.memory.records import Records
from application.ports.roles import RoleRepository
from domain.roles import BUILT_IN_PERMISSIONS


class MemoryRoleRepository(RoleRepository):
    def __init__(self, records: Records) -> None:
        self._records = records

    async def lock_administrators(self) -> None:
        # The unit of work that writes is alone already.
        return

    async def permissions_of(self, roles: frozenset[str]) -> frozenset[str]:
        held = self._records.role_permissions
        return frozenset().union(*(held.get(role, frozenset()) for role in roles))

    async def known_permissions(self, names: frozenset[str]) -> frozenset[str]:
        # Permissions have no dictionary of their own: one that no role holds is a built-in one.
        held = self._records.role_permissions.values()
        return names & frozenset(BUILT_IN_PERMISSIONS).union(*held)
