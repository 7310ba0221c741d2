"""What every user repository promises of lists: newest first, narrowed, nobody twice."""

from itertools import product
from uuid import UUID

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from domain.addresses import EmailAddress
from domain.users import User, UserFilter, UserStatus
from tests.adapters.contracts.texts import AWKWARD
from tests.domain.samples import a_user, new_id
from tests.storage import Backend

ROLE_SETS = [set[str](), {"user"}, {"admin"}, {"user", "admin"}]


async def add(backend: Backend, *users: User) -> None:
    async with backend.uow() as uow:
        for user in users:
            await uow.users.add(user)
        await uow.commit()


async def page(
    backend: Backend, where: UserFilter, before: UUID | None = None, limit: int = 100
) -> list[User]:
    async with backend.uow.reading() as uow:
        return await uow.users.page(where, before, limit)


def newest_first(users: list[User]) -> list[User]:
    return sorted(users, key=lambda user: user.id, reverse=True)


async def test_an_empty_list_is_a_list(backend: Backend) -> None:
    assert await page(backend, UserFilter()) == []
    assert await page(backend, UserFilter(), new_id()) == []


@given(ids=st.lists(st.uuids(), unique=True, max_size=6), size=st.integers(1, 3))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=15)
async def test_pages_continue_each_other_whatever_the_ids(
    backend: Backend, ids: list[UUID], size: int
) -> None:
    users = [a_user(id=each) for each in ids]
    await add(backend, *users)
    seen: list[User] = []
    while got := await page(backend, UserFilter(), seen[-1].id if seen else None, size):
        seen += got
        assert len(got) <= size
        assert len(seen) <= len(users)
    assert seen == newest_first(users)
    async with backend.uow() as uow:
        for each in ids:
            await uow.users.delete(each, None)
        await uow.commit()


async def test_conditions_all_have_to_hold(backend: Backend) -> None:
    users = [
        a_user(roles=roles, status=status)
        for roles, status, _ in product(ROLE_SETS, UserStatus, range(2))
    ]
    await add(backend, *users)
    keys = [None, users[0].email.key, users[3].email.key, "nobody@example.com"]
    for key, status, role in product(keys, [None, *UserStatus], [None, "user", "admin", "none"]):
        expected = [
            user
            for user in users
            if (key is None or user.email.key == key)
            and (status is None or user.status is status)
            and (role is None or role in user.roles)
        ]
        where = UserFilter(email_key=key, status=status, role=role)
        assert await page(backend, where) == newest_first(expected)


async def test_a_narrowed_list_is_continued_as_a_narrowed_list(backend: Backend) -> None:
    users = [a_user(roles={"admin"} if n % 3 else {"user"}) for n in range(12)]
    await add(backend, *users)
    expected = newest_first([user for user in users if "admin" in user.roles])
    where = UserFilter(role="admin")
    first = await page(backend, where, None, 5)
    assert first + await page(backend, where, first[-1].id, 5) == expected


@pytest.mark.parametrize("pattern", ["%", "_", "a%", "ada_example.com", "*", "ada@example.com%"])
async def test_a_condition_is_no_pattern(backend: Backend, pattern: str) -> None:
    await add(backend, a_user(email="ada@example.com"))
    assert await page(backend, UserFilter(email_key=pattern)) == []
    assert await page(backend, UserFilter(role=pattern)) == []


@pytest.mark.parametrize("role", ["\0", "\ud800", "x" * 10_000], ids=["nul", "surrogate", "long"])
async def test_a_role_that_cannot_exist_is_nobodys(backend: Backend, role: str) -> None:
    await add(backend, a_user())
    assert await page(backend, UserFilter(role=role)) == []


async def test_awkward_conditions_find_what_has_them(backend: Backend) -> None:
    users = [a_user() for _ in AWKWARD]
    users = [
        User(**{**vars(user), "email": EmailAddress(address="a@b.example", key=key)})
        for user, key in zip(users, AWKWARD, strict=True)
    ]
    await add(backend, *users)
    for user in users:
        assert await page(backend, UserFilter(email_key=user.email.key)) == [user]


async def test_nobody_is_seen_twice_or_missed_while_others_come_and_go(backend: Backend) -> None:
    users = [a_user() for _ in range(20)]
    await add(backend, *users)
    stay = [user for number, user in enumerate(users) if number % 4]
    leave = [user for number, user in enumerate(users) if not number % 4]
    seen: list[User] = []
    while got := await page(backend, UserFilter(), seen[-1].id if seen else None, 3):
        seen += got
        assert len(seen) <= len(users)
        async with backend.uow() as uow:
            await uow.users.add(a_user())
            if leave:
                await uow.users.delete(leave.pop().id, None)
            await uow.commit()
    ids = [user.id for user in seen]
    assert ids == sorted(set(ids), reverse=True)
    assert {user.id for user in stay} <= set(ids) <= {user.id for user in users}
