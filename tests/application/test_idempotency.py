"""Carrying out an act once: leases, takeovers, refusals, and changes of the server secret."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field, replace

import pytest

from adapters.memory.records import MemoryDatabase
from application.idempotency import Once, RepeatableAnswer, RepeatableRequest
from application.ports.unit_of_work import UnitOfWork
from config.container import container_for
from config.settings import load_settings
from domain.access import Actor
from domain.errors import ConcurrentChange, NotFound
from domain.idempotency import LEASE, IdempotencyKeyReused
from tests.application.people import ANYBODY, signed_in
from tests.domain.samples import a_user, new_id
from tests.worlds import SECRET_KEY, World

REQUEST = RepeatableRequest(
    actor=ANYBODY, key="key", operation="POST /things", content=lambda: "{}"
)
LEASE_SECONDS = LEASE.total_seconds()

Pause = Callable[[], Awaitable[None]]


async def at_once() -> None:
    """No pause."""


@dataclass
class Things:
    """An act that leaves an account behind each time it is carried out."""

    world: World
    names: list[str] = field(default_factory=list)

    async def make(
        self, request: RepeatableRequest = REQUEST, pause: Pause = at_once, name: str = "thing"
    ) -> RepeatableAnswer:
        async def act(once: Once[str]) -> str:
            await once.begin()
            await pause()
            uow: UnitOfWork
            async with self.world.container.uow()() as uow:
                await uow.users.add(a_user(name=name))
                await once.keep(uow, name)
                await uow.commit()
            return name

        return await self.world.container.idempotency().answer(request, act, str.encode)

    def made(self) -> list[str]:
        database: MemoryDatabase = self.world.container.memory_database()
        return [user.name for user in database.committed.users.values()]


@pytest.fixture
def things(service: World) -> Things:
    return Things(service)


def other(**changes: object) -> RepeatableRequest:
    return replace(REQUEST, **changes)  # type: ignore[arg-type]


async def test_an_act_is_carried_out_once(things: Things) -> None:
    first = await things.make()
    assert first == RepeatableAnswer(content=b"thing", is_repeated=False)
    assert await things.make(name="another") == replace(first, is_repeated=True)
    assert things.made() == ["thing"]


async def test_on_its_own_it_does_nothing(things: Things) -> None:
    once = Once[str]()
    await once.begin()
    async with things.world.container.uow()() as uow:
        await once.keep(uow, "thing")
        await uow.commit()
    assert things.world.container.memory_database().committed.idempotency == {}


@pytest.mark.parametrize("changes", [{"operation": "POST /others"}, {"content": lambda: "[]"}])
async def test_a_key_of_an_account_stands_for_one_request(
    things: Things, changes: dict[str, object]
) -> None:
    user = a_user()
    mine = other(actor=signed_in(user))
    await things.make(mine)
    with pytest.raises(IdempotencyKeyReused):
        await things.make(replace(mine, **changes))  # type: ignore[arg-type]
    strangers = [other(), other(**changes), other(actor=signed_in(a_user()))]
    answers = [await things.make(each) for each in strangers]
    assert [each.is_repeated for each in answers] == [False] * 3
    assert len(things.made()) == 4


async def test_an_account_is_one_caller_whatever_it_calls_with(things: Things) -> None:
    by_session = signed_in(a_user())
    by_key = replace(by_session, session_id=None, api_key_id=new_id())
    await things.make(other(actor=by_session))
    assert (await things.make(other(actor=by_key))).is_repeated


async def test_while_it_is_under_way_a_repetition_is_told_so(things: Things) -> None:
    reached, go_on = asyncio.Event(), asyncio.Event()

    async def pause() -> None:
        reached.set()
        await go_on.wait()

    first = asyncio.create_task(things.make(pause=pause))
    await reached.wait()
    things.world.clock.advance(LEASE_SECONDS - 1)
    with pytest.raises(ConcurrentChange):
        await things.make()
    go_on.set()
    assert not (await first).is_repeated
    assert (await things.make()).is_repeated
    assert things.made() == ["thing"]


async def test_who_comes_back_after_the_lease_does_not_do_it_a_second_time(things: Things) -> None:
    reached, go_on = asyncio.Event(), asyncio.Event()

    async def pause() -> None:
        reached.set()
        await go_on.wait()

    slow = asyncio.create_task(things.make(pause=pause, name="slow"))
    await reached.wait()
    things.world.clock.advance(LEASE_SECONDS)
    taken_over = await things.make(name="quick")
    assert taken_over == RepeatableAnswer(content=b"quick", is_repeated=False)
    go_on.set()
    with pytest.raises(ConcurrentChange):
        await slow
    assert (await things.make()).content == b"quick"
    assert things.made() == ["quick"]


async def test_a_lease_that_ran_out_is_as_good_as_ever_until_it_is_taken_over(
    things: Things,
) -> None:
    async def pause() -> None:
        things.world.clock.advance(10 * LEASE_SECONDS)

    assert not (await things.make(pause=pause)).is_repeated
    assert (await things.make()).is_repeated


@pytest.mark.parametrize("error", [NotFound(), ArithmeticError()])
async def test_a_refusal_frees_the_key(things: Things, error: Exception) -> None:
    async def pause() -> None:
        raise error

    for _ in range(2):
        with pytest.raises(type(error)):
            await things.make(pause=pause)
    assert not (await things.make(name="done")).is_repeated
    assert things.made() == ["done"]


async def test_an_act_that_was_cancelled_leaves_the_key_to_its_lease(things: Things) -> None:
    reached = asyncio.Event()

    async def hang() -> None:
        reached.set()
        await asyncio.Event().wait()

    task = asyncio.create_task(things.make(pause=hang))
    await reached.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    with pytest.raises(ConcurrentChange):
        await things.make()
    things.world.clock.advance(LEASE_SECONDS)
    assert not (await things.make()).is_repeated
    assert things.made() == ["thing"]


async def test_another_request_does_not_take_over_what_was_left_behind(things: Things) -> None:
    async def pause() -> None:
        raise asyncio.CancelledError

    mine = other(actor=signed_in(a_user()))
    with pytest.raises(asyncio.CancelledError):
        await things.make(mine, pause=pause)
    things.world.clock.advance(LEASE_SECONDS)
    with pytest.raises(IdempotencyKeyReused):
        await things.make(replace(mine, content=lambda: "[]"))


async def test_keeping_needs_a_beginning(things: Things) -> None:
    async def act(once: Once[str]) -> str:
        async with things.world.container.uow()() as uow:
            await once.keep(uow, "thing")
        return "thing"

    with pytest.raises(RuntimeError, match="before it began"):
        await things.world.container.idempotency().answer(REQUEST, act, str.encode)


def with_secrets(world: World, current: str, *previous: str) -> Things:
    """The same storage, served under other secrets."""
    settings = load_settings(
        database_url="memory://", secret_key=current, secret_key_previous=list(previous)
    )
    container = container_for(settings)
    container.memory_database.override(world.container.memory_database())
    container.clock.override(world.clock)
    return Things(replace(world, container=container))


async def test_a_change_of_the_server_secret_loses_no_answer(things: Things) -> None:
    mine = other(actor=signed_in(a_user()))
    await things.make(mine)
    changed = with_secrets(
        things.world, "another secret, which is as long as the first", SECRET_KEY
    )
    assert await changed.make(mine) == RepeatableAnswer(content=b"thing", is_repeated=True)
    with pytest.raises(IdempotencyKeyReused):
        await changed.make(replace(mine, content=lambda: "[]"))


async def test_without_the_secret_that_it_was_sealed_with_an_answer_is_lost(
    things: Things,
) -> None:
    await things.make()
    changed = with_secrets(things.world, "another secret, which is as long as the first")
    assert not (await changed.make()).is_repeated


async def test_an_answer_that_was_changed_at_rest_is_given_to_nobody(things: Things) -> None:
    await things.make()
    records = things.world.container.memory_database().committed.idempotency
    for key, claim in records.items():
        assert claim.sealed_answer is not None
        records[key] = replace(claim, sealed_answer=claim.sealed_answer + b"\0")
    with pytest.raises(ValueError, match="changed"):
        await things.make()
    assert things.made() == ["thing"]


def test_neither_key_nor_answer_is_shown() -> None:
    request = RepeatableRequest(
        actor=Actor.anonymous(), key="hidden", operation="POST /things", content=lambda: "hidden"
    )
    assert "hidden" not in repr(request)
    assert "hidden" not in repr(RepeatableAnswer(content=b"hidden", is_repeated=False))
