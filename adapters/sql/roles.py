"""Roles in SQL."""

from datetime import datetime
from typing import Any

from sqlalchemy import Row, Select, delete, func, insert, select, update

from adapters.sql.permissions import permission_can_exist
from adapters.sql.statements import StatementRunner
from adapters.sql.tables import role_permissions, roles, user_roles
from application.ports.roles import RoleContent, RoleRepository
from domain.roles import ADMIN_ROLE, Role, RoleInUse, UnknownPermission
from domain.text import is_storable

_NAME_LENGTH = 32

# Names hold no comma, so one column carries them all.
_PERMISSION_NAMES = (
    select(func.aggregate_strings(role_permissions.c.permission_name, ","))
    .where(role_permissions.c.role_name == roles.c.name)
    .correlate(roles)
    .scalar_subquery()
    .label("permission_names")
)


def can_exist(name: str) -> bool:
    """Whether a role could have this name: PostgreSQL takes no others, not even to look for."""
    return len(name) <= _NAME_LENGTH and is_storable(name)


def _from_row(row: Row[Any]) -> Role:
    names = row.permission_names
    return Role(
        name=row.name,
        description=row.description,
        permissions=frozenset(names.split(",")) if names else frozenset(),
        built_in=row.built_in,
        version=row.version,
        created_at=row.created_at,
        updated_at=row.updated_at,
    )


def _to_row(role: Role) -> dict[str, Any]:
    return {
        "name": role.name,
        "description": role.description,
        "built_in": role.built_in,
        "version": role.version,
        "created_at": role.created_at,
        "updated_at": role.updated_at,
    }


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

    async def list_all(self) -> list[Role]:
        found = [_from_row(row) for row in await self._run(_roles())]
        return sorted(found, key=lambda role: (role.created_at, role.name), reverse=True)

    async def lock(self, name: str) -> Role | None:
        if not can_exist(name):
            return None
        # Giving a role to somebody shares a lock on its row with others who do, not with this one.
        await self._run(select(roles.c.name).where(roles.c.name == name).with_for_update())
        return await self._get(name)

    async def _get(self, name: str) -> Role | None:
        row = (await self._run(_roles().where(roles.c.name == name))).one_or_none()
        return _from_row(row) if row else None

    async def held_by_holders(self, name: str) -> frozenset[str]:
        mine, other = user_roles.alias("mine"), user_roles.alias("other")
        # Asked once a role, which there are few of, and not once a user.
        shares_a_user = (
            select(mine.c.user_id)
            .where(
                mine.c.role_name == name,
                mine.c.user_id == other.c.user_id,
                other.c.role_name == roles.c.name,
            )
            .correlate(roles)
            .exists()
        )
        theirs = select(roles.c.name).where(shares_a_user)
        held = select(role_permissions.c.permission_name).where(
            role_permissions.c.role_name.in_(theirs)
        )
        return frozenset((await self._run(held)).scalars())

    async def add(self, role: Role) -> None:
        await self._run(insert(roles).values(_to_row(role)))
        await self._put_in(role.name, role.permissions)

    async def _put_in(self, name: str, permissions: frozenset[str]) -> None:
        rows = [{"role_name": name, "permission_name": each} for each in sorted(permissions)]
        if not all(map(permission_can_exist, permissions)):
            raise UnknownPermission
        if rows:
            statement = insert(role_permissions).values(rows)
            await self._run(statement, foreign_key=UnknownPermission)

    async def replace(
        self, name: str, content: RoleContent, at: datetime, if_version: int | None
    ) -> Role | None:
        statement = (
            update(roles)
            .where(roles.c.name == name)
            .values(description=content.description, version=roles.c.version + 1, updated_at=at)
        )
        if if_version is not None:
            statement = statement.where(roles.c.version == if_version)
        if not (await self._run(statement)).rowcount:
            return None
        await self._run(delete(role_permissions).where(role_permissions.c.role_name == name))
        await self._put_in(name, content.permissions)
        return await self._get(name)

    async def delete(self, name: str, if_version: int | None) -> bool:
        statement = delete(roles).where(roles.c.name == name)
        if if_version is not None:
            statement = statement.where(roles.c.version == if_version)
        return bool((await self._run(statement, foreign_key=RoleInUse)).rowcount)


def _roles() -> Select[Any]:
    return select(roles, _PERMISSION_NAMES)
