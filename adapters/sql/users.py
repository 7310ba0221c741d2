"""Accounts in SQL."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Integer, Row, Select, delete, func, insert, select, update

from adapters.sql.fixed_statements import FixedStatement, parameter
from adapters.sql.roles import can_exist
from adapters.sql.statements import MAX_UUID, StatementRunner
from adapters.sql.tables import role_permissions, user_roles, users
from application.ports.users import UserChanges, UserRepository
from domain.addresses import EmailAddress
from domain.roles import ADMIN_ROLE, UnknownRole
from domain.users import User, UserFilter, UserKind, UserStatus

# Role names hold no comma, so one column carries them all and a list of users is one statement.
ROLE_NAMES = (
    select(func.aggregate_strings(user_roles.c.role_name, ","))
    .where(user_roles.c.user_id == users.c.id)
    .correlate(users)
    .scalar_subquery()
    .label("role_names")
)

PERMISSION_NAMES = (
    select(func.aggregate_strings(role_permissions.c.permission_name, ","))
    .select_from(
        user_roles.join(role_permissions, role_permissions.c.role_name == user_roles.c.role_name)
    )
    .where(user_roles.c.user_id == users.c.id)
    .correlate(users)
    .scalar_subquery()
    .label("permission_names")
)


def split_names(joined: str | None) -> frozenset[str]:
    """What an aggregate of names holds; no rows aggregate to NULL."""
    return frozenset(joined.split(",")) if joined else frozenset()


def user_from_row(row: Row[Any]) -> User:
    return User(
        id=row.id,
        email=EmailAddress(address=row.email, key=row.email_key),
        email_verified=row.email_verified,
        name=row.name,
        kind=UserKind(row.kind),
        status=UserStatus(row.status),
        roles=split_names(row.role_names),
        version=row.version,
        created_at=row.created_at,
        updated_at=row.updated_at,
    )


def user_to_row(user: User) -> dict[str, Any]:
    return {
        "id": user.id,
        "email": user.email.address,
        "email_key": user.email.key,
        "email_verified": user.email_verified,
        "name": user.name,
        "kind": user.kind.value,
        "status": user.status.value,
        "version": user.version,
        "created_at": user.created_at,
        "updated_at": user.updated_at,
    }


def _users() -> Select[Any]:
    return select(users, ROLE_NAMES)


_INSERT = FixedStatement(insert(users))
_GIVE = FixedStatement(insert(user_roles))
_GET = FixedStatement(_users().where(users.c.id == parameter("user_id")))
_FIND = FixedStatement(_users().where(users.c.email_key == parameter("key")))
_EVERYBODY = FixedStatement(
    _users()
    .where(users.c.id < parameter("before"))
    .order_by(users.c.id.desc())
    .limit(parameter("at_most", Integer()))
)
_LOCK = FixedStatement(
    select(users.c.id).where(users.c.id == parameter("user_id")).with_for_update()
)


class SqlUserRepository(UserRepository):
    def __init__(self, runner: StatementRunner) -> None:
        self._run = runner.run
        self._row = runner.row
        self._rows = runner.rows
        self._later = runner.later

    async def add(self, user: User) -> None:
        await self._later(_INSERT, **user_to_row(user))
        await self._give(user.id, user.roles)

    async def _give(self, user_id: UUID, roles: frozenset[str]) -> None:
        if not all(map(can_exist, roles)):
            raise UnknownRole
        for role in sorted(roles):
            await self._later(_GIVE, foreign_key=UnknownRole, user_id=user_id, role_name=role)

    async def get(self, user_id: UUID) -> User | None:
        return _as_user(await self._row(_GET, user_id=user_id))

    async def find(self, email_key: str) -> User | None:
        return _as_user(await self._row(_FIND, key=email_key))

    async def lock(self, user_id: UUID) -> User | None:
        # Two statements: the second one's snapshot begins when the lock is held, so roles that
        # another transaction was just changing are read as they now are.
        await self._row(_LOCK, user_id=user_id)
        return await self.get(user_id)

    async def page(self, where: UserFilter, before: UUID | None, limit: int) -> list[User]:
        if where.role is not None and not can_exist(where.role):
            return []
        if where == UserFilter():
            rows = await self._rows(_EVERYBODY, before=before or MAX_UUID, at_most=limit)
            return [user_from_row(row) for row in rows]
        statement, place = _users(), users.c.id
        if where.role is not None:
            # Who holds the role stands in its index by id, too: one walk, and nothing to sort.
            statement = statement.join_from(users, user_roles).where(
                user_roles.c.role_name == where.role
            )
            place = user_roles.c.user_id
        if where.email_key is not None:
            statement = statement.where(users.c.email_key == where.email_key)
        else:
            # Nobody shares an address, so that there is no order either.
            statement = statement.order_by(place.desc()).limit(limit)
        if before is not None:
            statement = statement.where(place < before)
        if where.status is not None:
            statement = statement.where(users.c.status == where.status.value)
        return [user_from_row(row) for row in await self._run(statement)]

    async def change(
        self, user_id: UUID, changes: UserChanges, at: datetime, if_version: int | None
    ) -> User | None:
        values: dict[str, Any] = {}
        if changes.name is not None:
            values["name"] = changes.name
        if changes.status is not None:
            values["status"] = changes.status.value
        if changes.email is not None:
            values |= {"email": changes.email.address, "email_key": changes.email.key}
        if changes.email_verified is not None:
            values["email_verified"] = changes.email_verified
        return await self._write(user_id, values, at, if_version)

    async def set_roles(
        self, user_id: UUID, roles: frozenset[str], at: datetime, if_version: int | None
    ) -> User | None:
        if await self._write(user_id, {}, at, if_version) is None:
            return None
        await self._run(delete(user_roles).where(user_roles.c.user_id == user_id))
        await self._give(user_id, roles)
        return await self.get(user_id)

    async def _write(
        self, user_id: UUID, values: dict[str, Any], at: datetime, if_version: int | None
    ) -> User | None:
        statement = (
            update(users)
            .where(users.c.id == user_id)
            .values(values | {"version": users.c.version + 1, "updated_at": at})
        )
        if if_version is not None:
            statement = statement.where(users.c.version == if_version)
        result = await self._run(statement)
        return await self.get(user_id) if result.rowcount else None

    async def delete(self, user_id: UUID, if_version: int | None) -> bool:
        statement = delete(users).where(users.c.id == user_id)
        if if_version is not None:
            statement = statement.where(users.c.version == if_version)
        return bool((await self._run(statement)).rowcount)

    async def count_active_administrators(self, *, besides: UUID) -> int:
        statement = (
            select(func.count())
            .select_from(users.join(user_roles))
            .where(
                user_roles.c.role_name == ADMIN_ROLE,
                users.c.status == UserStatus.ACTIVE.value,
                users.c.id != besides,
            )
        )
        return int((await self._run(statement)).scalar_one())


def _as_user(row: Any) -> User | None:
    return user_from_row(row) if row else None
