"""Permissions in SQL."""

from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Row, cast, delete, func, insert, select

from adapters.sql.statements import StatementRunner
from adapters.sql.tables import api_keys, permissions
from application.ports.permissions import PermissionRepository
from domain.roles import PERMISSION_NAME_MAX_LENGTH, Permission, PermissionInUse
from domain.text import is_storable


def permission_can_exist(name: str) -> bool:
    """Whether a permission could have this name: PostgreSQL takes no others as a parameter."""
    return len(name) <= PERMISSION_NAME_MAX_LENGTH and is_storable(name)


def _from_row(row: Row[Any]) -> Permission:
    return Permission(
        name=row.name,
        description=row.description,
        built_in=row.built_in,
        created_at=row.created_at,
    )


class SqlPermissionRepository(PermissionRepository):
    def __init__(self, runner: StatementRunner) -> None:
        self._run = runner.run
        self._is_postgresql = runner.dialect == "postgresql"

    async def list_all(self) -> list[Permission]:
        found = [_from_row(row) for row in await self._run(select(permissions))]
        return sorted(found, key=lambda each: (each.created_at, each.name), reverse=True)

    async def keep(self, names: frozenset[str]) -> frozenset[str]:
        statement = (
            select(permissions.c.name)
            .where(permissions.c.name.in_(sorted(filter(permission_can_exist, names))))
            .order_by(permissions.c.name)
            .with_for_update(read=True, key_share=True)
        )
        return frozenset((await self._run(statement)).scalars())

    async def lock(self, name: str) -> Permission | None:
        if not permission_can_exist(name):
            return None
        statement = select(permissions).where(permissions.c.name == name).with_for_update()
        row = (await self._run(statement)).one_or_none()
        return _from_row(row) if row else None

    async def add(self, permission: Permission) -> None:
        await self._run(
            insert(permissions).values(
                name=permission.name,
                description=permission.description,
                built_in=permission.built_in,
                created_at=permission.created_at,
            )
        )

    async def delete(self, name: str, at: datetime) -> None:
        statement = delete(permissions).where(permissions.c.name == name)
        await self._run(statement, foreign_key=PermissionInUse)
        # After the row is gone: whoever was putting it into a key has committed by then.
        in_use = select(api_keys.c.id).where(
            self._has_scope(name), api_keys.c.revoked_at.is_(None), api_keys.c.expires_at > at
        )
        if (await self._run(in_use.limit(1))).first() is not None:
            raise PermissionInUse

    def _has_scope(self, name: str) -> ColumnElement[bool]:
        if self._is_postgresql:
            from sqlalchemy.dialects.postgresql import JSONB

            return cast(api_keys.c.scopes, JSONB).contains([name])
        scope = func.json_each(api_keys.c.scopes).table_valued("value")
        return select(scope.c.value).where(scope.c.value == name).exists()
