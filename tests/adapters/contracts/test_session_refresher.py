"""What every refresher of sessions promises: each generation is used up once, and for good."""

import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest

from application.ports.sessions import LiveAt, Rotation
from application.ports.users import UserChanges
from domain.sessions import Session, SessionEnd
from domain.users import User, UserStatus
from tests.domain.samples import LATER, NOW, a_session, a_user, new_id
from tests.storage import Backend, open_session

LIVE = LiveAt(at=LATER, idle_since=NOW - timedelta(days=7))
MICROSECOND = timedelta(microseconds=1)


@pytest.fixture
async def ada(backend: Backend) -> User:
    user = a_user()
    async with backend.uow() as uow:
        await uow.users.add(user)
        await uow.commit()
    return user


async def add(backend: Backend, *sessions: Session) -> None:
    async with backend.uow() as uow:
        for session in sessions:
            await open_session(uow, session)
        await uow.commit()


async def stored(backend: Backend, session: Session) -> Session | None:
    async with backend.uow.reading() as uow:
        return await uow.sessions.get(session.id)


def rotation(session: Session, generation: int = 0, live: LiveAt = LIVE) -> Rotation:
    return Rotation(
        session_id=session.id,
        generation=generation,
        live=live,
        ip="198.51.100.9",
        user_agent="another",
    )


async def test_a_session_is_found_in_whatever_state_with_its_account(
    backend: Backend, ada: User
) -> None:
    over = a_session(ada.id, ended_at=NOW, end_reason=SessionEnd.SIGNED_OUT, rotated_at=NOW)
    await add(backend, over, a_session(ada.id))
    assert await backend.refresher.find(over.id) == (over, ada)
    async with backend.uow() as uow:
        changed = await uow.users.change(
            ada.id, UserChanges(status=UserStatus.DISABLED), LATER, None
        )
        await uow.commit()
    assert await backend.refresher.find(over.id) == (over, changed)
    assert await backend.refresher.find(new_id()) is None


async def test_a_rotation_makes_the_next_generation(backend: Backend, ada: User) -> None:
    session, bystander = a_session(ada.id), a_session(ada.id)
    await add(backend, session, bystander)
    assert await backend.refresher.rotate(rotation(session)) is True
    assert await stored(backend, session) == replace(
        session,
        generation=1,
        rotated_at=LATER,
        last_used_at=LATER,
        ip="198.51.100.9",
        user_agent="another",
    )
    assert await stored(backend, bystander) == bystander


async def test_of_many_rotations_of_one_generation_one_succeeds(
    backend: Backend, ada: User
) -> None:
    session = a_session(ada.id)
    await add(backend, session)

    rotate = backend.refresher.rotate
    rotated = await asyncio.gather(*(rotate(rotation(session)) for _ in range(10)))
    assert sorted(rotated) == [False] * 9 + [True]
    assert await stored(backend, session) == session.rotated(
        LATER, ip="198.51.100.9", user_agent="another"
    )
    assert await rotate(rotation(session, generation=1)) is True


@pytest.mark.parametrize("generations", [(0, 1), (1, 0)])
async def test_of_two_generations_at_once_the_live_one_succeeds(
    backend: Backend, ada: User, generations: tuple[int, int]
) -> None:
    session = a_session(ada.id, generation=1)
    await add(backend, session)
    rotate = backend.refresher.rotate
    rotated = await asyncio.gather(*(rotate(rotation(session, each)) for each in generations))
    assert rotated == [generation == 1 for generation in generations]
    after = await stored(backend, session)
    assert after is not None
    assert after.generation == 2


@pytest.mark.parametrize(
    ("changes", "live"),
    [
        ({"generation": 1}, LIVE),
        ({"generation": 2}, LIVE),
        ({"ended_at": NOW, "end_reason": SessionEnd.SIGNED_OUT}, LIVE),
        ({"expires_at": LATER}, LIVE),
        ({"last_used_at": NOW}, LiveAt(at=LATER, idle_since=NOW)),
    ],
    ids=["older", "newer", "ended", "expired", "idle"],
)
async def test_what_is_not_live_does_not_rotate(
    backend: Backend, ada: User, changes: dict[str, object], live: LiveAt
) -> None:
    session = a_session(ada.id, **changes)
    await add(backend, session)
    assert await backend.refresher.rotate(rotation(session, live=live)) is False
    assert await stored(backend, session) == session


async def test_a_session_lives_to_the_last_microsecond(backend: Backend, ada: User) -> None:
    session = a_session(ada.id, expires_at=LATER + MICROSECOND, last_used_at=NOW)
    await add(backend, session)
    live = LiveAt(at=LATER, idle_since=NOW - MICROSECOND)
    assert await backend.refresher.rotate(rotation(session, live=live)) is True


async def test_what_nobody_has_does_not_rotate(backend: Backend) -> None:
    assert await backend.refresher.rotate(rotation(a_session(new_id()))) is False
