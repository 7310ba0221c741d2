"""What every user repository promises of accounts as they are kept, changed and deleted."""

import asyncio
from dataclasses import replace
from datetime import timedelta, timezone

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from application.ports.users import UserChanges
from domain.addresses import EmailAddress
from domain.errors import DomainError
from domain.roles import BUILT_IN_ROLES, UnknownRole
from domain.users import EmailAlreadyRegistered, User, UserKind, UserStatus
from tests.adapters.contracts.texts import AWKWARD, texts
from tests.domain.samples import LATER, NOW, a_session, a_user, an_address, new_id
from tests.storage import Backend, open_session

NOBODY = new_id()
NEW_ADDRESS = an_address("Countess@example.com")

instants = st.datetimes(
    min_value=NOW.replace(year=1970, tzinfo=None),
    max_value=NOW.replace(year=2200, tzinfo=None),
    timezones=st.integers(-14, 14).map(lambda hours: timezone(timedelta(hours=hours))),
)
fields = st.fixed_dictionaries(
    {
        "id": st.uuids(),
        "email": st.builds(lambda a, k: EmailAddress(address=a, key=k), texts(320), texts(640)),
        "email_verified": st.booleans(),
        "name": texts(200),
        "kind": st.sampled_from(UserKind),
        "status": st.sampled_from(UserStatus),
        "roles": st.frozensets(st.sampled_from(sorted(BUILT_IN_ROLES))),
        "version": st.integers(1, 2**31 - 2),
        "created_at": instants,
        "updated_at": instants,
    }
)


async def add(backend: Backend, *users: User) -> None:
    async with backend.uow() as uow:
        for user in users:
            await uow.users.add(user)
        await uow.commit()


async def get(backend: Backend, user: User) -> User | None:
    async with backend.uow.reading() as uow:
        return await uow.users.get(user.id)


async def refusal(backend: Backend, user: User) -> type[DomainError] | None:
    """How adding the account is refused, if it is."""
    try:
        await add(backend, user)
    except DomainError as error:
        return type(error)
    return None


@given(fields=fields)
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
async def test_an_account_comes_back_as_it_was_stored(
    backend: Backend, fields: dict[str, object]
) -> None:
    user = User(**fields)  # type: ignore[arg-type]
    await add(backend, user)
    async with backend.uow() as uow:
        assert await uow.users.get(user.id) == user
        assert await uow.users.find(user.email.key) == user
        assert await uow.users.lock(user.id) == user
        # Makes room for the next example, which may well have the same key.
        assert await uow.users.delete(user.id, None)
        await uow.commit()
    assert await get(backend, user) is None


async def test_times_come_back_aware_in_utc_to_the_microsecond(backend: Backend) -> None:
    user = a_user(created_at=NOW, updated_at=LATER)
    await add(backend, user)
    back = await get(backend, user)
    assert back is not None
    assert back.created_at.utcoffset() == timedelta(0)
    assert (back.created_at, back.updated_at) == (NOW, LATER)


async def test_who_is_not_there_is_not_found(backend: Backend) -> None:
    await add(backend, a_user())
    async with backend.uow() as uow:
        assert await uow.users.get(NOBODY) is None
        assert await uow.users.find("nobody@example.com") is None
        assert await uow.users.find("") is None
        assert await uow.users.lock(NOBODY) is None


async def test_no_two_accounts_share_a_key(backend: Backend) -> None:
    first = a_user(email="ada@example.com")
    await add(backend, first)
    second = replace(a_user(), email=replace(first.email, address="ADA@example.com"))
    assert await refusal(backend, second) is EmailAlreadyRegistered
    assert await get(backend, second) is None
    assert await get(backend, first) == first


async def test_one_address_spelled_in_two_ways_is_two_if_the_keys_differ(backend: Backend) -> None:
    keys = [*AWKWARD, "ada@example.com", "ADA@example.com", "ada@example.com ", "a_a@example.com"]
    accounts = [replace(a_user(), email=EmailAddress(address="a@b.example", key=k)) for k in keys]
    await add(backend, *accounts)
    async with backend.uow.reading() as uow:
        for account in accounts:
            assert await uow.users.find(account.email.key) == account


async def test_the_key_is_free_again_after_deletion(backend: Backend) -> None:
    first, second = a_user(email="ada@example.com"), a_user(email="ada@example.com")
    await add(backend, first)
    async with backend.uow() as uow:
        await uow.users.delete(first.id, None)
        await uow.users.add(second)
        await uow.commit()
    assert await get(backend, second) == second


@pytest.mark.parametrize(
    "role",
    ["auditor", "", "Admin", "x" * 33, "x" * 3_000, "a,b", "user ", "a\0b", "\ud800"],
    ids=lambda role: ascii(role)[:12],
)
async def test_a_role_that_does_not_exist_cannot_be_given(backend: Backend, role: str) -> None:
    user, other = a_user(roles={"user", role}), a_user()
    assert await refusal(backend, user) is UnknownRole
    assert await get(backend, user) is None
    await add(backend, other)
    async with backend.uow() as uow:
        with pytest.raises(UnknownRole):
            await uow.users.set_roles(other.id, frozenset({"user", role}), LATER, None)
    assert await get(backend, other) == other


async def test_the_address_is_judged_before_the_roles(backend: Backend) -> None:
    await add(backend, a_user(email="ada@example.com"))
    both = a_user(email="ada@example.com", roles={"auditor"})
    assert await refusal(backend, both) is EmailAlreadyRegistered


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        (UserChanges(name="Grace"), {"name": "Grace"}),
        (UserChanges(status=UserStatus.DISABLED), {"status": UserStatus.DISABLED}),
        (
            UserChanges(name="G", status=UserStatus.DISABLED),
            {"name": "G", "status": UserStatus.DISABLED},
        ),
        (UserChanges(email=NEW_ADDRESS), {"email": NEW_ADDRESS}),
        (UserChanges(email_verified=True), {"email_verified": True}),
        (UserChanges(), {}),
    ],
    ids=["name", "status", "both", "address", "proof", "nothing"],
)
@pytest.mark.parametrize("if_version", [None, 1])
async def test_a_change_overwrites_what_is_given_and_raises_the_version(
    backend: Backend, changes: UserChanges, expected: dict[str, object], if_version: int | None
) -> None:
    user, bystander = a_user(roles={"user", "admin"}), a_user()
    await add(backend, user, bystander)
    async with backend.uow() as uow:
        changed = await uow.users.change(user.id, changes, LATER, if_version)
        await uow.commit()
    assert changed == replace(user, **expected, version=2, updated_at=LATER)  # type: ignore[arg-type]
    assert await get(backend, user) == changed
    assert await get(backend, bystander) == bystander


async def test_an_address_cannot_become_that_of_another_account(backend: Backend) -> None:
    user, other = a_user(), a_user(email="grace@example.com")
    await add(backend, user, other)
    taken = EmailAddress(address="GRACE@example.com", key=other.email.key)
    async with backend.uow() as uow:
        with pytest.raises(EmailAlreadyRegistered):
            await uow.users.change(user.id, UserChanges(email=taken), LATER, None)
    assert await get(backend, user) == user
    # One's own in another spelling is free.
    async with backend.uow() as uow:
        changed = await uow.users.change(other.id, UserChanges(email=taken), LATER, None)
        await uow.commit()
    assert changed is not None
    assert changed.email == taken


async def test_roles_are_replaced_and_raise_the_version(backend: Backend) -> None:
    user, bystander = a_user(roles={"user"}), a_user(roles={"user"})
    await add(backend, user, bystander)
    expected = user
    for roles in ({"admin"}, {"admin"}, set[str](), {"user", "admin"}):
        expected = replace(
            expected, roles=frozenset(roles), version=expected.version + 1, updated_at=LATER
        )
        async with backend.uow() as uow:
            changed = await uow.users.set_roles(
                user.id, frozenset(roles), LATER, expected.version - 1
            )
            await uow.commit()
        assert changed == expected
        assert await get(backend, user) == expected
    assert await get(backend, bystander) == bystander


@pytest.mark.parametrize("if_version", [0, 1, 3, -1])
async def test_a_write_to_another_version_meets_no_row(backend: Backend, if_version: int) -> None:
    user = a_user(version=2)
    await add(backend, user)
    async with backend.uow() as uow:
        changes = UserChanges(name="Grace")
        assert await uow.users.change(user.id, changes, LATER, if_version) is None
        assert await uow.users.set_roles(user.id, frozenset(), LATER, if_version) is None
        assert not await uow.users.delete(user.id, if_version)
        await uow.commit()
    assert await get(backend, user) == user


async def test_a_write_to_nobody_meets_no_row(backend: Backend) -> None:
    async with backend.uow() as uow:
        assert await uow.users.change(NOBODY, UserChanges(name="Grace"), LATER, None) is None
        assert await uow.users.set_roles(NOBODY, frozenset({"user"}), LATER, None) is None
        assert not await uow.users.delete(NOBODY, None)


async def test_of_many_writes_to_one_version_one_meets_it(backend: Backend) -> None:
    user = a_user()
    await add(backend, user)

    async def rename(name: str) -> bool:
        async with backend.uow() as uow:
            changed = await uow.users.change(user.id, UserChanges(name=name), LATER, 1)
            await uow.commit()
        return changed is not None

    assert sum(await asyncio.gather(*(rename(str(n)) for n in range(10)))) == 1
    back = await get(backend, user)
    assert back is not None
    assert back.version == 2


async def test_deleting_takes_along_what_belongs_to_the_account(backend: Backend) -> None:
    user, bystander = a_user(version=3), a_user()
    await add(backend, user, bystander)
    sessions = [a_session(owner.id) for owner in (user, user, bystander)]
    async with backend.uow() as uow:
        for owner in (user, bystander):
            await uow.credentials.set_password(owner.id, "hash", NOW)
        for session in sessions:
            await open_session(uow, session)
        await uow.commit()
    async with backend.uow() as uow:
        assert await uow.users.delete(user.id, 3)
        assert not await uow.users.delete(user.id, None)
        await uow.commit()
    async with backend.uow.reading() as uow:
        assert await uow.users.get(user.id) is None
        assert await uow.credentials.find_password(user.id) is None
        assert [await uow.sessions.get(s.id) is None for s in sessions] == [True, True, False]
        assert await uow.credentials.find_password(bystander.id) is not None
    # Nothing that is left of them brings a namesake to life.
    again = replace(a_user(), id=user.id, email=an_address())
    await add(backend, again)
    assert await backend.sessions.find_live(sessions[0].id, user.id, NOW) is None


async def test_active_administrators_are_counted_but_for_one(backend: Backend) -> None:
    active = [a_user(roles={"admin"}), a_user(roles={"admin", "user"})]
    others = [a_user(), a_user(roles=set()), a_user(roles={"admin"}, status=UserStatus.DISABLED)]
    await add(backend, *active, *others)
    async with backend.uow() as uow:
        count = uow.users.count_active_administrators
        assert [await count(besides=user.id) for user in active] == [1, 1]
        assert [await count(besides=user.id) for user in others] == [2, 2, 2]
        assert await count(besides=NOBODY) == 2
