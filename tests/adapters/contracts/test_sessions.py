"""What every session repository promises: sessions kept whole, ended once."""

from dataclasses import replace
from datetime import timedelta

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from application.ports.sessions import LiveAt
from domain.sessions import Session, SessionEnd
from domain.users import User
from tests.adapters.contracts.texts import texts
from tests.domain.samples import LATER, NOW, a_session, a_user, new_id
from tests.storage import Backend, open_session

LIVE = LiveAt(at=LATER, idle_since=NOW - timedelta(days=7))
EVEN_LATER = LATER + timedelta(minutes=1)
MICROSECOND = timedelta(microseconds=1)


async def add(backend: Backend, *sessions: Session) -> None:
    async with backend.uow() as uow:
        for session in sessions:
            await open_session(uow, session)
        await uow.commit()


async def get(backend: Backend, session: Session) -> Session | None:
    async with backend.uow.reading() as uow:
        return await uow.sessions.get(session.id)


@given(
    changes=st.fixed_dictionaries(
        {
            "client_id": texts(64),
            "amr": st.lists(st.sampled_from(["pwd", "otp", "hwk"])).map(tuple),
            "ip": st.none() | st.ip_addresses().map(str),
            "user_agent": st.none() | texts(512),
            "ended_at": st.none() | st.just(LATER),
            "end_reason": st.none() | st.sampled_from(SessionEnd),
            "generation": st.integers(0, 2**31 - 1),
            "rotated_at": st.none() | st.just(LATER),
            "refresh_secret": st.binary(min_size=1, max_size=64),
            "server_secret_id": texts(16),
        }
    )
)
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
async def test_a_session_comes_back_as_it_was_stored(
    backend: Backend, ada: User, changes: dict[str, object]
) -> None:
    session = a_session(ada.id, **changes)
    await add(backend, session)
    assert await get(backend, session) == session


async def test_no_session_is_no_session(backend: Backend) -> None:
    async with backend.uow() as uow:
        assert await uow.sessions.get(new_id()) is None
        assert not await uow.sessions.end(new_id(), LATER, SessionEnd.SIGNED_OUT)
        assert await uow.sessions.end_all(new_id(), LATER, SessionEnd.SIGNED_OUT) == 0
        assert await uow.sessions.page(new_id(), LIVE, None, 10) == []
        await uow.sessions.set_auth_time(new_id(), LATER)
        await uow.commit()


async def test_liveness_ends_at_the_instant_and_not_before(backend: Backend, ada: User) -> None:
    session = a_session(ada.id, expires_at=LATER + MICROSECOND, last_used_at=NOW)
    await add(backend, session)
    live = LiveAt(at=LATER, idle_since=NOW - MICROSECOND)
    async with backend.uow() as uow:
        assert await uow.sessions.page(ada.id, live, None, 10) == [session]


async def test_live_sessions_of_one_account_are_listed_newest_first(
    backend: Backend, ada: User
) -> None:
    other = a_user()
    live = [a_session(ada.id) for _ in range(5)]
    over = [
        a_session(ada.id, ended_at=NOW, end_reason=SessionEnd.SIGNED_OUT),
        a_session(ada.id, expires_at=LATER),
        a_session(ada.id, last_used_at=LIVE.idle_since),
    ]
    async with backend.uow() as uow:
        await uow.users.add(other)
        for session in [*over, *live, a_session(other.id)]:
            await open_session(uow, session)
        await uow.commit()
    async with backend.uow.reading() as uow:
        assert await uow.sessions.page(ada.id, LIVE, None, 100) == live[::-1]
        first = await uow.sessions.page(ada.id, LIVE, None, 2)
        rest = await uow.sessions.page(ada.id, LIVE, first[-1].id, 100)
    assert first + rest == live[::-1]
    assert len(first) == 2


async def test_a_session_ends_once_and_for_its_first_reason(backend: Backend, ada: User) -> None:
    session, bystander = a_session(ada.id), a_session(ada.id)
    await add(backend, session, bystander)
    async with backend.uow() as uow:
        assert await uow.sessions.end(session.id, LATER, SessionEnd.SIGNED_OUT)
        assert not await uow.sessions.end(session.id, EVEN_LATER, SessionEnd.REUSE_DETECTED)
        await uow.commit()
    expected = replace(session, ended_at=LATER, end_reason=SessionEnd.SIGNED_OUT)
    assert await get(backend, session) == expected
    assert await get(backend, bystander) == bystander


async def test_all_sessions_of_an_account_end_but_for_one(backend: Backend, ada: User) -> None:
    other = a_user()
    ended = a_session(ada.id, ended_at=NOW, end_reason=SessionEnd.SIGNED_OUT)
    kept, *more = [a_session(ada.id) for _ in range(3)]
    foreign = a_session(other.id)
    async with backend.uow() as uow:
        await uow.users.add(other)
        for session in (ended, kept, *more, foreign):
            await open_session(uow, session)
        await uow.commit()
    async with backend.uow() as uow:
        reason = SessionEnd.PASSWORD_CHANGED
        assert await uow.sessions.end_all(ada.id, LATER, reason, besides=kept.id) == 2
        await uow.commit()
    for session in (ended, kept, foreign):
        assert await get(backend, session) == session
    for session in more:
        assert await get(backend, session) == replace(session, ended_at=LATER, end_reason=reason)
    async with backend.uow() as uow:
        assert await uow.sessions.end_all(ada.id, LATER, reason) == 1
        assert await uow.sessions.end_all(ada.id, LATER, reason) == 0


async def test_a_fresh_proof_moves_the_time_of_one_session(backend: Backend, ada: User) -> None:
    session, bystander = a_session(ada.id), a_session(ada.id)
    await add(backend, session, bystander)
    async with backend.uow() as uow:
        await uow.sessions.set_auth_time(session.id, LATER)
        await uow.commit()
    assert await get(backend, session) == replace(session, auth_time=LATER)
    assert await get(backend, bystander) == bystander
