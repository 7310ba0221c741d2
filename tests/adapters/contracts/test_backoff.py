"""What every storage of failed sign-ins and known addresses promises."""

import asyncio
from dataclasses import fields
from datetime import datetime, timedelta

from application.ports.retention import Cutoffs
from domain.backoff import FailedSignIns
from tests.domain.samples import LATER, NOW, a_user, new_id
from tests.storage import Backend

TAG, OTHER = b"t" * 32, b"o" * 32
HERE, THERE = "192.0.2.7", "2001:db8::/64"
SECOND = timedelta(seconds=1)


async def fail(backend: Backend, tag: bytes = TAG, at: datetime = NOW) -> None:
    async with backend.uow() as uow:
        await uow.backoff.add_failure(tag, at)
        await uow.commit()


async def failures(backend: Backend, tag: bytes = TAG) -> FailedSignIns | None:
    return (await backend.sign_ins.find("", tag)).failed


async def test_failures_add_up_until_they_are_forgotten(backend: Backend) -> None:
    assert await failures(backend) is None
    await fail(backend)
    await fail(backend, at=LATER)
    await fail(backend, OTHER)
    assert await failures(backend) == FailedSignIns(count=2, last_try_at=LATER)
    async with backend.uow() as uow:
        await uow.backoff.forget_failures(TAG)
        await uow.commit()
    assert await failures(backend) is None
    assert await failures(backend, OTHER) == FailedSignIns(count=1, last_try_at=NOW)


async def test_a_failure_that_is_rolled_back_did_not_happen(backend: Backend) -> None:
    async with backend.uow() as uow:
        await uow.backoff.add_failure(TAG, NOW)
    assert await failures(backend) is None


async def test_a_hundred_failures_most_of_them_at_once_are_a_hundred(backend: Backend) -> None:
    for _ in range(4):
        # No more than there are connections: waiting for one is another test's.
        await asyncio.gather(*(fail(backend) for _ in range(25)))
    assert await failures(backend) == FailedSignIns(count=100, last_try_at=NOW)


async def test_of_many_who_saw_the_same_one_gets_the_try(backend: Backend) -> None:
    await fail(backend)
    seen = await failures(backend)
    assert seen is not None

    async def claim() -> bool:
        async with backend.uow() as uow:
            is_ours = await uow.backoff.claim_try(TAG, seen, LATER)
            await uow.commit()
        return is_ours

    assert sum(await asyncio.gather(*(claim() for _ in range(20)))) == 1
    assert await failures(backend) == FailedSignIns(count=1, last_try_at=LATER)
    async with backend.uow() as uow:
        assert not await uow.backoff.claim_try(OTHER, seen, LATER)


async def test_an_address_is_known_for_an_account_and_for_a_while(backend: Backend) -> None:
    ada, grace = a_user(), a_user()
    async with backend.uow() as uow:
        for user in (ada, grace):
            await uow.users.add(user)
        for at in (NOW - SECOND, NOW):
            await uow.backoff.remember_address(ada.id, HERE, at)
        await uow.commit()
    async with backend.uow.reading() as uow:
        assert await uow.backoff.is_known(ada.id, HERE, NOW - SECOND)
        assert not await uow.backoff.is_known(ada.id, HERE, NOW)
        for user_id, address in ((ada.id, THERE), (grace.id, HERE), (new_id(), HERE)):
            assert not await uow.backoff.is_known(user_id, address, NOW - SECOND)


async def test_what_an_account_is_known_by_goes_with_it(backend: Backend) -> None:
    ada = a_user()
    async with backend.uow() as uow:
        await uow.users.add(ada)
        await uow.backoff.remember_address(ada.id, HERE, NOW)
        assert await uow.users.delete(ada.id, None)
        await uow.commit()
    async with backend.uow.reading() as uow:
        assert not await uow.backoff.is_known(ada.id, HERE, NOW - SECOND)


async def test_both_are_purged_when_they_are_old(backend: Backend) -> None:
    ada = a_user()
    async with backend.uow() as uow:
        await uow.users.add(ada)
        for place in (HERE, THERE):
            await uow.backoff.remember_address(ada.id, place, NOW)
        await uow.backoff.add_failure(TAG, NOW)
        await uow.commit()

    async def purge(before: datetime) -> dict[str, int]:
        cutoffs = Cutoffs(**dict.fromkeys((each.name for each in fields(Cutoffs)), before))
        async with backend.uow() as uow:
            deleted = await uow.retention.purge(cutoffs, 1)
            await uow.commit()
        return {kind: count for kind, count in deleted.items() if count}

    assert await purge(NOW) == {}
    assert await purge(LATER) == {"sign_in_failures": 1, "known_addresses": 1}
    assert await purge(LATER) == {"known_addresses": 1}
    assert await failures(backend) is None
