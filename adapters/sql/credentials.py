"""Password credentials in SQL."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import and_, select

from adapters.sql.statements import StatementRunner
from adapters.sql.tables import credentials, users
from adapters.sql.upserts import insert_for
from adapters.sql.users import ROLE_NAMES, user_from_row
from application.ports.passwords import CredentialRepository, PasswordLogin
from domain.passwords import PasswordCredential

PASSWORD = {"type": "password", "handle": ""}
IS_PASSWORD = and_(credentials.c.type == "password", credentials.c.handle == "")


class SqlCredentialRepository(CredentialRepository):
    def __init__(self, runner: StatementRunner) -> None:
        self._run = runner.run
        self._insert = insert_for(runner.dialect)

    async def set_password(self, user_id: UUID, password_hash: str, at: datetime) -> None:
        statement = self._insert(credentials).values(
            user_id=user_id, **PASSWORD, secret_hash=password_hash, created_at=at, updated_at=at
        )
        await self._run(
            statement.on_conflict_do_update(
                index_elements=["user_id", "type", "handle"],
                set_={"secret_hash": password_hash, "updated_at": at},
            )
        )

    async def find_password(self, user_id: UUID) -> PasswordCredential | None:
        statement = select(credentials).where(credentials.c.user_id == user_id, IS_PASSWORD)
        row = (await self._run(statement)).one_or_none()
        if row is None:
            return None
        return PasswordCredential(
            user_id=row.user_id, password_hash=row.secret_hash, updated_at=row.updated_at
        )

    async def find_login(self, email_key: str) -> PasswordLogin | None:
        statement = (
            select(users, ROLE_NAMES, credentials.c.secret_hash)
            .select_from(
                users.outerjoin(credentials, and_(credentials.c.user_id == users.c.id, IS_PASSWORD))
            )
            .where(users.c.email_key == email_key)
        )
        row = (await self._run(statement)).one_or_none()
        if row is None:
            return None
        return PasswordLogin(user=user_from_row(row), password_hash=row.secret_hash)
