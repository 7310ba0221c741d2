"""How a process keeps its key ring in step, and what it does without one."""

import asyncio
from collections.abc import AsyncIterator
from typing import Self

import pytest

from adapters.memory.records import MemoryDatabase
from adapters.memory.unit_of_work import MemoryUnitOfWork
from application.ports.unit_of_work import UnitOfWorkFactory
from domain.errors import Unavailable
from tests.application.signing_key_worlds import SECRET_KEY, Worker, open_worker


@pytest.fixture
async def worker() -> AsyncIterator[Worker]:
    async with open_worker() as opened:
        await opened.start()
        yield opened


class SlowUnitOfWork(MemoryUnitOfWork):
    """One that takes a moment, as a database does."""

    async def __aenter__(self) -> Self:
        await asyncio.sleep(0.01)
        return await super().__aenter__()


class Counted(UnitOfWorkFactory):
    """Readings that are counted, and fail on demand."""

    def __init__(self, database: MemoryDatabase) -> None:
        self.database = database
        self.readings = 0
        self.away = False

    def __call__(self) -> MemoryUnitOfWork:
        return SlowUnitOfWork(self.database, writes=True)

    def reading(self, *, may_lag: bool = False) -> MemoryUnitOfWork:
        self.readings += 1
        if self.away:
            raise Unavailable
        return SlowUnitOfWork(self.database, writes=False)


def counting(worker: Worker) -> Counted:
    counted = Counted(worker.container.memory_database())
    worker.container.key_ring_keeper()._uow = counted
    return counted


async def test_junk_refreshes_once_a_second(worker: Worker) -> None:
    counted, keeper = counting(worker), worker.container.key_ring_keeper()
    worker.clock.advance(1)
    assert await keeper.refresh_soon()
    assert [await keeper.refresh_soon() for _ in range(10)] == [False] * 10
    worker.clock.advance(0.999)
    assert not await keeper.refresh_soon()
    worker.clock.advance(0.001)
    assert await keeper.refresh_soon()
    assert counted.readings == 2


async def test_those_who_come_during_a_refresh_share_it(worker: Worker) -> None:
    counted, keeper = counting(worker), worker.container.key_ring_keeper()
    worker.clock.advance(1)
    assert await asyncio.gather(*(keeper.refresh_soon() for _ in range(20))) == [True] * 20
    assert counted.readings == 1


async def test_without_the_database_nobody_says_that_a_token_is_bad(worker: Worker) -> None:
    counted, keeper = counting(worker), worker.container.key_ring_keeper()
    published = worker.published()
    counted.away = True
    worker.clock.advance(1)
    results = await asyncio.gather(
        *(keeper.refresh_soon() for _ in range(5)), return_exceptions=True
    )
    assert all(isinstance(result, Unavailable) for result in results)
    assert counted.readings == 1
    assert worker.published() == published
    counted.away = False
    worker.clock.advance(1)
    assert await keeper.refresh_soon()


async def test_a_key_that_is_open_is_not_opened_again(worker: Worker) -> None:
    before = {kid: worker.ring.get(kid) for kid in worker.published()}
    await worker.rotate()
    assert all(worker.ring.get(kid) is opened for kid, opened in before.items())


async def test_a_key_of_a_previous_secret_opens(worker: Worker) -> None:
    later = "a later secret, just as long and just as good"
    async with open_worker(
        beside=worker, secret_key=later, secret_key_previous=[SECRET_KEY]
    ) as changed:
        await changed.start()
        assert set(changed.published()) == set(worker.published())
        # What is made from now on opens under the new secret alone: the old worker goes on without.
        following = await changed.rotate()
        await worker.refresh()
        assert worker.ring.current is not None
        assert worker.ring.current.kid == following.kid
        assert len(worker.container.key_ring_keeper().unreadable) == 1
        worker.container.verifier().verify(changed.sign())


async def test_under_another_secret_nothing_is_trusted_until_keys_are_made_anew(
    worker: Worker,
) -> None:
    async with open_worker(
        beside=worker, secret_key="quite another secret, of no relation"
    ) as lost:
        await lost.start()
        assert not lost.ring.can_sign()
        assert lost.published() == []
        assert set(lost.container.key_ring_keeper().unreadable) == set(worker.published())
        await lost.rotate(now=True)
        assert not lost.ring.can_sign()
        await lost.rotate(now=True)
        assert lost.ring.can_sign()
        lost.container.verifier().verify(lost.sign())
