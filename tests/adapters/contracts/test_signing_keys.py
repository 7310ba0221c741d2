"""What every repository of signing keys promises: one current key, and no revoked ones."""

import asyncio
from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from domain.errors import ConcurrentChange
from domain.signing_keys import SigningAlgorithm, SigningKey, SigningKeyStatus
from tests.adapters.contracts.texts import texts
from tests.domain.samples import LATER, NOW, a_signing_key, new_id
from tests.storage import Backend

NEXT, CURRENT, RETIRED, REVOKED = SigningKeyStatus


async def add(backend: Backend, *keys: SigningKey) -> None:
    async with backend.uow() as uow:
        for key in keys:
            await uow.signing_keys.add(key)
        await uow.commit()


async def usable(backend: Backend) -> list[SigningKey]:
    async with backend.uow.reading() as uow:
        return await uow.signing_keys.list_usable()


@given(
    changes=st.fixed_dictionaries(
        {
            "algorithm": st.sampled_from(SigningAlgorithm),
            "status": st.sampled_from([NEXT, RETIRED]),
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
    assert key in await usable(backend)


async def test_no_key_is_an_empty_list(backend: Backend) -> None:
    assert await usable(backend) == []


async def test_keys_come_oldest_first_and_without_those_revoked(backend: Backend) -> None:
    oldest = a_signing_key(RETIRED, created_at=NOW)
    twins = [a_signing_key(NEXT, created_at=LATER, kid=kid) for kid in ("a", "b")]
    current = a_signing_key(CURRENT, created_at=LATER, kid="c")
    await add(backend, current, *twins[::-1], a_signing_key(REVOKED), oldest)
    assert await usable(backend) == [oldest, *twins, current]


async def test_a_second_current_key_is_refused(backend: Backend) -> None:
    first = a_signing_key(CURRENT)
    await add(backend, first)
    with pytest.raises(ConcurrentChange):
        await add(backend, a_signing_key(CURRENT))
    assert await usable(backend) == [first]


async def test_of_the_other_states_there_may_be_several(backend: Backend) -> None:
    keys = [a_signing_key(status) for status in (NEXT, NEXT, RETIRED, RETIRED, CURRENT)]
    await add(backend, *keys, a_signing_key(REVOKED), a_signing_key(REVOKED))
    assert await usable(backend) == keys


async def test_of_many_current_keys_at_once_one_is_let_through(backend: Backend) -> None:
    results = await asyncio.gather(
        *(add(backend, a_signing_key(CURRENT)) for _ in range(10)), return_exceptions=True
    )
    assert sum(result is None for result in results) == 1
    assert sum(isinstance(result, ConcurrentChange) for result in results) == 9
    assert len(await usable(backend)) == 1
