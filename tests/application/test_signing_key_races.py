"""Many at once on the same keys: the database settles it, whatever it is."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack

import pytest

from domain.errors import Conflict
from tests.application.signing_key_worlds import DAY_SECONDS, Worker, open_worker

MANY = 10


@pytest.fixture
async def workers(backend_url: str) -> AsyncIterator[list[Worker]]:
    """Processes as far as the database can tell: each has a pool of its own."""
    async with AsyncExitStack() as stack:
        first = await stack.enter_async_context(open_worker(backend_url))
        others = [
            await stack.enter_async_context(open_worker(backend_url, beside=first))
            for _ in range(MANY - 1)
        ]
        yield [first, *others]


async def at_once(
    workers: list[Worker], act: Callable[[Worker], Awaitable[object]]
) -> list[object]:
    """What became of each; everything but a conflict fails the test."""
    results = await asyncio.gather(*map(act, workers), return_exceptions=True)
    for result in results:
        if isinstance(result, BaseException) and not isinstance(result, Conflict):
            raise result
    return [result for result in results if not isinstance(result, BaseException)]


async def assert_consistent(worker: Worker) -> None:
    states = await worker.states()
    assert (states.count("current"), states.count("next")) == (1, 1), states


async def test_starting_at_once_makes_two_keys(workers: list[Worker]) -> None:
    assert len(await at_once(workers, lambda worker: worker.start())) == MANY
    assert sorted(await workers[0].states()) == ["current", "next"]
    assert all(worker.ring.can_sign() for worker in workers)


async def test_of_many_rotations_at_once_one_rotates(workers: list[Worker]) -> None:
    await workers[0].start()
    assert len(await at_once(workers, lambda worker: worker.rotate())) == 1
    assert sorted(await workers[0].states()) == ["current", "next", "retired"]


async def test_of_many_scheduled_rotations_one_rotates(workers: list[Worker]) -> None:
    await workers[0].start()
    workers[0].clock.advance(90 * DAY_SECONDS)
    results = await at_once(workers, lambda worker: worker.rotate_if_due())
    assert sorted(map(bool, results)) == [False] * (MANY - 1) + [True]
    assert sorted(await workers[0].states()) == ["current", "next", "retired"]


async def test_rotations_in_haste_each_happen_wholly_or_not_at_all(workers: list[Worker]) -> None:
    await workers[0].start()
    done = await at_once(workers, lambda worker: worker.rotate(now=True))
    assert done
    await assert_consistent(workers[0])
    assert (await workers[0].states()).count("retired") == len(done)


async def test_a_key_that_all_revoke_while_others_rotate_is_revoked(workers: list[Worker]) -> None:
    await workers[0].start()
    kid = next(key.kid for key in await workers[0].keys() if key.status == "current")

    async def revoke(worker: Worker) -> object:
        return await worker.revoke(kid)

    rotating, revoking = workers[: MANY // 2], workers[MANY // 2 :]
    await asyncio.gather(
        at_once(rotating, lambda worker: worker.rotate(now=True)), at_once(revoking, revoke)
    )
    await assert_consistent(workers[0])
    keys = {key.kid: key.status.value for key in await workers[0].keys()}
    assert keys[kid] == "revoked"


async def test_workers_of_two_algorithms_leave_one_next_key(
    workers: list[Worker], backend_url: str
) -> None:
    async with open_worker(backend_url, beside=workers[0], jwt_algorithm="EdDSA") as changed:
        await at_once([*workers, changed], lambda worker: worker.start())
        await assert_consistent(workers[0])
