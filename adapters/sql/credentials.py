"""Password credentials in SQL."""

from datetime import datetime
from functools import cache
from uuid import UUID

from sqlalchemy import and_, select

from adapters.sql.fixed_statements import FixedStatement, parameter
from adapters.sql.statements import StatementRunner
from adapters.sql.tables import credentials
from adapters.sql.upserts import insert_for
from application.ports.passwords import CredentialRepository
from domain.passwords import PasswordCredential

PASSWORD = {"type": "password", "handle": ""}
IS_PASSWORD = and_(credentials.c.type == "password", credentials.c.handle == "")


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


class SqlCredentialRepository(CredentialRepository):
    def __init__(self, runner: StatementRunner) -> None:
        self._row = runner.row
        self._later = runner.later
        self._set = _set(runner.dialect)

    async def set_password(self, user_id: UUID, password_hash: str, at: datetime) -> None:
        await self._later(
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
