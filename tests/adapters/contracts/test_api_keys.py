"""What every repository of API keys promises: kept whole, retired once, revoked once."""

import asyncio
from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from domain.api_keys import ApiKey
from domain.errors import ConcurrentChange
from domain.users import User
from tests.adapters.contracts.texts import texts
from tests.domain.samples import LATER, NOW, a_user, an_api_key, new_id
from tests.storage import Backend

MICROSECOND = timedelta(microseconds=1)
HOUR = timedelta(hours=1)


async def add(backend: Backend, *keys: ApiKey) -> None:
    async with backend.uow() as uow:
        for key in keys:
            await uow.api_keys.add(key)
        await uow.commit()


async def get(backend: Backend, key: ApiKey) -> ApiKey | None:
    async with backend.uow.reading() as uow:
        return await uow.api_keys.get(key.id)


@given(
    changes=st.fixed_dictionaries(
        {
            "name": texts(200),
            "secret_digest": st.binary(min_size=1, max_size=64),
            "scopes": st.frozensets(texts(64), max_size=5),
            "rate_limit": st.none() | st.integers(1, 2**31 - 1),
            "last_used_at": st.none() | st.just(LATER),
            "revoked_at": st.none() | st.just(LATER),
            "rotated_at": st.none() | st.just(LATER),
        }
    )
)
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
async def test_a_key_comes_back_as_it_was_stored(
    backend: Backend, ada: User, changes: dict[str, object]
) -> None:
    key = an_api_key(ada.id, **changes)
    await add(backend, key)
    assert await get(backend, key) == key
    async with backend.uow.reading() as uow:
        assert await uow.api_keys.find(key.public_id) == key


async def test_no_key_is_no_key(backend: Backend) -> None:
    async with backend.uow() as uow:
        assert await uow.api_keys.get(new_id()) is None
        assert await uow.api_keys.find("0" * 16) is None
        assert await uow.api_keys.page(new_id(), None, 10) == []
        assert await uow.api_keys.retire(new_id(), NOW, LATER) is None
        assert not await uow.api_keys.revoke(new_id(), NOW)
        assert await uow.api_keys.revoke_all(new_id(), NOW) == 0
        assert not await uow.api_keys.note_use(new_id(), NOW)
        await uow.commit()


async def test_a_public_id_is_taken_once(backend: Backend, ada: User) -> None:
    key = an_api_key(ada.id)
    await add(backend, key)
    with pytest.raises(ConcurrentChange):
        await add(backend, an_api_key(ada.id, public_id=key.public_id))


async def test_an_accounts_keys_come_in_pages_the_newest_first(backend: Backend, ada: User) -> None:
    grace = a_user()
    async with backend.uow() as uow:
        await uow.users.add(grace)
        await uow.commit()
    keys = [an_api_key(ada.id) for _ in range(5)]
    keys[1] = replace(keys[1], revoked_at=NOW)
    keys[2] = replace(keys[2], expires_at=NOW)
    await add(backend, *keys, an_api_key(grace.id))
    async with backend.uow.reading() as uow:
        assert await uow.api_keys.page(ada.id, None, 10) == keys[::-1]
        assert await uow.api_keys.page(ada.id, None, 2) == [keys[4], keys[3]]
        assert await uow.api_keys.page(ada.id, keys[3].id, 2) == [keys[2], keys[1]]
        assert await uow.api_keys.page(ada.id, keys[0].id, 2) == []


@pytest.mark.parametrize(
    ("overlap", "ends_at"),
    [
        (HOUR, LATER + HOUR),
        (timedelta(0), LATER),
        # It would have ended earlier anyway.
        (timedelta(days=7), NOW + timedelta(days=1)),
    ],
)
async def test_a_retired_key_lives_on_but_never_longer_than_it_would_have(
    backend: Backend, ada: User, overlap: timedelta, ends_at: datetime
) -> None:
    key, bystander = an_api_key(ada.id), an_api_key(ada.id)
    await add(backend, key, bystander)
    async with backend.uow() as uow:
        retired = await uow.api_keys.retire(key.id, LATER, LATER + overlap)
        await uow.commit()
    assert retired == replace(key, rotated_at=LATER, expires_at=ends_at)
    assert await get(backend, key) == retired
    assert await get(backend, bystander) == bystander


@pytest.mark.parametrize(
    "changes",
    [{"revoked_at": NOW}, {"rotated_at": NOW}, {"expires_at": LATER}],
    ids=["revoked", "retired", "expired"],
)
async def test_what_is_past_being_retired_is_left_alone(
    backend: Backend, ada: User, changes: dict[str, object]
) -> None:
    key = an_api_key(ada.id, **changes)
    await add(backend, key)
    async with backend.uow() as uow:
        assert await uow.api_keys.retire(key.id, LATER, LATER + HOUR) is None
        await uow.commit()
    assert await get(backend, key) == key


async def test_of_many_who_retire_a_key_at_once_one_does(backend: Backend, ada: User) -> None:
    key = an_api_key(ada.id)
    await add(backend, key)

    async def retire() -> bool:
        async with backend.uow() as uow:
            retired = await uow.api_keys.retire(key.id, LATER, LATER + HOUR)
            await uow.commit()
        return retired is not None

    assert sum(await asyncio.gather(*(retire() for _ in range(10)))) == 1


async def test_a_key_is_revoked_once(backend: Backend, ada: User) -> None:
    key, bystander = an_api_key(ada.id), an_api_key(ada.id)
    await add(backend, key, bystander)
    for at, done in ((NOW, True), (LATER, False)):
        async with backend.uow() as uow:
            assert await uow.api_keys.revoke(key.id, at) is done
            await uow.commit()
    assert await get(backend, key) == replace(key, revoked_at=NOW)
    assert await get(backend, bystander) == bystander


async def test_all_keys_of_an_account_are_revoked_together(backend: Backend, ada: User) -> None:
    grace = a_user()
    async with backend.uow() as uow:
        await uow.users.add(grace)
        await uow.commit()
    keys, revoked = [an_api_key(ada.id) for _ in range(3)], an_api_key(ada.id, revoked_at=NOW)
    foreign = an_api_key(grace.id)
    await add(backend, *keys, revoked, foreign)
    async with backend.uow() as uow:
        assert await uow.api_keys.revoke_all(ada.id, LATER) == 3
        await uow.commit()
    for key in keys:
        assert await get(backend, key) == replace(key, revoked_at=LATER)
    assert await get(backend, revoked) == revoked
    assert await get(backend, foreign) == foreign


async def test_a_use_is_noted_once_a_minute(backend: Backend, ada: User) -> None:
    key = an_api_key(ada.id)
    await add(backend, key)
    minute = timedelta(seconds=60)
    for at, noted in (
        (NOW, True),
        (NOW, False),
        (NOW - minute, False),
        (NOW + minute - MICROSECOND, False),
        (NOW + minute, True),
    ):
        async with backend.uow() as uow:
            assert await uow.api_keys.note_use(key.id, at) is noted
            await uow.commit()
    assert await get(backend, key) == replace(key, last_used_at=NOW + minute)


async def test_keys_go_with_their_account(backend: Backend, ada: User) -> None:
    key = an_api_key(ada.id)
    await add(backend, key)
    async with backend.uow() as uow:
        assert await uow.users.delete(ada.id, None)
        await uow.commit()
    assert await get(backend, key) is None


async def test_what_is_not_committed_is_taken_back(backend: Backend, ada: User) -> None:
    key, another = an_api_key(ada.id), an_api_key(ada.id)
    await add(backend, key)
    async with backend.uow() as uow:
        await uow.api_keys.add(another)
        await uow.api_keys.revoke(key.id, NOW)
    assert await get(backend, key) == key
    assert await get(backend, another) is None
