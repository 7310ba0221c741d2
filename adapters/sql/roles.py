"""Roles in SQL."""

from sqlalchemy import select

from adapters.sql.statements import StatementRunner
from adapters.sql.tables import permissions, role_permissions, roles
from application.ports.roles import RoleRepository
from domain.roles import ADMIN_ROLE
from domain.text import is_storable

_NAME_LENGTH = 32


def can_exist(name: str) -> bool:
    """Whether a role could have this name: PostgreSQL takes no others, not even to look for."""
    return len(name) <= _NAME_LENGTH and is_storable(name)


class SqlRoleRepository(RoleRepository):
    def __init__(self, runner: StatementRunner) -> None:
        self._run = runner.run

    async def lock_administrators(self) -> None:
        # On SQLite BEGIN IMMEDIATE has done this already, and FOR UPDATE is left out.
        await self._run(select(roles.c.name).where(roles.c.name == ADMIN_ROLE).with_for_update())

    async def permissions_of(self, roles: frozenset[str]) -> frozenset[str]:
        held = select(role_permissions.c.permission_name).where(
            role_permissions.c.role_name.in_(list(filter(can_exist, roles)))
        )
        return frozenset((await self._run(held)).scalars())

    async def known_permissions(self, names: frozenset[str]) -> frozenset[str]:
        known = select(permissions.c.name).where(
            permissions.c.name.in_(list(filter(is_storable, names)))
        )
        return frozenset((await self._run(known)).scalars())
