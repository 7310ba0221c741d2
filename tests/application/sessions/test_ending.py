"""Ending and listing sessions: one's own, and those of accounts one has authority over."""

from uuid import UUID

import pytest

from application.sessions.ending import (
    EndOtherSessionsCommand,
    EndSessionCommand,
    EndUserSessionsCommand,
    SignOutCommand,
)
from application.sessions.listing import ListSessionsQuery
from domain.access import Actor, NotAuthenticated, PermissionMissing
from domain.errors import NotFound
from domain.events import EventKind, EventOutcome, Party
from domain.pages import InvalidCursor, Page
from domain.sessions import InvalidAccessToken, Session, SessionEnd
from domain.users import User
from tests.application.people import (
    ANYBODY,
    ROOT,
    last_event,
    register,
    signed_in,
    unchanged,
    with_key,
)
from tests.domain.samples import a_user, new_id
from tests.worlds import World

ADA, GRACE = "ada@example.com", "grace@example.com"


@pytest.fixture
async def ada(service: World) -> User:
    return await register(service, ADA)


async def opened(world: World, email: str = ADA) -> tuple[str, Actor]:
    """A fresh session's access token, and the caller it makes."""
    token = (await world.sign_in(email)).access_token
    return token, await world.authenticate(token)


async def is_live(world: World, token: str) -> bool:
    try:
        await world.authenticate(token)
    except InvalidAccessToken:
        return False
    return True


async def end_reason(world: World, actor: Actor) -> SessionEnd | None:
    async with world.container.uow().reading() as uow:
        session: Session | None = await uow.sessions.get(actor.session_id)
    assert session is not None
    return session.end_reason


async def sign_out(world: World, actor: Actor) -> None:
    await world.container.sign_out().execute(SignOutCommand(actor=actor))


async def end(world: World, actor: Actor, session_id: UUID | None) -> None:
    assert session_id is not None
    command = EndSessionCommand(actor=actor, session_id=session_id)
    await world.container.end_session().execute(command)


async def end_others(world: World, actor: Actor) -> None:
    await world.container.end_other_sessions().execute(EndOtherSessionsCommand(actor=actor))


async def end_all_of(world: World, actor: Actor, user_id: UUID) -> None:
    command = EndUserSessionsCommand(actor=actor, user_id=user_id)
    await world.container.end_user_sessions().execute(command)


async def sessions(world: World, actor: Actor, **narrowed: object) -> Page[Session]:
    query = ListSessionsQuery(actor=actor, **({"limit": 20} | narrowed))  # type: ignore[arg-type]
    return await world.container.list_sessions().execute(query)


async def test_signing_out_ends_the_session_it_is_done_in(service: World, ada: User) -> None:
    (token, actor), (other, _) = await opened(service), await opened(service)
    await sign_out(service, actor)
    assert [await is_live(service, each) for each in (token, other)] == [False, True]
    event = await last_event(service)
    assert (event.kind, event.outcome) == (EventKind.SIGNED_OUT, EventOutcome.SUCCESS)
    assert event.data == {"session_id": str(actor.session_id)}
    assert await end_reason(service, actor) is SessionEnd.SIGNED_OUT


async def test_signing_out_twice_is_signing_out_once(service: World, ada: User) -> None:
    _, actor = await opened(service)
    await sign_out(service, actor)
    async with unchanged(service):
        await sign_out(service, actor)


async def test_one_of_ones_sessions_is_ended(service: World, ada: User) -> None:
    (token, actor), (_, other) = await opened(service), await opened(service)
    await end(service, other, actor.session_id)
    assert not await is_live(service, token)
    assert await end_reason(service, actor) is SessionEnd.ENDED_BY_USER
    assert (await last_event(service)).data == {"session_id": str(actor.session_id)}


async def test_what_is_over_or_somebody_elses_is_not_found(service: World, ada: User) -> None:
    await register(service, GRACE, "admin")
    (token, actor), (_, grace) = await opened(service), await opened(service, GRACE)
    _, over = await opened(service)
    await sign_out(service, over)
    async with unchanged(service):
        for caller, session_id in (
            (grace, actor.session_id),
            (actor, over.session_id),
            (actor, new_id()),
            (ROOT, over.session_id),
            (ROOT, new_id()),
        ):
            with pytest.raises(NotFound):
                await end(service, caller, session_id)
    assert await is_live(service, token)


async def test_the_operator_ends_anybodys(service: World, ada: User) -> None:
    token, actor = await opened(service)
    await end(service, ROOT, actor.session_id)
    assert not await is_live(service, token)
    assert await end_reason(service, actor) is SessionEnd.ENDED_BY_ADMINISTRATOR
    event = await last_event(service)
    assert (event.actor.type, event.subject) == (
        "operator",
        Party(type="user", id=str(ada.id)),
    )


async def test_all_but_this_one_end(service: World, ada: User) -> None:
    await register(service, GRACE)
    foreign, _ = await opened(service, GRACE)
    (kept, actor), *others = [await opened(service) for _ in range(3)]
    await end_others(service, actor)
    assert await is_live(service, kept)
    assert await is_live(service, foreign)
    assert not any([await is_live(service, token) for token, _ in others])
    event = await last_event(service)
    assert (event.kind, event.data) == (EventKind.SESSION_ENDED, {"count": 2})


async def test_acts_on_ones_own_sessions_need_one(service: World, ada: User) -> None:
    async with unchanged(service):
        for act in (sign_out, end_others, sessions):
            with pytest.raises(NotAuthenticated):
                await act(service, ANYBODY)
            with pytest.raises(PermissionMissing):
                await act(service, with_key(ada, "users:write"))
        with pytest.raises(NotAuthenticated):
            await end(service, ANYBODY, new_id())
        with pytest.raises(PermissionMissing):
            await end(service, with_key(ada, "users:write"), new_id())


WRITER = signed_in(a_user(), "users:write", "items:read", "items:write")


async def test_all_sessions_of_an_account_are_ended_by_those_who_may(
    service: World, ada: User
) -> None:
    root = await register(service, "root@example.com", "admin")
    tokens = [(await opened(service))[0] for _ in range(2)]
    async with unchanged(service):
        for actor, user_id, error in (
            (ANYBODY, ada.id, NotAuthenticated),
            (signed_in(a_user(), "roles:read"), ada.id, NotFound),
            (signed_in(a_user(), "roles:read"), new_id(), NotFound),
            (signed_in(ada), ada.id, PermissionMissing),
            (WRITER, root.id, PermissionMissing),
            (WRITER, new_id(), NotFound),
        ):
            with pytest.raises(error):
                await end_all_of(service, actor, user_id)
    assert all([await is_live(service, token) for token in tokens])
    await end_all_of(service, WRITER, ada.id)
    assert not any([await is_live(service, token) for token in tokens])
    event = await last_event(service)
    assert (event.data, event.subject) == ({"count": 2}, Party(type="user", id=str(ada.id)))


async def test_sessions_are_listed_newest_first_and_live_ones_only(
    service: World, ada: User
) -> None:
    await register(service, GRACE)
    await opened(service, GRACE)
    actors = [(await opened(service))[1] for _ in range(4)]
    await sign_out(service, actors.pop(1))
    expected = [actor.session_id for actor in actors[::-1]]
    assert [s.id for s in (await sessions(service, actors[0])).items] == expected
    first = await sessions(service, actors[0], limit=2)
    assert first.next_cursor is not None
    rest = await sessions(service, actors[0], limit=2, cursor=first.next_cursor)
    assert [s.id for s in first.items + rest.items] == expected
    assert rest.next_cursor is None
    service.clock.advance(7 * 24 * 60 * 60)
    assert (await sessions(service, actors[0])).items == ()


async def test_an_accounts_sessions_are_listed_for_those_who_may(service: World, ada: User) -> None:
    _, actor = await opened(service)
    for caller in (WRITER, ROOT):
        page = await sessions(service, caller, user_id=ada.id)
        assert [session.id for session in page.items] == [actor.session_id]
    for caller, user_id, error in (
        (ANYBODY, ada.id, NotAuthenticated),
        (signed_in(a_user(), "users:read"), ada.id, PermissionMissing),
        (signed_in(a_user(), "roles:read"), ada.id, NotFound),
        (WRITER, new_id(), NotFound),
    ):
        with pytest.raises(error):
            await sessions(service, caller, user_id=user_id)


async def test_a_cursor_is_for_one_accounts_sessions(service: World, ada: User) -> None:
    grace = await register(service, GRACE)
    for _ in range(2):
        await opened(service)
    cursor = (await sessions(service, WRITER, user_id=ada.id, limit=1)).next_cursor
    assert cursor is not None
    with pytest.raises(InvalidCursor):
        await sessions(service, WRITER, user_id=grace.id, cursor=cursor)
    with pytest.raises(InvalidCursor):
        await sessions(service, ROOT, user_id=ada.id, cursor=cursor)
