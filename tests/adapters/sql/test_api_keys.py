"""What a call with a key costs the database: one statement."""

import asyncio
from typing import Any

from sqlalchemy import event

from adapters.sql.api_keys import SqlApiKeyLookup
from adapters.sql.engine import Database
from adapters.sql.unit_of_work import SqlUnitOfWorkFactory
from tests.domain.samples import LATER, a_user, an_api_key


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

    def listen_to_driver(connection: Any, *_: object) -> None:
        # On PostgreSQL it goes to the driver without passing through SQLAlchemy's cursor.
        connection.driver_connection.add_query_logger(lambda each: statements.append(each.query))

    if database.is_sqlite:
        event.listen(database.engine.sync_engine, "before_cursor_execute", note)
    else:
        event.listen(database.engine.sync_engine, "checkout", listen_to_driver)
    assert await SqlApiKeyLookup(database).find_live(key.public_id, LATER) is not None
    await asyncio.sleep(0.01)  # the driver tells a moment later
    assert [each.split()[0] for each in statements] == ["SELECT"]
