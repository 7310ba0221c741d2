"""What every permission repository promises."""

import pytest

from application.ports.roles import RoleContent
from domain.roles import BUILT_IN_PERMISSIONS, AlreadyExists, Permission, PermissionInUse
from tests.adapters.contracts.texts import AWKWARD
from tests.domain.samples import LATER, NOW, a_permission, a_role
from tests.storage import Backend


async def add(backend: Backend, *permissions: Permission) -> None:
    async with backend.uow() as uow:
        for permission in permissions:
            await uow.permissions.add(permission)
        await uow.commit()


async def stored(backend: Backend) -> list[Permission]:
    """What does not ship."""
    async with backend.uow.reading() as uow:
        return [each for each in await uow.permissions.list_all() if not each.built_in]


async def test_what_ships_is_what_the_rules_say(backend: Backend) -> None:
    async with backend.uow.reading() as uow:
        found = await uow.permissions.list_all()
    assert {each.name: each.description for each in found} == BUILT_IN_PERMISSIONS
    assert all(each.built_in for each in found)
    # Lists are by these instants.
    assert len({each.created_at for each in found}) == 1


async def test_a_permission_comes_back_as_it_was_stored_newest_first(backend: Backend) -> None:
    permissions = [
        a_permission(f"orders:act{n:02}", description=text) for n, text in enumerate(AWKWARD)
    ]
    late = a_permission("orders:a", description="", created_at=LATER)
    await add(backend, *permissions, late)
    assert await stored(backend) == [late, *reversed(permissions)]
    async with backend.uow() as uow:
        assert await uow.permissions.lock("orders:a") == late


async def test_a_name_is_given_once(backend: Backend) -> None:
    await add(backend, a_permission("orders:refund"))
    for taken in ("orders:refund", "users:read"):
        with pytest.raises(AlreadyExists):
            await add(backend, a_permission(taken, created_at=LATER))
    assert await stored(backend) == [a_permission("orders:refund")]


async def test_what_exists_is_kept_and_what_does_not_is_left_out(backend: Backend) -> None:
    unknown = {"", "nothing:here", "Users:read", "%", "x" * 65, "a\0b", "\ud800"}
    known = {"users:read", "roles:write"}
    async with backend.uow() as uow:
        assert await uow.permissions.keep(frozenset(unknown | known)) == known
        assert await uow.permissions.keep(frozenset()) == frozenset()
        for name in unknown:
            assert await uow.permissions.lock(name) is None


async def test_a_permission_that_nothing_holds_is_deleted(backend: Backend) -> None:
    await add(backend, a_permission("orders:refund"), a_permission("orders:ship"))
    async with backend.uow() as uow:
        await uow.permissions.delete("orders:refund", NOW)
        await uow.permissions.delete("orders:unheard-of", NOW)
        await uow.commit()
    assert await stored(backend) == [a_permission("orders:ship")]


async def test_a_permission_that_a_role_holds_stays(backend: Backend) -> None:
    await add(backend, a_permission("orders:refund"))
    async with backend.uow() as uow:
        await uow.roles.add(a_role("cashier", {"orders:refund"}))
        await uow.commit()
    async with backend.uow() as uow:
        with pytest.raises(PermissionInUse):
            await uow.permissions.delete("orders:refund", NOW)
    assert await stored(backend) == [a_permission("orders:refund")]
    async with backend.uow() as uow:
        content = RoleContent(description="", permissions=frozenset())
        await uow.roles.replace("cashier", content, NOW, None)
        await uow.permissions.delete("orders:refund", NOW)
        await uow.commit()
    assert await stored(backend) == []
