"""What every transfer repository promises of accounts that come or go in bulk."""

from dataclasses import replace

import pytest

from application.ports.transfer import Taken
from domain.errors import ConcurrentChange
from domain.roles import UnknownRole
from domain.transfer import AccountRecord
from domain.users import User, UserKind, UserStatus
from tests.domain.samples import LATER, a_key_record, a_user, new_id
from tests.storage import Backend


async def add(backend: Backend, *records: AccountRecord) -> frozenset[object]:
    async with backend.uow() as uow:
        added = await uow.transfer.add_all(records)
        await uow.commit()
    return frozenset(added)


async def everything(backend: Backend, *, with_secrets: bool = True) -> list[AccountRecord]:
    async with backend.uow.reading(may_lag=True) as uow:
        return await uow.transfer.page(None, 1000, with_secrets=with_secrets)


def records(count: int) -> list[AccountRecord]:
    return [AccountRecord(user=a_user(), password_hash=f"hash {n}") for n in range(count)]


async def test_accounts_come_back_as_they_were_added(backend: Backend) -> None:
    complete = AccountRecord(
        user=a_user(
            email="ada@example.com",
            roles={"admin", "user"},
            email_verified=True,
            kind=UserKind.SERVICE,
            status=UserStatus.DISABLED,
            updated_at=LATER,
        ),
        password_hash="a hash",
        api_keys=tuple(
            sorted(
                (
                    a_key_record(),
                    a_key_record(rate_limit=None, revoked_at=LATER, scopes=frozenset()),
                ),
                key=lambda key: key.public_id,
            )
        ),
    )
    bare = AccountRecord(user=a_user(roles=set()))

    assert await add(backend, complete, bare) == {complete.user.id, bare.user.id}

    assert await everything(backend) == [complete, bare]
    login = (await backend.sign_ins.find("ada@example.com", b"")).login
    assert login is not None
    assert (login.user, login.password_hash) == (complete.user, "a hash")


async def test_without_secrets_there_are_none(backend: Backend) -> None:
    record = AccountRecord(user=a_user(), password_hash="a hash", api_keys=(a_key_record(),))
    await add(backend, record)

    assert await everything(backend, with_secrets=False) == [AccountRecord(user=record.user)]


@pytest.mark.parametrize("with_secrets", [True, False])
async def test_pages_follow_each_other_by_id_without_a_gap(
    backend: Backend, with_secrets: bool
) -> None:
    added = records(7)
    await add(backend, *added[::-1])
    found: list[User] = []
    after = None
    async with backend.uow.reading(may_lag=True) as uow:
        while page := await uow.transfer.page(after, 3, with_secrets=with_secrets):
            assert len(page) <= 3
            found += [record.user for record in page]
            after = found[-1].id

    assert found == [record.user for record in added]


async def test_whose_address_or_id_is_taken_is_left_out_whole(backend: Backend) -> None:
    ada, grace, new = records(3)
    await add(backend, ada, grace)
    same_address = AccountRecord(
        user=a_user(email=ada.user.email.address, roles={"admin"}),
        password_hash="another",
        api_keys=(a_key_record(),),
    )
    same_id = AccountRecord(user=replace(a_user(), id=grace.user.id), password_hash="another")

    assert await add(backend, same_address, new, same_id) == {new.user.id}

    assert await everything(backend) == [ada, grace, new]


async def test_of_two_with_one_address_the_first_is_added(backend: Backend) -> None:
    first, second = (AccountRecord(user=a_user(email="ada@example.com")) for _ in range(2))

    assert await add(backend, first, second) == {first.user.id}


async def test_what_is_taken_is_told(backend: Backend) -> None:
    key = a_key_record()
    there = AccountRecord(user=a_user(email="ada@example.com"), api_keys=(key,))
    await add(backend, there)
    asked = [
        AccountRecord(user=a_user(email="ada@example.com")),
        AccountRecord(user=replace(a_user(), id=there.user.id), api_keys=(a_key_record(),)),
        AccountRecord(user=a_user(), api_keys=(replace(key, id=new_id()),)),
    ]
    async with backend.uow.reading() as uow:
        assert await uow.transfer.taken(asked) == Taken(
            email_keys=frozenset({"ada@example.com"}),
            ids=frozenset({there.user.id}),
            public_ids=frozenset({key.public_id}),
        )
        nothing = Taken(email_keys=frozenset(), ids=frozenset(), public_ids=frozenset())
        assert await uow.transfer.taken(records(2)) == nothing
        assert await uow.transfer.taken([]) == nothing


async def test_roles_exist_or_not(backend: Backend) -> None:
    async with backend.uow() as uow:
        asked = frozenset({"user", "admin", "nobody's", "x" * 33, "a\x00b", "\ud800", ""})
        assert await uow.transfer.existing_roles(asked) == {"user", "admin"}
        assert await uow.transfer.existing_roles(frozenset()) == frozenset()


@pytest.mark.parametrize("role", ["nobody's", "x" * 33, "a\x00b"])
async def test_a_role_that_does_not_exist_adds_nothing(backend: Backend, role: str) -> None:
    bad = AccountRecord(user=a_user(roles={"user", role}))
    with pytest.raises(UnknownRole):
        await add(backend, *records(1), bad)

    assert await everything(backend) == []


async def test_a_key_that_is_taken_adds_nothing(backend: Backend) -> None:
    key = a_key_record()
    there = AccountRecord(user=a_user(), api_keys=(key,))
    await add(backend, there)
    with pytest.raises(ConcurrentChange):
        await add(backend, AccountRecord(user=a_user(), api_keys=(replace(key, id=new_id()),)))

    assert await everything(backend) == [there]


async def test_keys_go_with_their_account(backend: Backend) -> None:
    there = AccountRecord(user=a_user(), api_keys=(a_key_record(),))
    await add(backend, there)
    async with backend.uow() as uow:
        await uow.users.delete(there.user.id, None)
        await uow.commit()

    assert await add(backend, there) == {there.user.id}


async def test_secrets_do_not_show(backend: Backend) -> None:
    record = AccountRecord(user=a_user(), password_hash="to hide", api_keys=(a_key_record(),))
    await add(backend, record)

    assert "to hide" not in repr(await everything(backend))
    assert "secret_digest" not in repr(await everything(backend))
