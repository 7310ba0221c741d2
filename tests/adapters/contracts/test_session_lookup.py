"""What every session look-up promises: live or nothing, with the permissions of the moment."""

from dataclasses import replace
from datetime import timedelta

import pytest

from application.ports.sessions import LiveSession
from application.ports.users import UserChanges
from domain.roles import BUILT_IN_ROLES
from domain.sessions import Session, SessionEnd
from domain.users import User, UserStatus
from tests.domain.samples import LATER, NOW, a_session, a_user, new_id
from tests.storage import Backend, open_session

ADMIN, USER = (BUILT_IN_ROLES[name][1] for name in ("admin", "user"))
MICROSECOND = timedelta(microseconds=1)


@pytest.fixture
async def ada(backend: Backend) -> User:
    user = a_user(email="ada@example.com")
    async with backend.uow() as uow:
        await uow.users.add(user)
        await uow.commit()
    return user


async def opened(backend: Backend, user: User, **changes: object) -> Session:
    session = a_session(user.id, **changes)
    async with backend.uow() as uow:
        await open_session(uow, session)
        await uow.commit()
    return session


async def test_a_live_session_comes_with_its_account(backend: Backend, ada: User) -> None:
    session = await opened(backend, ada, auth_time=NOW - timedelta(hours=1))
    await opened(backend, ada)
    assert await backend.sessions.find_live(session.id, ada.id, LATER) == LiveSession(
        session_id=session.id, user=ada, permissions=USER, auth_time=NOW - timedelta(hours=1)
    )


async def test_it_is_live_to_the_last_microsecond(backend: Backend, ada: User) -> None:
    session = await opened(backend, ada, expires_at=LATER)
    find = backend.sessions.find_live
    assert await find(session.id, ada.id, LATER - MICROSECOND) is not None
    assert await find(session.id, ada.id, LATER) is None
    assert await find(session.id, ada.id, LATER + MICROSECOND) is None


async def test_an_ended_session_is_not_live(backend: Backend, ada: User) -> None:
    session, other = await opened(backend, ada), await opened(backend, ada)
    async with backend.uow() as uow:
        await uow.sessions.end(session.id, NOW, SessionEnd.SIGNED_OUT)
        await uow.commit()
    assert await backend.sessions.find_live(session.id, ada.id, LATER) is None
    assert await backend.sessions.find_live(other.id, ada.id, LATER) is not None


async def test_a_disabled_account_has_no_live_session(backend: Backend, ada: User) -> None:
    session = await opened(backend, ada)
    for status, live in ((UserStatus.DISABLED, False), (UserStatus.ACTIVE, True)):
        async with backend.uow() as uow:
            await uow.users.change(ada.id, UserChanges(status=status), NOW, None)
            await uow.commit()
        found = await backend.sessions.find_live(session.id, ada.id, LATER)
        assert (found is not None) is live


async def test_a_session_is_live_for_its_own_account_only(backend: Backend, ada: User) -> None:
    grace = a_user(roles={"admin"})
    async with backend.uow() as uow:
        await uow.users.add(grace)
        await uow.commit()
    session = await opened(backend, ada)
    assert await backend.sessions.find_live(session.id, grace.id, LATER) is None
    assert await backend.sessions.find_live(session.id, new_id(), LATER) is None
    assert await backend.sessions.find_live(new_id(), ada.id, LATER) is None


async def test_a_deleted_account_has_no_live_session(backend: Backend, ada: User) -> None:
    session = await opened(backend, ada)
    async with backend.uow() as uow:
        await uow.users.delete(ada.id, None)
        await uow.commit()
    assert await backend.sessions.find_live(session.id, ada.id, LATER) is None


async def test_permissions_are_those_of_the_moment(backend: Backend, ada: User) -> None:
    session = await opened(backend, ada)
    expected = ada
    for roles, permissions in (
        ({"admin", "user"}, ADMIN | USER),
        ({"admin"}, ADMIN),
        (set[str](), frozenset[str]()),
        ({"user"}, USER),
    ):
        async with backend.uow() as uow:
            await uow.users.set_roles(ada.id, frozenset(roles), LATER, None)
            await uow.commit()
        expected = replace(
            expected, roles=frozenset(roles), version=expected.version + 1, updated_at=LATER
        )
        found = await backend.sessions.find_live(session.id, ada.id, LATER)
        assert found is not None
        assert (found.user, found.permissions) == (expected, permissions)


async def test_what_is_not_committed_is_not_seen(backend: Backend, ada: User) -> None:
    session = a_session(ada.id)
    async with backend.uow() as uow:
        await open_session(uow, session)
        assert await backend.sessions.find_live(session.id, ada.id, LATER) is None
        await uow.commit()
    assert await backend.sessions.find_live(session.id, ada.id, LATER) is not None
