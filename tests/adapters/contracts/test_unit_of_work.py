"""What every unit of work promises: all of it or nothing, and readers see what is committed."""

import asyncio

import pytest

from application.ports.unit_of_work import UnitOfWork
from application.ports.users import UserChanges
from domain.errors import NotFound
from domain.users import User, UserFilter
from tests.domain.samples import LATER, a_session, a_user, an_event
from tests.storage import Backend, open_session


async def names(uow: UnitOfWork) -> list[str]:
    return [user.name for user in await uow.users.page(UserFilter(), None, 100)]


async def all_names(backend: Backend) -> list[str]:
    async with backend.uow.reading() as uow:
        return await names(uow)


async def add(backend: Backend, *users: User) -> None:
    async with backend.uow() as uow:
        for user in users:
            await uow.users.add(user)
        await uow.commit()


async def test_what_is_committed_is_seen_by_the_next_unit(backend: Backend) -> None:
    user = a_user()
    await add(backend, user)
    async with backend.uow() as uow:
        assert await uow.users.get(user.id) == user
    async with backend.uow.reading() as uow:
        assert await uow.users.get(user.id) == user
    async with backend.uow.reading(may_lag=True) as uow:
        assert await uow.users.get(user.id) == user


async def test_leaving_without_commit_takes_everything_back(backend: Backend) -> None:
    user, event = a_user(), an_event()
    async with backend.uow() as uow:
        await uow.users.add(user)
        await uow.credentials.set_password(user.id, "hash", LATER)
        await open_session(uow, a_session(user.id))
        await uow.events.add(event)
        assert await uow.users.get(user.id) == user
    async with backend.uow.reading() as uow:
        assert await uow.users.get(user.id) is None
        assert await uow.credentials.find_password(user.id) is None
        assert await uow.events.page(None, 10) == []


async def test_an_exception_takes_everything_back_and_goes_on(backend: Backend) -> None:
    async def fail_half_way() -> None:
        async with backend.uow() as uow:
            await uow.users.add(a_user())
            raise NotFound

    with pytest.raises(NotFound):
        await fail_half_way()
    assert await all_names(backend) == []


async def test_a_commit_stands_whatever_happens_after_it_in_the_block(backend: Backend) -> None:
    user = a_user(name="before")

    async def fail_late() -> None:
        async with backend.uow() as uow:
            await uow.users.add(user)
            await uow.commit()
            raise NotFound

    with pytest.raises(NotFound):
        await fail_late()
    assert await all_names(backend) == ["before"]


async def test_what_is_written_after_the_commit_is_not_part_of_it(backend: Backend) -> None:
    user = a_user(name="before")
    async with backend.uow() as uow:
        await uow.users.add(user)
        await uow.commit()
        await uow.users.change(user.id, UserChanges(name="after"), LATER, None)
    assert await all_names(backend) == ["before"]


async def test_a_cancelled_unit_takes_everything_back_and_frees_its_place(
    backend: Backend,
) -> None:
    inside = asyncio.Event()

    async def hang() -> None:
        async with backend.uow() as uow:
            await uow.users.add(a_user(name="never"))
            inside.set()
            await asyncio.Event().wait()

    for _ in range(3):
        inside.clear()
        task = asyncio.create_task(hang())
        await inside.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
    await add(backend, a_user(name="after"))
    assert await all_names(backend) == ["after"]


async def test_others_do_not_see_what_is_not_committed(backend: Backend) -> None:
    async with backend.uow() as uow:
        await uow.users.add(a_user(name="pending"))
        assert await names(uow) == ["pending"]
        assert await all_names(backend) == []
        await uow.commit()
        assert await all_names(backend) == ["pending"]


async def test_every_statement_of_a_reading_sees_what_was_committed_before_it(
    backend: Backend,
) -> None:
    async with backend.uow.reading() as uow:
        assert await names(uow) == []
        await add(backend, a_user(name="first"))
        assert await names(uow) == ["first"]
        await add(backend, a_user(name="second"))
        assert await names(uow) == ["second", "first"]


async def test_a_reading_has_nothing_to_commit(backend: Backend) -> None:
    async with backend.uow.reading() as uow:
        assert await names(uow) == []
        await uow.commit()
    assert await all_names(backend) == []


async def test_commit_belongs_inside_the_block(backend: Backend) -> None:
    for unit in (backend.uow(), backend.uow.reading()):
        with pytest.raises(RuntimeError, match="outside"):
            await unit.commit()
        async with unit:
            pass
        with pytest.raises(RuntimeError, match="outside"):
            await unit.commit()


async def test_units_that_write_at_once_lose_nothing(backend: Backend) -> None:
    user = a_user(name="0")
    await add(backend, user)

    async def count_up() -> None:
        async with backend.uow() as uow:
            locked = await uow.users.lock(user.id)
            assert locked is not None
            await asyncio.sleep(0)
            changes = UserChanges(name=str(int(locked.name) + 1))
            await uow.users.change(user.id, changes, LATER, None)
            await uow.commit()

    await asyncio.gather(*(count_up() for _ in range(20)))
    async with backend.uow.reading() as uow:
        counted = await uow.users.get(user.id)
    assert counted is not None
    assert (counted.name, counted.version) == ("20", 21)


async def test_the_administrators_lock_is_held_by_one_at_a_time(backend: Backend) -> None:
    inside = 0

    async def enter() -> None:
        nonlocal inside
        async with backend.uow() as uow:
            await uow.roles.lock_administrators()
            inside += 1
            assert inside == 1
            await asyncio.sleep(0.002)
            assert inside == 1
            inside -= 1

    await asyncio.gather(*(enter() for _ in range(10)))
    assert inside == 0


async def test_what_was_given_is_kept_apart_from_what_the_giver_does_with_it(
    backend: Backend,
) -> None:
    data: dict[str, object] = {"fields": ["name"]}
    event = an_event(data=data)
    async with backend.uow() as uow:
        await uow.events.add(event)
        data["fields"] = "changed by the giver"
        await uow.commit()
    async with backend.uow.reading() as uow:
        (stored,) = await uow.events.page(None, 1)
        assert stored.data == {"fields": ["name"]}
        taken = stored.data["fields"]
        assert isinstance(taken, list)
        taken.append("changed by the taker")
        (again,) = await uow.events.page(None, 1)
    assert again.data == {"fields": ["name"]}
