"""Password credentials in SQL."""

from datetime import datetime
from functools import cache
from uuid import UUID

from sqlalchemy import and_, select

from adapters.sql.fixed_statements import FixedStatement, parameter
from adapters.sql.statements import StatementRunner
from adapters.sql.tables import credentials, users
from adapters.sql.upserts import insert_for
from adapters.sql.users import ROLE_NAMES, user_from_row
from application.ports.passwords import CredentialRepository, PasswordLogin
from domain.passwords import PasswordCredential
from domain.users import User, UserStatus

PASSWORD = {"type": "password", "handle": ""}
IS_PASSWORD = and_(credentials.c.type == "password", credentials.c.handle == "")


_LOGIN = select(users, ROLE_NAMES, credentials.c.secret_hash).select_from(
    users.outerjoin(credentials, and_(credentials.c.user_id == users.c.id, IS_PASSWORD))
)


@cache
def _set(dialect: str) -> FixedStatement:
    statement = insert_for(dialect)(credentials)
    replaced = {name: statement.excluded[name] for name in ("secret_hash", "updated_at")}
    return FixedStatement(
        statement.on_conflict_do_update(index_elements=["user_id", "type", "handle"], set_=replaced)
    )


_FIND_PASSWORD = FixedStatement(
    select(credentials).where(credentials.c.user_id == parameter("owner_id"), IS_PASSWORD)
)
_FIND_LOGIN = FixedStatement(_LOGIN.where(users.c.email_key == parameter("key")))

_LOCK_LOGIN = FixedStatement(
    select(users, ROLE_NAMES)
    .select_from(users.join(credentials, and_(credentials.c.user_id == users.c.id, IS_PASSWORD)))
    .where(
        users.c.id == parameter("owner_id"),
        users.c.status == UserStatus.ACTIVE.value,
        credentials.c.secret_hash == parameter("password_hash"),
    )
    # Of both rows: whoever has waited for a change of either looks at what it has become.
    .with_for_update(of=[users, credentials])
)


class SqlCredentialRepository(CredentialRepository):
    def __init__(self, runner: StatementRunner) -> None:
        self._row = runner.row
        self._count = runner.count
        self._set = _set(runner.dialect)

    async def set_password(self, user_id: UUID, password_hash: str, at: datetime) -> None:
        await self._count(
            self._set,
            user_id=user_id,
            type=PASSWORD["type"],
            handle=PASSWORD["handle"],
            secret_hash=password_hash,
            created_at=at,
            updated_at=at,
        )

    async def find_password(self, user_id: UUID) -> PasswordCredential | None:
        row = await self._row(_FIND_PASSWORD, owner_id=user_id)
        if row is None:
            return None
        return PasswordCredential(
            user_id=row.user_id, password_hash=row.secret_hash, updated_at=row.updated_at
        )

    async def find_login(self, email_key: str) -> PasswordLogin | None:
        row = await self._row(_FIND_LOGIN, key=email_key)
        if row is None:
            return None
        return PasswordLogin(user=user_from_row(row), password_hash=row.secret_hash)

    async def lock_login(self, user_id: UUID, password_hash: str) -> User | None:
        row = await self._row(_LOCK_LOGIN, owner_id=user_id, password_hash=password_hash)
        return user_from_row(row) if row else None
