"""What the database breaks off is done once more where that is harmless, and nowhere else."""

import asyncio
from collections.abc import AsyncIterator

import pytest
from sqlalchemy import text

from adapters.sql.engine import Database
from adapters.sql.statements import StatementRunner
from adapters.sql.unit_of_work import SqlUnitOfWorkFactory
from application.ports.unit_of_work import UnitOfWork
from domain.errors import ConcurrentChange, Unavailable
from domain.users import UserFilter
from tests.adapters.sql.test_connections import kill_every_connection
from tests.domain.samples import a_user, new_id
from tests.storage import Backend, open_database, sql_backend

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("no_connection_left_behind")]


@pytest.fixture
async def postgresql(postgresql_database_url: str) -> AsyncIterator[Database]:
    async with open_database(postgresql_database_url) as database:
        yield database


async def stored(backend: Backend) -> int:
    async with backend.uow.reading() as uow:
        return len(await uow.users.page(UserFilter(), None, 100))


async def test_a_unit_that_reads_goes_on_on_another_connection(postgresql: Database) -> None:
    backend = sql_backend(postgresql)
    async with backend.uow.reading() as uow:
        assert await uow.users.get(new_id()) is None
        await kill_every_connection(postgresql)
        assert await uow.users.get(new_id()) is None
        # Once: a database that goes on ending connections is not to be hammered.
        await kill_every_connection(postgresql)
        with pytest.raises(Unavailable):
            await uow.users.get(new_id())


@pytest.mark.parametrize("when", ["between", "before the commit"])
async def test_work_that_may_happen_twice_is_done_once_more(
    postgresql: Database, when: str
) -> None:
    backend = sql_backend(postgresql)
    tries = []

    async def work(uow: UnitOfWork) -> str:
        tries.append(when)
        await uow.users.add(a_user())
        if len(tries) == 1 and when == "between":
            await kill_every_connection(postgresql)
        await uow.users.add(a_user())
        if len(tries) == 1 and when == "before the commit":
            await kill_every_connection(postgresql)
        await uow.commit()
        return "done"

    assert await backend.uow.idempotent(work) == "done"
    assert len(tries) == 2
    assert await stored(backend) == 2


async def test_what_fails_twice_or_for_another_reason_is_not_tried_again(
    postgresql: Database,
) -> None:
    backend = sql_backend(postgresql)
    tries = []

    async def always_dies(uow: UnitOfWork) -> None:
        tries.append("dies")
        await kill_every_connection(postgresql)
        await uow.users.add(a_user())
        await uow.commit()

    async def refuses(uow: UnitOfWork) -> None:
        tries.append("refuses")
        raise ConcurrentChange

    with pytest.raises(Unavailable):
        await backend.uow.idempotent(always_dies)
    with pytest.raises(ConcurrentChange):
        await backend.uow.idempotent(refuses)
    assert tries == ["dies", "dies", "refuses"]


async def test_of_two_that_wait_for_each_other_the_victim_is_done_once_more(
    postgresql: Database,
) -> None:
    backend = sql_backend(postgresql)
    ada, grace = a_user(), a_user()
    async with backend.uow() as uow:
        await uow.users.add(ada)
        await uow.users.add(grace)
        await uow.commit()
    tries = []

    async def lock_both(first: object, second: object) -> None:
        async def work(uow: UnitOfWork) -> None:
            tries.append(first)
            await uow.users.lock(first.id)  # type: ignore[attr-defined]
            await asyncio.sleep(0.1)
            await uow.users.lock(second.id)  # type: ignore[attr-defined]
            await uow.commit()

        await backend.uow.idempotent(work)

    await asyncio.gather(lock_both(ada, grace), lock_both(grace, ada))
    assert len(tries) == 3


async def test_a_plan_that_a_change_of_the_schema_voids_is_made_anew(
    postgresql: Database, postgresql_database_url: str
) -> None:
    question = text("SELECT * FROM probe")

    async def alter(statement: str) -> None:
        async with open_database(postgresql_database_url) as other, other.writing() as connection:
            await connection.execute(text(statement))
            await connection.commit()

    await alter("CREATE TABLE probe (number integer)")
    try:
        factory = SqlUnitOfWorkFactory(postgresql)
        for change in ("bigint", "text"):
            async with factory.reading() as uow:
                # The repositories' own way to the connection.
                run = uow.users._run  # type: ignore[attr-defined]
                await run(question)
                await alter(f"ALTER TABLE probe ALTER number TYPE {change}")
                assert (await run(question)).all() == []
        async with postgresql.writing() as connection:
            writing = StatementRunner(connection).run
            await writing(question)
        await alter("ALTER TABLE probe ADD another integer")
        # In a transaction nothing is repeated behind its back: 503, and the next one is fine.
        async with postgresql.writing() as connection:
            with pytest.raises(Unavailable):
                await StatementRunner(connection).run(question)
        async with postgresql.writing() as connection:
            await StatementRunner(connection).run(question)
    finally:
        await alter("DROP TABLE probe")
