"""What every role repository promises of roles as they are added, replaced and deleted."""

from dataclasses import replace
from datetime import timedelta

import pytest

from application.ports.roles import RoleContent
from domain.errors import DomainError
from domain.roles import AlreadyExists, Role, RoleInUse, UnknownPermission
from tests.adapters.contracts.texts import AWKWARD
from tests.domain.samples import LATER, NOW, a_role, a_user
from tests.storage import Backend

CONTENT = RoleContent(description="New", permissions=frozenset({"users:read"}))


async def add(backend: Backend, *roles: Role) -> None:
    async with backend.uow() as uow:
        for role in roles:
            await uow.roles.add(role)
        await uow.commit()


async def stored(backend: Backend) -> dict[str, Role]:
    """What does not ship."""
    async with backend.uow.reading() as uow:
        return {role.name: role for role in await uow.roles.list_all() if not role.built_in}


async def lock(backend: Backend, name: str) -> Role | None:
    async with backend.uow() as uow:
        return await uow.roles.lock(name)


async def refusal(backend: Backend, role: Role) -> type[DomainError] | None:
    try:
        await add(backend, role)
    except DomainError as error:
        return type(error)
    return None


async def test_a_role_comes_back_as_it_was_stored(backend: Backend) -> None:
    roles = [a_role(f"role{n}", description=text) for n, text in enumerate(AWKWARD)]
    roles.append(a_role("empty", set(), description="", version=7, updated_at=LATER))
    await add(backend, *roles)
    assert await stored(backend) == {role.name: role for role in roles}
    assert await lock(backend, "empty") == roles[-1]


async def test_the_newest_comes_first_then_names_go_down(backend: Backend) -> None:
    late = timedelta(microseconds=1)
    await add(
        backend,
        a_role("b", created_at=NOW),
        a_role("c", created_at=NOW),
        a_role("a", created_at=NOW + late),
    )
    async with backend.uow.reading() as uow:
        names = [role.name for role in await uow.roles.list_all()]
    assert names[:3] == ["a", "c", "b"]
    assert set(names[3:]) == {"admin", "user"}


async def test_a_name_is_given_once(backend: Backend) -> None:
    await add(backend, a_role("cashier"))
    assert await refusal(backend, a_role("cashier", set())) is AlreadyExists
    assert await refusal(backend, a_role("admin")) is AlreadyExists
    assert await stored(backend) == {"cashier": a_role("cashier")}


@pytest.mark.parametrize(
    "unknown", ["orders:refund", "Users:read", "%", "a\0b", "\ud800", "x" * 65], ids=ascii
)
async def test_a_role_holds_registered_permissions_only(backend: Backend, unknown: str) -> None:
    assert await refusal(backend, a_role("cashier", {"users:read", unknown})) is UnknownPermission
    await add(backend, a_role("clerk"))
    content = replace(CONTENT, permissions=frozenset({unknown}))
    async with backend.uow() as uow:
        with pytest.raises(UnknownPermission):
            await uow.roles.replace("clerk", content, LATER, None)
    assert await stored(backend) == {"clerk": a_role("clerk")}


async def test_replacing_raises_the_version_and_keeps_the_rest(backend: Backend) -> None:
    before = a_role("cashier", version=3)
    await add(backend, before, a_role("clerk"))
    async with backend.uow() as uow:
        after = await uow.roles.replace("cashier", CONTENT, LATER, 3)
        await uow.commit()
    expected = replace(
        before, description="New", permissions=CONTENT.permissions, version=4, updated_at=LATER
    )
    assert after == expected
    assert await stored(backend) == {"cashier": expected, "clerk": a_role("clerk")}
    async with backend.uow.reading() as uow:
        assert await uow.roles.permissions_of(frozenset({"cashier"})) == {"users:read"}


@pytest.mark.parametrize(("name", "version"), [("cashier", 2), ("cashier", 0), ("nobody", None)])
async def test_what_does_not_meet_the_condition_is_left_alone(
    backend: Backend, name: str, version: int | None
) -> None:
    await add(backend, a_role("cashier"))
    async with backend.uow() as uow:
        assert await uow.roles.replace(name, CONTENT, LATER, version) is None
        assert await uow.roles.delete(name, version) is False
        await uow.commit()
    assert await stored(backend) == {"cashier": a_role("cashier")}


async def test_a_role_that_nobody_has_is_deleted(backend: Backend) -> None:
    await add(backend, a_role("cashier"), a_role("clerk"))
    async with backend.uow() as uow:
        assert await uow.roles.delete("cashier", 1) is True
        assert await uow.roles.delete("clerk", None) is True
        assert await uow.roles.lock("cashier") is None
        await uow.commit()
    assert await stored(backend) == {}
    await add(backend, a_role("cashier", set()))
    async with backend.uow.reading() as uow:
        assert await uow.roles.permissions_of(frozenset({"cashier"})) == frozenset()


async def test_a_role_that_somebody_has_stays(backend: Backend) -> None:
    await add(backend, a_role("cashier"))
    user = a_user(roles={"cashier"})
    async with backend.uow() as uow:
        await uow.users.add(user)
        await uow.commit()
    async with backend.uow() as uow:
        with pytest.raises(RoleInUse):
            await uow.roles.delete("cashier", None)
    assert await stored(backend) == {"cashier": a_role("cashier")}
    async with backend.uow() as uow:
        await uow.users.delete(user.id, None)
        assert await uow.roles.delete("cashier", None)


@pytest.mark.parametrize("name", ["", "nobody", "%", "x" * 33, "a\0b", "\ud800"], ids=ascii)
async def test_what_is_not_there_cannot_be_locked(backend: Backend, name: str) -> None:
    assert await lock(backend, name) is None


async def test_what_the_holders_of_a_role_hold_is_all_of_it(backend: Backend) -> None:
    await add(
        backend, a_role("cashier"), a_role("clerk", {"users:read"}), a_role("far", {"roles:read"})
    )
    async with backend.uow() as uow:
        await uow.users.add(a_user(roles={"cashier"}))
        await uow.users.add(a_user(roles={"cashier", "clerk"}))
        await uow.users.add(a_user(roles={"far"}))
        assert await uow.roles.held_by_holders("cashier") == {"items:read", "users:read"}
        assert await uow.roles.held_by_holders("clerk") == {"items:read", "users:read"}
        assert await uow.roles.held_by_holders("far") == {"roles:read"}
        assert await uow.roles.held_by_holders("user") == frozenset()
        assert await uow.roles.held_by_holders("nobody") == frozenset()
