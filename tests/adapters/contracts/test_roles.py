"""What every role repository promises of the roles that ship."""

from itertools import combinations

import pytest

from domain.roles import BUILT_IN_PERMISSIONS, BUILT_IN_ROLES
from tests.storage import Backend


async def permissions_of(backend: Backend, *roles: str) -> frozenset[str]:
    async with backend.uow.reading() as uow:
        return await uow.roles.permissions_of(frozenset(roles))


@pytest.mark.parametrize("role", BUILT_IN_ROLES)
async def test_what_ships_is_what_the_rules_say(backend: Backend, role: str) -> None:
    _, permissions = BUILT_IN_ROLES[role]
    assert await permissions_of(backend, role) == permissions


async def test_the_administrator_holds_everything(backend: Backend) -> None:
    assert await permissions_of(backend, "admin") == BUILT_IN_PERMISSIONS.keys()


async def test_several_roles_hold_what_each_of_them_holds(backend: Backend) -> None:
    for one, other in combinations(BUILT_IN_ROLES, 2):
        expected = BUILT_IN_ROLES[one][1] | BUILT_IN_ROLES[other][1]
        assert await permissions_of(backend, one, other) == expected


@pytest.mark.parametrize(
    "role", ["auditor", "", "Admin", "%", "a" * 33, "a\0b", "\ud800"], ids=lambda role: ascii(role)
)
async def test_a_role_that_does_not_exist_holds_nothing(backend: Backend, role: str) -> None:
    assert await permissions_of(backend, role) == frozenset()
    assert await permissions_of(backend, role, "user") == BUILT_IN_ROLES["user"][1]


async def test_no_role_holds_nothing(backend: Backend) -> None:
    assert await permissions_of(backend) == frozenset()
