"""What every credential repository promises of passwords' hashes."""

import asyncio
from uuid import UUID

import pytest
from hypothesis import HealthCheck, given, settings

from application.ports.passwords import PasswordLogin
from application.ports.users import UserChanges
from domain.sessions import InvalidCredentials
from domain.users import User, UserStatus
from tests.adapters.contracts.texts import texts
from tests.domain.samples import LATER, NOW, a_session, a_user, new_id
from tests.storage import Backend


@pytest.fixture
async def ada(backend: Backend) -> User:
    user = a_user(email="ada@example.com", roles={"user", "admin"})
    async with backend.uow() as uow:
        await uow.users.add(user)
        await uow.commit()
    return user


async def set_password(backend: Backend, user: User, password_hash: str) -> None:
    async with backend.uow() as uow:
        await uow.credentials.set_password(user.id, password_hash, LATER)
        await uow.commit()


async def login_of(backend: Backend, email_key: str) -> PasswordLogin | None:
    return (await backend.sign_ins.find(email_key, b"")).login


@given(password_hash=texts(1_000))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
async def test_a_hash_comes_back_as_it_was_stored_and_replaces_the_one_before(
    backend: Backend, ada: User, password_hash: str
) -> None:
    await set_password(backend, ada, password_hash)
    async with backend.uow.reading() as uow:
        credential = await uow.credentials.find_password(ada.id)
    login = await login_of(backend, ada.email.key)
    assert credential is not None
    assert (credential.user_id, credential.password_hash) == (ada.id, password_hash)
    assert credential.updated_at == LATER
    assert login is not None
    assert (login.user, login.password_hash) == (ada, password_hash)


async def test_an_account_without_a_password_is_found_without_one(
    backend: Backend, ada: User
) -> None:
    async with backend.uow.reading() as uow:
        assert await uow.credentials.find_password(ada.id) is None
    login = await login_of(backend, ada.email.key)
    assert login is not None
    assert (login.user, login.password_hash) == (ada, None)


async def test_accounts_keep_their_passwords_apart(backend: Backend, ada: User) -> None:
    grace = a_user(email="grace@example.com", status=UserStatus.DISABLED)
    async with backend.uow() as uow:
        await uow.users.add(grace)
        await uow.credentials.set_password(grace.id, "hash of grace", NOW)
        await uow.credentials.set_password(ada.id, "hash of ada", NOW)
        await uow.commit()
    for user, expected in ((ada, "hash of ada"), (grace, "hash of grace")):
        login = await login_of(backend, user.email.key)
        assert login is not None
        assert (login.user, login.password_hash) == (user, expected)


async def test_nobody_has_a_password(backend: Backend, ada: User) -> None:
    async with backend.uow.reading() as uow:
        assert await uow.credentials.find_password(new_id()) is None
    for key in ("", "nobody@example.com", "ADA@example.com", "%", "ada_example.com"):
        assert await login_of(backend, key) is None


async def test_a_login_does_not_show_its_hash(backend: Backend, ada: User) -> None:
    await set_password(backend, ada, "a hash to hide")
    login = await login_of(backend, ada.email.key)
    assert login is not None
    assert "a hash to hide" not in repr(login)


async def opens(backend: Backend, user_id: UUID, password_hash: str) -> bool:
    """Whether a session opens, and is there afterwards just then."""
    session = a_session(user_id)
    try:
        async with backend.uow() as uow:
            await uow.sessions.open(session, password_hash)
            await uow.commit()
    except InvalidCredentials:
        is_open = False
    else:
        is_open = True
    async with backend.uow.reading() as uow:
        assert await uow.sessions.get(session.id) == (session if is_open else None)
    return is_open


async def test_a_session_opens_while_its_login_is_what_it_was(backend: Backend, ada: User) -> None:
    assert not await opens(backend, ada.id, "")
    await set_password(backend, ada, "hash")
    assert await opens(backend, ada.id, "hash")
    assert not await opens(backend, ada.id, "another hash")
    assert not await opens(backend, new_id(), "hash")
    async with backend.uow() as uow:
        await uow.users.change(ada.id, UserChanges(status=UserStatus.DISABLED), LATER, None)
        await uow.commit()
    assert not await opens(backend, ada.id, "hash")


async def test_nothing_else_of_a_unit_stays_when_its_session_does_not_open(
    backend: Backend, ada: User
) -> None:
    async def fail_and_open() -> None:
        async with backend.uow() as uow:
            await uow.backoff.add_failure(b"tag", NOW)
            await uow.sessions.open(a_session(ada.id), "no hash of hers")
            await uow.commit()

    with pytest.raises(InvalidCredentials):
        await fail_and_open()
    assert (await backend.sign_ins.find("", b"tag")).failed is None


@pytest.mark.parametrize("fresh", ["before", "after"])
async def test_a_session_opens_beside_a_hash_that_is_made_anew(
    backend: Backend, ada: User, fresh: str
) -> None:
    await set_password(backend, ada, "hash")
    session = a_session(ada.id)
    async with backend.uow() as uow:
        if fresh == "before":
            await uow.credentials.set_password(ada.id, "fresh hash", LATER)
        await uow.sessions.open(session, "fresh hash" if fresh == "before" else "hash")
        if fresh == "after":
            await uow.credentials.set_password(ada.id, "fresh hash", LATER)
        await uow.commit()
    async with backend.uow.reading() as uow:
        assert await uow.sessions.get(session.id) == session
    login = await login_of(backend, ada.email.key)
    assert login is not None
    assert login.password_hash == "fresh hash"


@pytest.mark.parametrize("what", ["password", "status", "nothing"])
async def test_who_waits_for_a_login_sees_what_it_has_become(
    backend: Backend, ada: User, what: str
) -> None:
    await set_password(backend, ada, "hash")
    async with backend.uow() as first:
        await first.users.lock(ada.id)
        if what == "password":
            await first.credentials.set_password(ada.id, "another hash", LATER)
        if what == "status":
            changes = UserChanges(status=UserStatus.DISABLED)
            await first.users.change(ada.id, changes, LATER, None)
        second = asyncio.create_task(opens(backend, ada.id, "hash"))
        done, _ = await asyncio.wait([second], timeout=0.1)
        assert not done
        await first.commit()
    assert await second is (what == "nothing")


async def test_who_waits_for_a_login_holds_nothing_yet_that_others_wait_for(
    backend: Backend, ada: User
) -> None:
    await set_password(backend, ada, "hash")

    async def sign_in() -> None:
        async with backend.uow() as uow:
            await uow.sessions.open(a_session(ada.id), "hash")
            await uow.backoff.remember_address(ada.id, "192.0.2.7", NOW)
            await uow.commit()

    async with backend.uow() as first:
        await first.users.lock(ada.id)
        second = asyncio.create_task(sign_in())
        await asyncio.wait([second], timeout=0.1)
        await first.backoff.remember_address(ada.id, "192.0.2.7", LATER)
        await first.commit()
    await second
