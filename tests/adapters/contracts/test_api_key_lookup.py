"""What every look-up of keys promises: live or nothing, with what the owner holds at the moment."""

from dataclasses import replace
from datetime import timedelta

import pytest

from application.ports.api_keys import LiveApiKey
from application.ports.users import UserChanges
from domain.api_keys import ApiKey
from domain.roles import BUILT_IN_ROLES
from domain.users import User, UserStatus
from tests.domain.samples import LATER, NOW, a_user, an_api_key
from tests.storage import Backend

ADMIN, USER = (BUILT_IN_ROLES[name][1] for name in ("admin", "user"))
MICROSECOND = timedelta(microseconds=1)


@pytest.fixture
async def ada(backend: Backend) -> User:
    user = a_user(email="ada@example.com", name="Ada", created_at=NOW - timedelta(days=9))
    async with backend.uow() as uow:
        await uow.users.add(user)
        await uow.commit()
    return user


async def made(backend: Backend, user: User, **changes: object) -> ApiKey:
    key = an_api_key(user.id, **changes)
    async with backend.uow() as uow:
        await uow.api_keys.add(key)
        await uow.commit()
    return key


async def test_a_live_key_comes_with_its_account(backend: Backend, ada: User) -> None:
    key = await made(
        backend,
        ada,
        scopes=frozenset({"items:read", "users:read"}),
        rate_limit=7,
        last_used_at=NOW,
        rotated_at=NOW,
    )
    await made(backend, ada)
    found = await backend.api_keys.find_live(key.public_id, LATER)
    assert found == LiveApiKey(key=key, owner=ada, owner_permissions=USER)
    assert found.permissions == {"items:read"}


async def test_it_is_live_to_the_last_microsecond(backend: Backend, ada: User) -> None:
    key = await made(backend, ada, expires_at=LATER)
    find = backend.api_keys.find_live
    assert await find(key.public_id, LATER - MICROSECOND) is not None
    assert await find(key.public_id, LATER) is None
    assert await find(key.public_id, LATER + MICROSECOND) is None


async def test_a_revoked_key_is_not_live(backend: Backend, ada: User) -> None:
    key, other = await made(backend, ada), await made(backend, ada)
    async with backend.uow() as uow:
        await uow.api_keys.revoke(key.id, NOW)
        assert await backend.api_keys.find_live(key.public_id, LATER) is not None
        await uow.commit()
    assert await backend.api_keys.find_live(key.public_id, LATER) is None
    assert await backend.api_keys.find_live(other.public_id, LATER) is not None


async def test_a_key_is_dead_for_as_long_as_its_account_is_disabled(
    backend: Backend, ada: User
) -> None:
    key = await made(backend, ada)
    for status, live in ((UserStatus.DISABLED, False), (UserStatus.ACTIVE, True)):
        async with backend.uow() as uow:
            await uow.users.change(ada.id, UserChanges(status=status), NOW, None)
            await uow.commit()
        found = await backend.api_keys.find_live(key.public_id, LATER)
        assert (found is not None) is live


async def test_a_key_is_gone_with_its_account(backend: Backend, ada: User) -> None:
    key = await made(backend, ada)
    async with backend.uow() as uow:
        await uow.users.delete(ada.id, None)
        await uow.commit()
    assert await backend.api_keys.find_live(key.public_id, LATER) is None


@pytest.mark.parametrize("public_id", ["0" * 16, "", "%", "_" * 16])
async def test_an_unknown_key_is_not_live(backend: Backend, ada: User, public_id: str) -> None:
    await made(backend, ada)
    assert await backend.api_keys.find_live(public_id, LATER) is None


async def test_what_the_owner_holds_is_that_of_the_moment(backend: Backend, ada: User) -> None:
    key = await made(backend, ada, scopes=frozenset({"items:read", "users:write"}))
    expected = ada
    for roles, held, may in (
        ({"admin", "user"}, ADMIN | USER, {"items:read", "users:write"}),
        (set[str](), frozenset[str](), set[str]()),
        ({"user"}, USER, {"items:read"}),
    ):
        async with backend.uow() as uow:
            await uow.users.set_roles(ada.id, frozenset(roles), LATER, None)
            await uow.commit()
        expected = replace(
            expected, roles=frozenset(roles), version=expected.version + 1, updated_at=LATER
        )
        found = await backend.api_keys.find_live(key.public_id, LATER)
        assert found is not None
        assert (found.owner, found.owner_permissions) == (expected, held)
        assert found.permissions == may


async def test_keys_that_differ_in_case_alone_are_told_apart(backend: Backend, ada: User) -> None:
    for public_id in ("a" * 16, "A" * 16):
        key = await made(backend, ada, public_id=public_id)
        found = await backend.api_keys.find_live(public_id, LATER)
        assert found is not None
        assert found.key == key
