"""What keys cost the database: one statement a call, an index for a page."""

from typing import Any

import pytest
from sqlalchemy import Executable, event, insert, text

from adapters.sql.api_keys import SqlApiKeyLookup, SqlApiKeyRepository, _to_row
from adapters.sql.engine import Database
from adapters.sql.statements import StatementRunner
from adapters.sql.tables import api_keys, users
from adapters.sql.unit_of_work import SqlUnitOfWorkFactory
from tests.adapters.sql.rows import a_row
from tests.domain.samples import LATER, a_user, an_api_key, new_id
from tests.storage import open_database


async def test_a_call_is_let_in_by_one_statement(database: Database) -> None:
    user = a_user(roles={"admin", "user"})
    key = an_api_key(user.id)
    async with SqlUnitOfWorkFactory(database)() as uow:
        await uow.users.add(user)
        await uow.api_keys.add(key)
        await uow.commit()
    statements: list[str] = []

    def note(_connection: object, _cursor: object, statement: str, *_: object) -> None:
        statements.append(statement)

    event.listen(database.engine.sync_engine, "before_cursor_execute", note)
    assert await SqlApiKeyLookup(database).find_live(key.public_id, LATER) is not None
    assert [each.split()[0] for each in statements] == ["SELECT"]


class Explaining(StatementRunner):
    """Runs every statement, and keeps the plan that PostgreSQL has for it."""

    plan = ""

    async def run(self, statement: Executable, **more: Any) -> Any:
        compiled = statement.compile(  # type: ignore[attr-defined]
            dialect=self._connection.dialect, compile_kwargs={"literal_binds": True}
        )
        explained = await self._connection.execute(text(f"EXPLAIN {compiled}"))
        self.plan += "\n".join(explained.scalars())
        return await super().run(statement, **more)


@pytest.mark.slow
async def test_a_page_is_read_from_an_index(postgresql_database_url: str) -> None:
    async with (
        open_database(postgresql_database_url) as database,
        database.writing() as connection,
    ):
        for _ in range(10):
            owner = await a_row(connection, users)
            await connection.execute(insert(users).values(owner))
            keys = [_to_row(an_api_key(owner["id"])) for _ in range(300)]
            await connection.execute(insert(api_keys), keys)
        await connection.execute(text("ANALYZE api_keys"))
        runner = Explaining(connection)
        found = await SqlApiKeyRepository(runner).page(owner["id"], new_id(), 21)
    assert len(found) == 21
    assert "ix_api_keys_owner_id_id" in runner.plan
    assert "Sort" not in runner.plan
    assert "Seq Scan" not in runner.plan
