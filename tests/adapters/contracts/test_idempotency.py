"""What every storage of idempotency keys promises."""

import asyncio
from dataclasses import fields, replace
from datetime import timedelta
from typing import Any

import pytest

from application.ports.retention import Cutoffs
from domain.idempotency import LEASE, LIFETIME, IdempotencyClaim
from tests.domain.samples import NOW, new_id
from tests.storage import Backend

SECOND = timedelta(seconds=1)
ANSWER = b"\x00sealed\xff"


def a_claim(**changes: Any) -> IdempotencyClaim:
    claim = IdempotencyClaim(
        scope="anonymous",
        key_digest=new_id().bytes,
        fingerprint=b"\x00print\xff",
        leased_until=NOW + LEASE,
        created_at=NOW,
        expires_at=NOW + LIFETIME,
    )
    return replace(claim, **changes)


async def add(backend: Backend, claim: IdempotencyClaim) -> bool:
    async with backend.uow() as uow:
        is_ours = await uow.idempotency.add(claim)
        await uow.commit()
    return is_ours


async def take_over(backend: Backend, claim: IdempotencyClaim, seconds: int) -> bool:
    async with backend.uow() as uow:
        is_ours = await uow.idempotency.take_over(claim, claim.leased_until + seconds * SECOND)
        await uow.commit()
    return is_ours


async def answer(backend: Backend, claim: IdempotencyClaim) -> bool:
    async with backend.uow() as uow:
        is_kept = await uow.idempotency.answer(claim, ANSWER)
        await uow.commit()
    return is_kept


async def release(backend: Backend, claim: IdempotencyClaim) -> None:
    async with backend.uow() as uow:
        await uow.idempotency.release(claim)
        await uow.commit()


async def find(backend: Backend, claim: IdempotencyClaim, *others: bytes) -> object:
    async with backend.uow.reading() as uow:
        digests = [*others, claim.key_digest]
        return await uow.idempotency.find(claim.scope, digests, NOW)


async def test_a_claim_is_found_as_it_was_added(backend: Backend) -> None:
    claim = a_claim()
    assert await find(backend, claim) is None
    assert await add(backend, claim)
    assert await find(backend, claim) == claim
    assert await find(backend, claim, b"of another secret") == claim


async def test_a_claim_belongs_to_its_scope_and_its_digest(backend: Backend) -> None:
    claim = a_claim()
    await add(backend, claim)
    for other in (replace(claim, scope="user:1"), a_claim()):
        assert await find(backend, other) is None
        assert await add(backend, other)
        assert await find(backend, other) == other
    assert await find(backend, claim) == claim


async def test_a_key_is_claimed_once(backend: Backend) -> None:
    claim = a_claim()
    await add(backend, claim)
    later = replace(claim, created_at=NOW + LIFETIME - SECOND, fingerprint=b"another")
    assert not await add(backend, later)
    assert await find(backend, claim) == claim


async def test_what_has_expired_is_not_found_and_makes_room(backend: Backend) -> None:
    old = a_claim(expires_at=NOW, sealed_answer=None)
    await add(backend, old)
    await answer(backend, old)
    assert await find(backend, old) is None
    new = replace(old, fingerprint=b"another", expires_at=NOW + LIFETIME)
    assert await add(backend, new)
    assert await find(backend, new) == new


async def test_an_answer_is_stored_once(backend: Backend) -> None:
    claim = a_claim()
    await add(backend, claim)
    assert await answer(backend, claim)
    assert await find(backend, claim) == replace(claim, sealed_answer=ANSWER)
    assert not await answer(backend, claim)


async def test_an_answer_is_part_of_its_unit_of_work(backend: Backend) -> None:
    claim = a_claim()
    await add(backend, claim)
    async with backend.uow() as uow:
        assert await uow.idempotency.answer(claim, ANSWER)
    assert await find(backend, claim) == claim


async def test_whoever_is_taken_over_can_neither_answer_nor_release(backend: Backend) -> None:
    slow = a_claim()
    await add(backend, slow)
    assert await take_over(backend, slow, 5)
    assert not await take_over(backend, slow, 7)
    assert not await answer(backend, slow)
    await release(backend, slow)
    holder = replace(slow, leased_until=slow.leased_until + 5 * SECOND)
    assert await find(backend, holder) == holder
    assert await answer(backend, holder)


async def test_an_answered_claim_is_neither_taken_over_nor_released(backend: Backend) -> None:
    claim = a_claim()
    await add(backend, claim)
    await answer(backend, claim)
    assert not await take_over(backend, claim, 5)
    await release(backend, claim)
    assert await find(backend, claim) == replace(claim, sealed_answer=ANSWER)


async def test_a_released_key_can_be_claimed_again(backend: Backend) -> None:
    claim = a_claim()
    await add(backend, claim)
    await release(backend, claim)
    assert await find(backend, claim) is None
    assert not await answer(backend, claim)
    assert await add(backend, claim)


async def test_of_many_at_once_one_claims_and_one_takes_over(backend: Backend) -> None:
    claim = a_claim()
    claimed = await asyncio.gather(*(add(backend, claim) for _ in range(10)))
    assert sorted(claimed) == [False] * 9 + [True]
    taken = await asyncio.gather(*(take_over(backend, claim, n + 1) for n in range(10)))
    assert sorted(taken) == [False] * 9 + [True]


@pytest.mark.parametrize("limit", [1, 10])
async def test_what_has_expired_is_purged(backend: Backend, limit: int) -> None:
    expired = [a_claim(expires_at=NOW - SECOND) for _ in range(2)]
    kept = a_claim(expires_at=NOW)
    for claim in (*expired, kept):
        await add(backend, claim)
    cutoffs = Cutoffs(**{each.name: NOW for each in fields(Cutoffs)})
    async with backend.uow() as uow:
        purged = await uow.retention.purge(cutoffs, limit)
        await uow.commit()
    assert purged["idempotency"] == min(limit, 2)
    async with backend.uow.reading() as uow:
        digests = [claim.key_digest for claim in (*expired, kept)]
        left = [
            await uow.idempotency.find("anonymous", [each], NOW - 2 * SECOND) for each in digests
        ]
    assert left[2] == kept
    assert sum(each is not None for each in left) == 3 - min(limit, 2)
