"""Used refresh tokens of many sessions at once: all end, and the user is told, but not flooded."""

from datetime import timedelta

from application.sessions.refresh import RefreshSessionCommand
from application.tokens import IssuedTokens
from domain.access import Actor
from domain.outbox import MAILS_PER_HOUR, MessageTemplate
from tests.application.people import register
from tests.application.races.crowds import at_once
from tests.application.races.test_sign_in_races import live_sessions
from tests.worlds import World, open_world

ADA = "ada@example.com"
SESSIONS = 12


async def refresh(world: World, token: str) -> IssuedTokens:
    command = RefreshSessionCommand(actor=Actor.anonymous(), refresh_token=token)
    return await world.container.refresh_session().execute(command)


async def test_reuse_in_many_sessions_sends_three_mails(database_url: str) -> None:
    async with open_world(database_url) as world:
        user = await register(world, ADA)
        used = [(await world.sign_in(ADA)).refresh_token for _ in range(SESSIONS)]
        for token in used:
            await refresh(world, (await refresh(world, token)).refresh_token)
        outcomes = await at_once(*(refresh(world, token) for token in used))
        assert outcomes == ["InvalidRefreshToken"] * SESSIONS
        assert await live_sessions(world, user) == []
        since = world.clock.now() - timedelta(minutes=1)
        async with world.container.uow().reading() as uow:
            told = await uow.outbox.count_since(user.id, MessageTemplate.REUSE_DETECTED, since)
        assert told == MAILS_PER_HOUR
