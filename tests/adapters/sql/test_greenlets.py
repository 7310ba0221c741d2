"""Greenlets that are used again: what is done in one is as if it were done in a new one."""

import asyncio
import gc
import weakref
from collections.abc import Callable, Generator
from contextlib import suppress
from contextvars import ContextVar
from types import coroutine
from typing import Any

import pytest
from sqlalchemy.exc import MissingGreenlet
from sqlalchemy.util.concurrency import await_

from adapters.sql import greenlets
from adapters.sql.greenlets import greenlet_spawn

_name: ContextVar[str] = ContextVar("name", default="nobody")


class Something:
    """Can be looked for once it should be gone."""


@pytest.fixture(autouse=True)
def _fresh(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(greenlets, "_idle", greenlets._Idle())


def waiting_for(seconds: float, result: Any) -> Callable[[], Any]:
    return lambda: await_(asyncio.sleep(seconds, result))


async def test_work_gives_back_what_it_makes_and_what_it_waited_for() -> None:
    assert await greenlet_spawn(divmod, 7, 3) == (2, 1)
    assert await greenlet_spawn(lambda: [await_(asyncio.sleep(0, 1)), await_(asyncio.sleep(0, 2))])


async def test_as_many_as_run_at_once_and_no_more_are_made() -> None:
    for _ in range(3):
        work = [greenlet_spawn(waiting_for(0.001, number)) for number in range(5)]
        assert await asyncio.gather(*work) == [*range(5)]
    assert len(greenlets._idle.carriers) == 5
    await greenlet_spawn(waiting_for(0, None))
    assert len(greenlets._idle.carriers) == 5


def carriers() -> int:
    gc.collect()
    return sum(isinstance(each, greenlets._Carrier) for each in gc.get_objects())


async def test_a_burst_leaves_few_behind() -> None:
    before, burst = carriers(), 10 * greenlets._KEPT
    results = await asyncio.gather(*(greenlet_spawn(waiting_for(0.01, n)) for n in range(burst)))
    assert results == [*range(burst)]
    assert carriers() - before == len(greenlets._idle.carriers) == greenlets._KEPT


async def test_errors_come_out_and_the_next_work_knows_nothing_of_them() -> None:
    with pytest.raises(ZeroDivisionError):
        await greenlet_spawn(divmod, 1, 0)
    with pytest.raises(SystemExit):
        await greenlet_spawn(exit, 3)
    assert await greenlet_spawn(waiting_for(0, "well")) == "well"
    assert len(greenlets._idle.carriers) == 1


async def test_what_is_waited_for_fails_inside_the_work() -> None:
    async def fail() -> None:
        raise LookupError

    def work() -> str:
        with suppress(LookupError):
            await_(fail())
        return await_(asyncio.sleep(0, "went on"))

    assert await greenlet_spawn(work) == "went on"


async def test_who_is_cancelled_is_so_inside_the_work() -> None:
    told: list[str] = []

    def work() -> None:
        try:
            await_(asyncio.sleep(60))
        except asyncio.CancelledError:
            await_(asyncio.sleep(0))
            told.append("cancelled")
            raise

    task = asyncio.create_task(greenlet_spawn(work))
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert told == ["cancelled"]
    assert len(greenlets._idle.carriers) == 1


async def test_work_runs_in_its_callers_context() -> None:
    async def named(name: str) -> tuple[str, str]:
        _name.set(name)

        def work() -> tuple[str, str]:
            before = _name.get()
            await_(asyncio.sleep(0))
            return before, _name.get()

        return await greenlet_spawn(work)

    for _ in range(2):
        names = await asyncio.gather(*map(named, ("ada", "bob")))
        assert names == [("ada", "ada"), ("bob", "bob")]
    assert await greenlet_spawn(_name.get) == "nobody"
    assert {each.gr_context for each in greenlets._idle.carriers} == {None}


async def test_nothing_of_the_work_is_kept() -> None:
    kept: list[weakref.ref[Something]] = []

    def note(given: Something) -> Something:
        made, failing = Something(), Something()
        kept.extend(map(weakref.ref, (given, made, failing)))
        if len(kept) > 3:
            raise LookupError(failing)
        return made

    gc.disable()
    try:
        await greenlet_spawn(note, Something())
        with pytest.raises(LookupError) as raised:
            await greenlet_spawn(note, Something())
        del raised
        assert len(kept) == 6
        assert [each() for each in kept] == [None] * 6
    finally:
        gc.enable()


async def test_every_thread_has_its_own() -> None:
    def elsewhere() -> tuple[int, int]:
        async def twice() -> int:
            waited: int = await greenlet_spawn(waiting_for(0, 1))
            return waited + await greenlet_spawn(lambda: 1)

        return asyncio.run(twice()), len(greenlets._idle.carriers)

    await greenlet_spawn(lambda: None)
    assert await asyncio.gather(*(asyncio.to_thread(elsewhere) for _ in range(2))) == [(2, 1)] * 2
    assert await greenlet_spawn(waiting_for(0, 1)) == 1


def test_work_that_nobody_waits_for_any_more_clears_up() -> None:
    ended: list[str] = []

    @coroutine
    def pause() -> Generator[None]:
        yield

    def work() -> None:
        try:
            await_(pause())
        finally:
            ended.append("cleared up")

    waiting = greenlet_spawn(work)
    waiting.send(None)
    waiting.close()
    assert ended == ["cleared up"]


def test_a_greenlet_that_is_given_up_in_the_midst_of_its_work_ends() -> None:
    carrier = greenlets._Carrier()
    carrier.switch((lambda: await_(asyncio.Event()), ()))  # type: ignore[arg-type]
    # As its last reference does.
    carrier.throw()
    assert carrier.dead


def test_waiting_without_a_greenlet_is_refused() -> None:
    with pytest.raises(MissingGreenlet):
        await_(asyncio.sleep(0))
