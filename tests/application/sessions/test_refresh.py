"""What a refresh token is worth: once, once more in time, and the session's end after that."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace

import pytest

from application.sessions.ending import EndSessionCommand
from application.sessions.refresh import RefreshSessionCommand
from application.tokens import IssuedTokens
from domain.access import Actor, Origin
from domain.events import Event, EventKind, EventOutcome
from domain.sessions import (
    InvalidAccessToken,
    InvalidRefreshToken,
    SessionEnd,
    UnknownAudience,
)
from tests.worlds import World, open_world

ADA = "ada@example.com"
DAY = 24 * 60 * 60
GRACE = 30


@pytest.fixture
async def world(backend_url: str) -> AsyncIterator[World]:
    async with open_world(backend_url) as opened:
        await opened.register(ADA)
        yield opened


async def refresh(world: World, token: str, ip: str | None = None) -> IssuedTokens:
    actor = Actor.anonymous(Origin(ip=ip))
    return await world.container.refresh_session().execute(
        RefreshSessionCommand(actor=actor, refresh_token=token)
    )


async def is_refused(world: World, token: str) -> bool:
    try:
        await refresh(world, token)
    except InvalidRefreshToken:
        return True
    return False


async def events_of(world: World, kind: EventKind) -> list[Event]:
    async with world.container.uow().reading() as uow:
        return [event for event in await uow.events.page(None, 100) if event.kind is kind]


async def test_every_use_gives_new_tokens_that_work(world: World) -> None:
    tokens = await world.sign_in(ADA)
    seen = {tokens.refresh_token}
    for _ in range(5):
        world.clock.advance(60)
        tokens = await refresh(world, tokens.refresh_token)
        assert tokens.refresh_token not in seen
        seen.add(tokens.refresh_token)
        assert (await world.authenticate(tokens.access_token)).session_id is not None


async def test_a_retry_within_the_window_gets_the_same_successor(world: World) -> None:
    first = await world.sign_in(ADA)
    successor = (await refresh(world, first.refresh_token)).refresh_token
    world.clock.advance(GRACE - 0.001)
    assert (await refresh(world, first.refresh_token)).refresh_token == successor
    assert not await is_refused(world, successor)


async def test_all_who_hand_it_in_at_once_get_the_same_successor(world: World) -> None:
    first, other = await world.sign_in(ADA), await world.sign_in(ADA)
    tokens = [first.refresh_token, other.refresh_token] * 20
    refreshed = await asyncio.gather(*(refresh(world, token) for token in tokens))
    successors = [each.refresh_token for each in refreshed]
    assert len(set(successors)) == 2
    assert successors == successors[:2] * 20
    assert not await is_refused(world, successors[0])


async def test_without_a_window_one_at_most_wins_and_the_session_ends(backend_url: str) -> None:
    async with open_world(backend_url, refresh_grace_seconds=0) as world:
        await world.register(ADA)
        tokens = await world.sign_in(ADA)
        acts = (refresh(world, tokens.refresh_token) for _ in range(20))
        answers = await asyncio.gather(*acts, return_exceptions=True)
        winners = [each for each in answers if isinstance(each, IssuedTokens)]
        assert len(winners) <= 1
        assert {type(each) for each in answers} - {IssuedTokens} == {InvalidRefreshToken}
        for winner in winners:
            assert await is_refused(world, winner.refresh_token)


async def test_a_retry_at_the_end_of_the_window_ends_the_session(world: World) -> None:
    first = await world.sign_in(ADA)
    second = await refresh(world, first.refresh_token)
    world.clock.advance(GRACE)
    assert await is_refused(world, first.refresh_token)
    assert await is_refused(world, second.refresh_token)
    with pytest.raises(InvalidAccessToken):
        await world.authenticate(second.access_token)


async def test_an_older_generation_ends_the_session_even_within_the_window(world: World) -> None:
    first = await world.sign_in(ADA)
    second = await refresh(world, first.refresh_token)
    third = await refresh(world, second.refresh_token)
    assert await is_refused(world, first.refresh_token)
    assert await is_refused(world, third.refresh_token)


async def test_reuse_is_committed_and_in_the_audit_log_although_it_is_refused(
    world: World,
) -> None:
    first = await world.sign_in(ADA)
    actor = await world.authenticate(first.access_token)
    await refresh(world, first.refresh_token)
    world.clock.advance(GRACE)
    assert await is_refused(world, first.refresh_token)
    assert actor.session_id is not None
    async with world.container.uow().reading() as uow:
        session = await uow.sessions.get(actor.session_id)
    assert session is not None
    assert session.end_reason is SessionEnd.REUSE_DETECTED
    (event,) = await events_of(world, EventKind.REFRESH_REUSED)
    assert event.outcome is EventOutcome.REFUSED
    assert event.data == {"session_id": str(actor.session_id)}
    assert await is_refused(world, first.refresh_token)
    assert len(await events_of(world, EventKind.REFRESH_REUSED)) == 1


async def test_reuse_in_one_session_leaves_the_others_alone(world: World) -> None:
    stolen, other = await world.sign_in(ADA), await world.sign_in(ADA)
    await refresh(world, stolen.refresh_token)
    world.clock.advance(GRACE)
    assert await is_refused(world, stolen.refresh_token)
    assert not await is_refused(world, other.refresh_token)


async def test_only_a_retry_from_another_address_is_remarkable(world: World) -> None:
    first = await world.sign_in(ADA)
    await refresh(world, first.refresh_token, ip="192.0.2.1")
    await refresh(world, first.refresh_token, ip="192.0.2.1")
    assert await events_of(world, EventKind.REFRESH_RETRIED_ELSEWHERE) == []
    await refresh(world, first.refresh_token, ip="192.0.2.2")
    assert len(await events_of(world, EventKind.REFRESH_RETRIED_ELSEWHERE)) == 1


async def test_a_session_ends_when_it_is_not_used_for_seven_days(world: World) -> None:
    tokens = await world.sign_in(ADA)
    world.clock.advance(7 * DAY - 1)
    tokens = await refresh(world, tokens.refresh_token)
    world.clock.advance(7 * DAY)
    assert await is_refused(world, tokens.refresh_token)


async def test_a_session_ends_after_thirty_days_however_often_it_is_used(world: World) -> None:
    tokens = await world.sign_in(ADA)
    for _ in range(5):
        world.clock.advance(6 * DAY - 1)
        tokens = await refresh(world, tokens.refresh_token)
    assert tokens.refresh_expires_in == 5
    assert tokens.expires_in == 5
    world.clock.advance(5)
    assert await is_refused(world, tokens.refresh_token)
    assert await events_of(world, EventKind.REFRESH_REUSED) == []


async def test_a_bent_token_changes_nothing(world: World) -> None:
    tokens = await world.sign_in(ADA)
    good = tokens.refresh_token
    for position in range(len(good)):
        bent = good[:position] + ("A" if good[position] != "A" else "B") + good[position + 1 :]
        assert await is_refused(world, bent)
    for junk in ("", "x", good + "A", good[:-1], good + "=", "é" * len(good), "A" * 10_000):
        assert await is_refused(world, junk)
    assert not await is_refused(world, good)


async def test_the_server_secret_alone_makes_no_token(world: World) -> None:
    tokens = await world.sign_in(ADA)
    actor = await world.authenticate(tokens.access_token)
    assert actor.session_id is not None
    async with world.container.uow().reading() as uow:
        session = await uow.sessions.get(actor.session_id)
    assert session is not None
    codec = world.container.refresh_tokens()
    for generation in (0, 1):
        forged = replace(session, refresh_secret=b"guessed" * 5, generation=generation)
        assert await is_refused(world, codec.encode(forged))
    assert not await is_refused(world, tokens.refresh_token)


async def test_the_token_of_an_ended_session_is_no_reuse(world: World) -> None:
    tokens = await world.sign_in(ADA)
    actor = await world.authenticate(tokens.access_token)
    assert actor.session_id is not None
    await world.container.end_session().execute(
        EndSessionCommand(actor=actor, session_id=actor.session_id)
    )
    assert await is_refused(world, tokens.refresh_token)
    assert await events_of(world, EventKind.REFRESH_REUSED) == []


async def test_an_unknown_audience_does_not_use_the_token_up(world: World) -> None:
    tokens = await world.sign_in(ADA)
    command = RefreshSessionCommand(
        actor=Actor.anonymous(), refresh_token=tokens.refresh_token, audience="elsewhere"
    )
    with pytest.raises(UnknownAudience):
        await world.container.refresh_session().execute(command)
    world.clock.advance(GRACE)
    assert not await is_refused(world, tokens.refresh_token)


@pytest.mark.parametrize("grace", [0, GRACE])
async def test_without_a_window_every_second_use_is_reuse(backend_url: str, grace: int) -> None:
    async with open_world(backend_url, refresh_grace_seconds=grace) as world:
        await world.register(ADA)
        first = await world.sign_in(ADA)
        second = await refresh(world, first.refresh_token)
        assert await is_refused(world, first.refresh_token) == (grace == 0)
        assert await is_refused(world, second.refresh_token) == (grace == 0)


async def test_a_change_of_the_server_secret_loses_no_session(database_url: str) -> None:
    old, new = "the old secret of this service, long", "the new secret of this service, long"
    async with (
        open_world(database_url, secret_key=old) as before,
        open_world(database_url, secret_key=new, secret_key_previous=(old,)) as after,
    ):
        await before.register(ADA)
        tokens = await before.sign_in(ADA)
        # During the roll-out either worker may be asked, in any order.
        for world in (after, before, after, after, before):
            tokens = await refresh(world, tokens.refresh_token)
            assert (await world.authenticate(tokens.access_token)).user_id is not None


async def test_a_token_of_an_unknown_secret_is_invalid_and_ends_nothing(sqlite_url: str) -> None:
    async with open_world(sqlite_url) as world:
        await world.register(ADA)
        tokens = await world.sign_in(ADA)
        async with open_world("memory://", secret_key="another secret, long enough too") as other:
            assert await is_refused(other, tokens.refresh_token)
        assert not await is_refused(world, tokens.refresh_token)
