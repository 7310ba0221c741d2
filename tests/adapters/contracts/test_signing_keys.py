"""What every SigningKeyRepository promises."""

import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from domain.errors import ConcurrentChange
from domain.signing_keys import KeyMove, SigningAlgorithm, SigningKey, SigningKeyStatus
from tests.adapters.contracts.texts import texts
from tests.domain.samples import LATER, NOW, a_signing_key, new_id
from tests.storage import Backend

CURRENT, NEXT = SigningKeyStatus.CURRENT, SigningKeyStatus.NEXT
RETIRED, REVOKED = SigningKeyStatus.RETIRED, SigningKeyStatus.REVOKED
LONG_AGO = NOW - timedelta(days=365)


async def add(backend: Backend, *keys: SigningKey) -> None:
    async with backend.uow() as uow:
        for key in keys:
            await uow.signing_keys.add(key)
        await uow.commit()


async def move(backend: Backend, before: SigningKey, after: SigningKey) -> bool:
    async with backend.uow() as uow:
        moved = await uow.signing_keys.move(KeyMove(before=before, after=after))
        await uow.commit()
    return moved


async def every_key(backend: Backend) -> list[SigningKey]:
    async with backend.uow.reading() as uow:
        return await uow.signing_keys.list_all()


@given(
    changes=st.fixed_dictionaries(
        {
            "algorithm": st.sampled_from(SigningAlgorithm),
            "status": st.sampled_from([RETIRED, REVOKED]),
            "public_jwk": st.none() | st.dictionaries(texts(8), texts(20), max_size=3),
            "sealed_private": st.binary(min_size=1, max_size=2_000),
            "activated_at": st.none() | st.just(NOW),
            "retired_at": st.none() | st.just(LATER),
        }
    )
)
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
async def test_a_key_comes_back_as_it_was_stored(
    backend: Backend, changes: dict[str, object]
) -> None:
    key = replace(a_signing_key(), kid=new_id().hex, **changes)  # type: ignore[arg-type]
    await add(backend, key)
    assert key in await every_key(backend)


async def test_no_key_is_an_empty_list(backend: Backend) -> None:
    assert await every_key(backend) == []


async def test_keys_are_listed_oldest_first(backend: Backend) -> None:
    keys = [
        a_signing_key(RETIRED, created_at=NOW + timedelta(seconds=seconds)) for seconds in (3, 1, 2)
    ]
    await add(backend, *keys)
    assert [key.kid for key in await every_key(backend)] == [keys[n].kid for n in (1, 2, 0)]


@pytest.mark.parametrize("status", [CURRENT, NEXT])
async def test_one_key_is_current_and_one_is_next(
    backend: Backend, status: SigningKeyStatus
) -> None:
    first = a_signing_key(status)
    await add(backend, first)
    with pytest.raises(ConcurrentChange):
        await add(backend, a_signing_key(status))
    assert await every_key(backend) == [first]


async def test_many_may_be_retired_or_revoked(backend: Backend) -> None:
    statuses = [CURRENT, NEXT, RETIRED, RETIRED, REVOKED, REVOKED]
    await add(backend, *(a_signing_key(status) for status in statuses))
    assert sorted(key.status for key in await every_key(backend)) == sorted(statuses)


async def test_a_move_changes_status_and_instants_alone(backend: Backend) -> None:
    key = a_signing_key(NEXT, activated_at=None)
    await add(backend, key)
    other = replace(key.activated(LATER), algorithm=SigningAlgorithm.RS256, sealed_private=b"else")
    assert await move(backend, key, other)
    assert await every_key(backend) == [key.activated(LATER)]


async def test_a_move_from_a_state_that_was_left_does_nothing(backend: Backend) -> None:
    key = a_signing_key(CURRENT)
    await add(backend, key)
    assert await move(backend, key, key.retired(LATER))
    assert not await move(backend, key, key.revoked(LATER))
    unknown = a_signing_key(NEXT)
    assert not await move(backend, unknown, unknown.revoked(LATER))
    assert await every_key(backend) == [key.retired(LATER)]


@pytest.mark.parametrize("status", [CURRENT, NEXT])
async def test_a_move_to_a_place_that_is_taken_is_refused(
    backend: Backend, status: SigningKeyStatus
) -> None:
    there, other = a_signing_key(status), a_signing_key(RETIRED)
    await add(backend, there, other)
    with pytest.raises(ConcurrentChange):
        await move(backend, other, replace(other, status=status))
    assert {key.kid for key in await every_key(backend)} == {there.kid, other.kid}
    assert other in await every_key(backend)


async def test_keys_change_places_within_one_unit(backend: Backend) -> None:
    old, new = a_signing_key(CURRENT), a_signing_key(NEXT, activated_at=None, created_at=LATER)
    fresh = a_signing_key(NEXT, activated_at=None, created_at=LATER + timedelta(seconds=1))
    await add(backend, old, new)
    async with backend.uow() as uow:
        assert await uow.signing_keys.move(KeyMove(before=old, after=old.retired(LATER)))
        assert await uow.signing_keys.move(KeyMove(before=new, after=new.activated(LATER)))
        await uow.signing_keys.add(fresh)
        await uow.commit()
    assert await every_key(backend) == [old.retired(LATER), new.activated(LATER), fresh]


async def test_what_is_not_committed_has_not_happened(backend: Backend) -> None:
    key = a_signing_key(CURRENT)
    await add(backend, key)
    async with backend.uow() as uow:
        assert await uow.signing_keys.move(KeyMove(before=key, after=key.revoked(LATER)))
    assert await every_key(backend) == [key]


async def test_a_key_is_usable_until_it_is_revoked_or_long_retired(backend: Backend) -> None:
    current, following = a_signing_key(CURRENT), a_signing_key(NEXT)
    retired = a_signing_key(RETIRED, retired_at=NOW)
    revoked = a_signing_key(REVOKED, retired_at=NOW)
    await add(backend, current, following, retired, revoked)

    async def usable(retired_since_seconds: float) -> set[str]:
        since = NOW + timedelta(seconds=retired_since_seconds)
        async with backend.uow.reading() as uow:
            return {key.kid for key in await uow.signing_keys.list_usable(retired_since=since)}

    assert await usable(-0.000001) == {current.kid, following.kid, retired.kid}
    assert await usable(0) == {current.kid, following.kid}


async def test_usable_keys_are_listed_oldest_first(backend: Backend) -> None:
    young, old = a_signing_key(CURRENT, created_at=LATER), a_signing_key(NEXT)
    await add(backend, young, old)
    async with backend.uow.reading() as uow:
        assert await uow.signing_keys.list_usable(retired_since=LONG_AGO) == [old, young]


async def test_of_many_current_keys_at_once_one_is_let_through(backend: Backend) -> None:
    results = await asyncio.gather(
        *(add(backend, a_signing_key(CURRENT)) for _ in range(10)), return_exceptions=True
    )
    assert sum(result is None for result in results) == 1
    assert sum(isinstance(result, ConcurrentChange) for result in results) == 9
    assert len(await every_key(backend)) == 1
