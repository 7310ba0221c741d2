"""When a key was last used: at most one write a minute, and none that a call waits for."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta

import pytest
from dependency_injector import providers

from adapters.memory.records import MemoryDatabase
from adapters.memory.unit_of_work import MemoryUnitOfWork, MemoryUnitOfWorkFactory
from application.api_keys import uses as uses_module
from application.api_keys.queries import GetApiKeyQuery
from application.api_keys.uses import ApiKeyUses
from domain.api_keys import ApiKey
from domain.errors import Unavailable
from domain.users import User
from tests.application.api_keys.keys import call_with, make_key, stored_key
from tests.application.people import ROOT, register
from tests.domain.samples import NOW, an_api_key, new_id
from tests.worlds import World, open_world


class Counting(MemoryUnitOfWorkFactory):
    """Counts the units that write; refuses them while told to."""

    def __init__(self, database: MemoryDatabase) -> None:
        super().__init__(database)
        self.writes = 0
        self.is_away = False

    def __call__(self) -> MemoryUnitOfWork:
        self.writes += 1
        if self.is_away:
            raise Unavailable
        return super().__call__()


@pytest.fixture
async def counted() -> AsyncIterator[tuple[World, Counting, ApiKeyUses]]:
    async with open_world("memory://") as world:
        counting = Counting(world.container.memory_database())
        uses = ApiKeyUses(uow=counting)
        world.container.api_key_uses.override(providers.Object(uses))
        yield world, counting, uses


async def used(world: World, key: ApiKey) -> object:
    stored = await stored_key(world, key)
    assert stored is not None
    return stored.last_used_at


async def shown(world: World, key: ApiKey) -> object:
    query = GetApiKeyQuery(actor=ROOT, key_id=key.id)
    return (await world.container.get_api_key().execute(query)).last_used_at


async def ada(world: World) -> User:
    return await register(world, "ada@example.com")


async def test_a_call_notes_its_use_and_writes_nothing(
    counted: tuple[World, Counting, ApiKeyUses],
) -> None:
    world, counting, uses = counted
    issued = await make_key(world, await ada(world))
    start = world.clock.now()
    await call_with(world, issued.text)
    assert (counting.writes, await used(world, issued.key)) == (0, None)
    # What is not written yet is shown all the same.
    assert await shown(world, issued.key) == start
    await uses.write()
    assert (counting.writes, await used(world, issued.key)) == (1, start)


async def test_a_minute_of_calls_is_one_write(
    counted: tuple[World, Counting, ApiKeyUses],
) -> None:
    world, counting, uses = counted
    issued = await make_key(world, await ada(world))
    start = world.clock.now()
    for _ in range(60):
        await call_with(world, issued.text)
        await uses.write()
        world.clock.advance(0.999)
    assert counting.writes == 1
    world.clock.advance(0.06)
    await call_with(world, issued.text)
    await uses.write()
    assert counting.writes == 2
    assert await used(world, issued.key) == start + timedelta(seconds=60)


async def test_what_another_process_wrote_is_not_written_again(
    counted: tuple[World, Counting, ApiKeyUses],
) -> None:
    world, counting, uses = counted
    issued = await make_key(world, await ada(world))
    async with world.container.uow()() as uow:
        await uow.api_keys.note_use(issued.key.id, world.clock.now())
        await uow.commit()
    world.clock.advance(59)
    await call_with(world, issued.text)
    await uses.write()
    assert counting.writes == 0


async def test_a_database_that_takes_no_writes_refuses_no_call(
    counted: tuple[World, Counting, ApiKeyUses],
) -> None:
    world, counting, uses = counted
    owner = await ada(world)
    issued = [await make_key(world, owner) for _ in range(3)]
    counting.is_away = True
    for each in issued:
        await call_with(world, each.text)
    with pytest.raises(Unavailable):
        await uses.write()
    # One was tried and is left alone for a minute; the others are for the next time.
    assert counting.writes == 1
    counting.is_away = False
    await uses.write()
    assert sorted([await used(world, each.key) is None for each in issued]) == [False, False, True]
    for each in issued:
        await call_with(world, each.text)
    await uses.write()
    assert counting.writes == 3
    world.clock.advance(60)
    for each in issued:
        await call_with(world, each.text)
    await uses.write()
    assert None not in [await used(world, each.key) for each in issued]


async def test_a_key_that_is_gone_meanwhile_is_no_fault(
    counted: tuple[World, Counting, ApiKeyUses],
) -> None:
    _, counting, uses = counted
    uses.note(an_api_key(new_id()), NOW)
    await uses.write()
    assert counting.writes == 1


async def test_whoever_writes_sleeps_until_there_is_a_use(
    counted: tuple[World, Counting, ApiKeyUses],
) -> None:
    _, _, uses = counted
    key = an_api_key(new_id())
    waiting = asyncio.create_task(uses.wait())
    await asyncio.sleep(0)
    assert not waiting.done()
    uses.note(key, NOW)
    await asyncio.wait_for(waiting, 1)
    uses.note(key, NOW)
    again = asyncio.create_task(uses.wait())
    await asyncio.sleep(0.01)
    assert not again.done()
    uses.wake()
    await asyncio.wait_for(again, 1)


async def test_what_is_remembered_is_bounded(
    counted: tuple[World, Counting, ApiKeyUses], monkeypatch: pytest.MonkeyPatch
) -> None:
    _, counting, uses = counted
    monkeypatch.setattr(uses_module, "_REMEMBERED", 10)
    keys = [an_api_key(new_id()) for _ in range(25)]
    for key in keys:
        uses.note(key, NOW)
    assert len(uses._noted) == len(uses._unwritten) == 10
    assert uses.seen(keys[-1]).last_used_at == NOW
    assert uses.seen(keys[0]) == keys[0]
    await uses.write()
    assert counting.writes == 10
