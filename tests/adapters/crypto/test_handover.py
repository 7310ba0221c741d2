"""Results that come soon after each other reach the event loop together; none is left behind."""

import asyncio
import random
from concurrent.futures import Future

import pytest

from adapters.crypto import handover
from adapters.crypto.handover import Handover
from domain.errors import Unavailable
from tests.adapters.crypto.hashers import cheap


class Clock:
    now = 1_000.0

    def __call__(self) -> float:
        return self.now


class Desk:
    """Work that ends when the test says so, and those who wait for it."""

    def __init__(self, patience_seconds: float = 0.1) -> None:
        self.more = True
        self.handover = Handover(lambda: self.more, patience_seconds=patience_seconds)
        self.answers: list[asyncio.Future[int]] = []

    def end(self, result: int | Exception | None) -> asyncio.Future[int]:
        """With a result or an error; None has been cancelled."""
        ended: Future[int] = Future()
        if result is None:
            ended.cancel()
        elif isinstance(result, Exception):
            ended.set_exception(result)
        else:
            ended.set_result(result)
        answer: asyncio.Future[int] = asyncio.get_running_loop().create_future()
        self.answers.append(answer)
        self.handover.give(ended, answer)
        return answer

    async def answered(self) -> list[bool]:
        await asyncio.sleep(0)
        return [each.done() for each in self.answers]


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    made = Clock()
    monkeypatch.setattr(handover, "monotonic", made)
    return made


@pytest.fixture
async def desk(clock: Clock) -> Desk:
    """In the midst of its work: the first result after a pause never waits."""
    made = Desk()
    made.end(0)
    assert await made.answered() == [True]
    made.answers.clear()
    clock.now += 0.02
    return made


async def test_what_comes_while_more_is_to_come_is_handed_over_with_the_last(
    desk: Desk, clock: Clock
) -> None:
    desk.end(1)
    assert await desk.answered() == [False]
    clock.now += 0.02
    desk.end(2)
    assert await desk.answered() == [False, False]
    clock.now += 0.02
    desk.more = False
    desk.end(3)
    assert await desk.answered() == [True, True, True]
    assert [each.result() for each in desk.answers] == [1, 2, 3]


async def test_nobody_waits_for_one_that_would_come_too_late(desk: Desk, clock: Clock) -> None:
    for _ in range(3):
        desk.end(1)
        assert not any(await desk.answered())
        clock.now += 0.03
    # The next one would come at 0.12 s; whoever came first waits for 0.1 s.
    desk.end(1)
    assert await desk.answered() == [True] * 4


async def test_nobody_waits_for_work_that_takes_longer_than_they_would(
    desk: Desk, clock: Clock
) -> None:
    for _ in range(3):
        clock.now += 0.11
        assert await asyncio.wait_for(desk.end(1), 1) == 1


async def test_each_gets_its_own_error_and_who_was_dropped_is_told(desk: Desk) -> None:
    fine, broken = desk.end(1), desk.end(ValueError("no such hash"))
    assert await desk.answered() == [False, False]
    dropped = desk.end(None)
    assert await desk.answered() == [True] * 3
    assert fine.result() == 1
    assert isinstance(broken.exception(), ValueError)
    assert isinstance(dropped.exception(), Unavailable)


async def test_who_has_left_meanwhile_keeps_nobody_from_their_answer(desk: Desk) -> None:
    left, stayed = desk.end(1), desk.end(2)
    left.cancel()
    desk.handover.deliver()
    assert await asyncio.wait_for(stayed, 1) == 2


async def test_a_loop_that_is_closed_keeps_nobody_from_their_answer(desk: Desk) -> None:
    gone = asyncio.new_event_loop()
    ended: Future[int] = Future()
    ended.set_result(1)
    desk.handover.give(ended, gone.create_future())
    gone.close()
    desk.more = False
    assert await asyncio.wait_for(desk.end(2), 1) == 2


async def test_hashes_wait_for_those_behind_them(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("adapters.crypto.passwords._PATIENCE_SECONDS", 60)
    with cheap() as hasher:

        async def waiting_afterwards() -> int:
            await hasher.hash("password")
            return hasher.state().waiting

        # The first one follows nothing, and nothing tells how long the next would take.
        _, *others = await asyncio.gather(*(waiting_afterwards() for _ in range(20)))
    assert others == [0] * 19


async def test_whoever_waits_for_a_hash_that_never_comes_is_answered_at_the_close(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("adapters.crypto.passwords._PATIENCE_SECONDS", 60)
    with cheap() as hasher:
        await hasher.hash("the first")
        # Counted, and then refused by a pool that is closing.
        hasher._enter()
        waiting = asyncio.create_task(hasher.hash("password"))
        await asyncio.sleep(0.05)
        assert not waiting.done()
        await asyncio.to_thread(hasher.close)
        assert (await asyncio.wait_for(waiting, 1)).startswith("$argon2id$")


@pytest.mark.parametrize("concurrency", [1, 2, 3])
async def test_nobody_is_forgotten_whoever_comes_and_goes(concurrency: int) -> None:
    """Hashes end, callers give up, in any order: all that is asked comes to an end by itself."""
    choices = random.Random(concurrency)
    with cheap(concurrency) as hasher:
        for _ in range(100):
            callers = [asyncio.create_task(hasher.hash("password")) for _ in range(12)]
            await asyncio.sleep(choices.choice([0, 0, 0.0003]))
            leavers = choices.sample(callers, choices.randrange(12))
            for each in leavers:
                each.cancel()
            done, waiting = await asyncio.wait(callers, timeout=5)
            assert not waiting
            assert all(each.cancelled() or each.result().startswith("$argon2id$") for each in done)
            assert {each for each in done if each.cancelled()} <= set(leavers)
