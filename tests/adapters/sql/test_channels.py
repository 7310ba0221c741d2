"""Transactions past SQLAlchemy: whatever happens in one, the next finds the connection clean."""

import asyncio
from collections.abc import Awaitable
from dataclasses import replace

import pytest

from adapters.sql.channel import AsyncpgChannel
from adapters.sql.engine import Database
from adapters.sql.unit_of_work import SqlUnitOfWorkFactory
from application.ports.items import ItemChanges
from application.ports.unit_of_work import UnitOfWork
from application.ports.users import UserChanges
from domain.users import EmailAlreadyRegistered, User, UserFilter
from tests.adapters.contracts.test_outbox import SECOND, message_for
from tests.domain.samples import LATER, a_session, a_user, an_event, an_item
from tests.storage import open_database, sql_backend

pytestmark = pytest.mark.slow


@pytest.fixture
def one_connection() -> dict[str, int]:
    return {"size": 1, "max_overflow": 0}


async def names(uow_factory: SqlUnitOfWorkFactory) -> list[str]:
    async with uow_factory.reading() as uow:
        return [each.name for each in await uow.users.page(UserFilter(), None, 10)]


async def add_again(uow: UnitOfWork, user: User) -> None:
    """As another account, and now: a write may be kept back until something is read."""
    await uow.users.add(replace(a_user(), email=user.email))
    await uow.users.get(user.id)


async def test_fixed_and_other_statements_are_in_one_transaction(
    postgresql_database_url: str, one_connection: dict[str, int]
) -> None:
    async with open_database(postgresql_database_url, **one_connection) as database:
        factory = SqlUnitOfWorkFactory(database)
        for end in ("leave", "commit"):
            async with factory() as uow:
                user = a_user(name="fixed")
                await uow.users.add(user)
                # What is changed depends on what is given: no fixed statement.
                await uow.users.change(user.id, UserChanges(name="other"), LATER, None)
                if end == "commit":
                    await uow.commit()
            assert await names(factory) == ([] if end == "leave" else ["other"])


async def test_a_transaction_that_had_failed_does_not_pretend_to_commit(
    postgresql_database_url: str, one_connection: dict[str, int]
) -> None:
    user = a_user()
    async with open_database(postgresql_database_url, **one_connection) as database:
        factory = SqlUnitOfWorkFactory(database)
        async with factory() as uow:
            await uow.users.add(user)
            with pytest.raises(EmailAlreadyRegistered):
                await add_again(uow, user)
            with pytest.raises(RuntimeError, match="failed"):
                await uow.commit()
        assert await names(factory) == []


async def test_nor_does_one_that_was_a_single_statement(
    postgresql_database_url: str, one_connection: dict[str, int]
) -> None:
    user = a_user()
    async with open_database(postgresql_database_url, **one_connection) as database:
        factory = SqlUnitOfWorkFactory(database)
        async with factory() as uow:
            await uow.users.add(user)
            await uow.commit()
        async with factory() as uow:
            await uow.users.add(replace(a_user(name="again"), email=user.email))
            with pytest.raises(EmailAlreadyRegistered):
                await uow.commit()
            with pytest.raises(RuntimeError, match="failed"):
                await uow.commit()
        assert await names(factory) == [user.name]


async def test_a_unit_that_is_cancelled_in_a_statement_leaves_nothing_behind(
    postgresql_database_url: str, one_connection: dict[str, int]
) -> None:
    async with open_database(postgresql_database_url, **one_connection) as database:
        factory = SqlUnitOfWorkFactory(database)
        inside, other = asyncio.Event(), a_user()
        async with factory() as uow:
            await uow.users.add(other)
            await uow.commit()

        async def wait() -> None:
            async with factory() as uow:
                await uow.users.add(a_user())
                inside.set()
                await uow.users.lock(other.id)

        async with (
            open_database(postgresql_database_url) as beside,
            SqlUnitOfWorkFactory(beside)() as holder,
        ):
            await holder.users.lock(other.id)
            task = asyncio.create_task(wait())
            await inside.wait()
            await asyncio.sleep(0.05)
            task.cancel()
            await asyncio.wait([task], timeout=5)
            assert task.cancelled()
            assert await names(factory) == [other.name]
        assert database.pool_state().in_use == 0


async def test_a_unit_that_is_cancelled_while_it_rolls_back_keeps_its_connection_until_then(
    postgresql_database_url: str,
    one_connection: dict[str, int],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    ask = AsyncpgChannel._ask
    rolls_back, go_on = asyncio.Event(), asyncio.Event()

    async def slow(channel: AsyncpgChannel, answer: Awaitable[object]) -> object:
        rolls_back.set()
        await go_on.wait()
        return await ask(channel, answer)

    async with open_database(postgresql_database_url, **one_connection) as database:
        factory = SqlUnitOfWorkFactory(database)

        async def leave() -> None:
            async with factory() as uow:
                await uow.users.add(a_user())
                assert await uow.users.find("nobody") is None
                monkeypatch.setattr(AsyncpgChannel, "_ask", slow)

        leaving = asyncio.create_task(leave())
        await rolls_back.wait()
        monkeypatch.setattr(AsyncpgChannel, "_ask", ask)
        for _ in range(2):
            leaving.cancel()
            await asyncio.sleep(0.01)
            assert database.pool_state().in_use == 1
        go_on.set()
        await asyncio.wait([leaving], timeout=5)
        assert leaving.cancelled()
        assert database.pool_state().in_use == 0
        assert await names(factory) == []


async def test_a_unit_that_is_cancelled_between_statements_gives_its_connection_back(
    database: Database,
) -> None:
    factory = sql_backend(database).uow
    inside = asyncio.Event()

    async def wait() -> None:
        async with factory() as uow:
            await uow.users.add(a_user())
            inside.set()
            await asyncio.sleep(30)

    task = asyncio.create_task(wait())
    await inside.wait()
    task.cancel()
    await asyncio.wait([task], timeout=5)
    assert task.cancelled()
    async with factory.reading() as uow:
        assert await uow.users.find("nobody") is None
    assert database.pool_state().in_use == 0


async def test_behind_pgbouncer_fixed_statements_do_the_same(postgresql_database_url: str) -> None:
    user = a_user()
    item, message = an_item(user.id), message_for(user.id)
    async with open_database(postgresql_database_url, pgbouncer=True) as database:
        factory = SqlUnitOfWorkFactory(database)
        async with factory() as uow:
            await uow.users.add(user)
            await uow.items.add(item)
            await uow.outbox.add_first(message)
            await uow.commit()
        async with factory.single() as uow:
            claimed = await uow.outbox.claim(LATER, LATER)
            await uow.commit()
        assert claimed is not None
        assert (claimed.message.id, claimed.others_due) == (message.id, False)
        async with factory() as uow:
            assert await uow.outbox.claim(LATER - SECOND, LATER) is None
            assert await uow.users.page(UserFilter(), None, 1) == [user]
            assert await uow.items.page(user.id, "", None, 1) == [item]
            changed = await uow.items.change(item.id, ItemChanges(title="Tea"), LATER, 1)
            assert changed is not None
            assert (changed.title, changed.data, changed.version) == ("Tea", item.data, 2)
            assert not await uow.items.delete(item.id, 1)
            assert await uow.items.delete(item.id, 2)
            await uow.commit()


async def test_what_only_writes_is_one_trip(
    postgresql_database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    trips: list[str] = []
    ask = AsyncpgChannel._ask

    async def counted(channel: AsyncpgChannel, answer: Awaitable[object]) -> object:
        trips.append(type(answer).__name__)
        return await ask(channel, answer)

    monkeypatch.setattr(AsyncpgChannel, "_ask", counted)
    user = a_user()
    async with open_database(postgresql_database_url) as database:
        factory = SqlUnitOfWorkFactory(database)
        async with factory() as uow:
            await uow.users.add(user)
            await uow.credentials.set_password(user.id, "a hash", LATER)
            await uow.outbox.add_first(message_for(user.id))
            await uow.events.add(an_event())
            await uow.commit()
        assert len(trips) == 1
        async with factory.single() as uow:
            assert await uow.outbox.claim(LATER, LATER) is not None
            await uow.commit()
        assert len(trips) == 2
        async with factory() as uow:
            # BEGIN, the account, the session with its event, COMMIT.
            assert await uow.users.get(user.id) == user
            await uow.sessions.open(a_session(user.id), "a hash")
            await uow.events.add(an_event())
            await uow.commit()
        assert len(trips) == 6
