"""Who is calling: a genuine token of a live session, and what it holds at this moment."""

import pytest

from application.authentication import AuthenticateTokenQuery, RecordDenialCommand
from application.sessions.sign_in import SignInCommand
from domain.access import Actor, ActorKind
from domain.events import EventKind, EventOutcome, Party
from domain.roles import BUILT_IN_ROLES
from domain.sessions import InvalidAccessToken
from tests.application.people import ORIGIN, last_event, register, signed_in, with_key
from tests.domain.samples import a_user
from tests.worlds import PASSWORD, World, open_world

ADA = "ada@example.com"


async def authenticate(world: World, token: str) -> Actor:
    query = AuthenticateTokenQuery(access_token=token, origin=ORIGIN)
    return await world.container.authenticate_token().execute(query)


async def test_a_token_makes_its_user_the_caller(service: World) -> None:
    ada = await register(service, ADA)
    actor = await authenticate(service, (await service.sign_in(ADA)).access_token)
    assert actor.kind is ActorKind.USER
    assert (actor.user_id, actor.account, actor.roles) == (ada.id, ada, ada.roles)
    assert actor.permissions == BUILT_IN_ROLES["user"][1]
    assert (actor.auth_time, actor.origin) == (service.clock.now(), ORIGIN)
    assert (actor.api_key_id, actor.is_trusted) == (None, False)


async def test_a_token_is_good_until_it_expires(service: World) -> None:
    await register(service, ADA)
    token = (await service.sign_in(ADA)).access_token
    service.clock.advance(899)
    await authenticate(service, token)
    service.clock.advance(1)
    with pytest.raises(InvalidAccessToken):
        await authenticate(service, token)


@pytest.mark.parametrize("token", ["", "junk", "a.b.c", "x" * 5_000, "é", "\ud800", "e30.e30.e30"])
async def test_junk_is_an_invalid_token(service: World, token: str) -> None:
    with pytest.raises(InvalidAccessToken):
        await authenticate(service, token)


async def test_a_token_for_another_audience_does_not_work_here() -> None:
    orders = "https://orders.example.com"
    async with open_world("memory://", jwt_audiences=(orders,)) as world:
        await register(world, ADA)
        command = SignInCommand(
            actor=Actor.anonymous(), email=ADA, password=PASSWORD, audience=orders
        )
        tokens = await world.container.sign_in().execute(command)
        with pytest.raises(InvalidAccessToken):
            await authenticate(world, tokens.access_token)


async def test_a_query_does_not_show_its_token() -> None:
    query = AuthenticateTokenQuery(access_token="not to be seen", origin=ORIGIN)
    assert "not to be seen" not in repr(query)


@pytest.mark.parametrize("make", [signed_in, with_key])
async def test_a_denial_is_written_down_before_it_is_answered(service: World, make: object) -> None:
    assert callable(make)
    actor: Actor = make(a_user())
    command = RecordDenialCommand(
        actor=actor, operation="listUsers", missing=("users:read", "users:write")
    )
    await service.container.record_denial().execute(command)
    event = await last_event(service)
    assert (event.kind, event.outcome) == (EventKind.PERMISSION_DENIED, EventOutcome.REFUSED)
    assert event.data == {"operation": "listUsers", "missing": ["users:read", "users:write"]}
    identity = actor.api_key_id or actor.user_id
    assert event.actor == Party(type=actor.kind.value, id=str(identity))
    assert (event.ip, event.request_id, event.subject) == (ORIGIN.ip, ORIGIN.request_id, None)
