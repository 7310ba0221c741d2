"""What a token is worth to those who may ask, and giving one up."""

import pytest

from application.introspection.introspect import ActiveToken, IntrospectTokenQuery
from application.introspection.revoke import RevokeTokenCommand
from application.ports.users import UserChanges
from application.sessions.refresh import RefreshSessionCommand
from application.sessions.sign_in import SignInCommand
from application.users.administration import SetUserRolesCommand
from domain.access import Actor, NotAuthenticated, PermissionMissing
from domain.events import EventKind, Party
from domain.roles import BUILT_IN_PERMISSIONS, BUILT_IN_ROLES
from domain.sessions import InvalidAccessToken, InvalidApiKey, SessionEnd
from domain.users import User, UserStatus
from tests.application.api_keys.keys import at_home, call_with, make_key, rotate
from tests.application.people import (
    ANYBODY,
    ROOT,
    last_event,
    register,
    signed_in,
    unchanged,
    with_key,
)
from tests.domain.samples import a_user
from tests.worlds import PASSWORD, World, open_world

ADA = "Ada@example.com"
ASKER = signed_in(a_user(), "tokens:introspect")
JUNK = ["", "junk", "a.b.c", "é", "\ud800", "A" * 162, "x" * 100_000]


@pytest.fixture
async def ada(service: World) -> User:
    return await register(service, ADA)


async def introspect(world: World, token: str, actor: Actor = ASKER) -> ActiveToken | None:
    query = IntrospectTokenQuery(actor=actor, token=token)
    return await world.container.introspect_token().execute(query)


async def explain(world: World, token: str, actor: Actor = ROOT) -> str:
    query = IntrospectTokenQuery(actor=actor, token=token)
    return await world.container.explain_token().execute(query)


async def revoke(world: World, token: str) -> None:
    command = RevokeTokenCommand(actor=ANYBODY, token=token)
    await world.container.revoke_token().execute(command)


async def refresh(world: World, token: str) -> str:
    command = RefreshSessionCommand(actor=ANYBODY, refresh_token=token)
    return (await world.container.refresh_session().execute(command)).refresh_token


async def test_both_tokens_of_a_live_session_are_alive(service: World, ada: User) -> None:
    tokens = await service.sign_in(ADA)
    async with unchanged(service):
        for token, kind, lifetime in (
            (tokens.access_token, "Bearer", 900),
            (tokens.refresh_token, "refresh_token", 7 * 24 * 60 * 60),
        ):
            active = await introspect(service, token)
            assert active is not None
            assert (active.token_type, active.client_id) == (kind, "first-party")
            assert (active.subject, active.username) == (str(ada.id), "Ada@example.com")
            assert active.scope == BUILT_IN_ROLES["user"][1]
            assert active.issued_at == service.clock.now()
            assert (active.expires_at - active.issued_at).total_seconds() == lifetime
    # Asking was no use: the token still is the live one.
    await refresh(service, tokens.refresh_token)


@pytest.mark.parametrize("junk", JUNK, ids=lambda junk: ascii(junk)[:12])
async def test_junk_is_dead(service: World, junk: str) -> None:
    async with unchanged(service):
        assert await introspect(service, junk) is None
        await revoke(service, junk)
    assert await explain(service, junk) == "It was not made by this service, or it has run out."


async def test_asking_is_for_those_who_may(service: World, ada: User) -> None:
    token = (await service.sign_in(ADA)).access_token
    with pytest.raises(NotAuthenticated):
        await introspect(service, token, ANYBODY)
    everything_else = set(BUILT_IN_PERMISSIONS) - {"tokens:introspect"}
    for actor in (signed_in(ada), with_key(a_user(), *everything_else)):
        with pytest.raises(PermissionMissing) as caught:
            await introspect(service, token, actor)
        assert caught.value.permissions == ("tokens:introspect",)
    for actor in (ROOT, with_key(a_user(), "tokens:introspect")):
        assert await introspect(service, token, actor) is not None
    with pytest.raises(NotAuthenticated):
        await explain(service, token, ANYBODY)
    with pytest.raises(PermissionMissing):
        await explain(service, token, ASKER)


async def test_the_scope_is_that_of_the_moment(service: World, ada: User) -> None:
    tokens = await service.sign_in(ADA)
    command = SetUserRolesCommand(actor=ROOT, user_id=ada.id, roles=frozenset())
    await service.container.set_user_roles().execute(command)
    for token in (tokens.access_token, tokens.refresh_token):
        active = await introspect(service, token)
        assert active is not None
        assert active.scope == frozenset()


async def test_a_dead_token_is_dead_and_the_operator_learns_why(service: World, ada: User) -> None:
    used = (await service.sign_in(ADA)).refresh_token
    await refresh(service, used)
    ended = await service.sign_in(ADA)
    await revoke(service, ended.refresh_token)
    for token, reason in (
        (used, "It has been used; its session lives on with a successor."),
        (ended.refresh_token, "Its session has ended: token_revoked."),
        (ended.access_token, "Its session has ended: token_revoked."),
    ):
        assert await introspect(service, token) is None
        assert await explain(service, token) == reason


async def test_tokens_run_out(service: World, ada: User) -> None:
    tokens = await service.sign_in(ADA)
    service.clock.advance(900)
    assert await introspect(service, tokens.access_token) is None
    assert await introspect(service, tokens.refresh_token) is not None
    service.clock.advance(7 * 24 * 60 * 60)
    assert await introspect(service, tokens.refresh_token) is None
    assert await explain(service, tokens.refresh_token) == "Its session has run out."


async def test_a_disabled_account_has_no_live_tokens(service: World, ada: User) -> None:
    tokens = await service.sign_in(ADA)
    async with service.container.uow()() as uow:
        # Disabled without the use case, which would have ended the session as well.
        changes = UserChanges(status=UserStatus.DISABLED)
        await uow.users.change(ada.id, changes, service.clock.now(), None)
        await uow.commit()
    for token in (tokens.access_token, tokens.refresh_token):
        assert await introspect(service, token) is None
        assert await explain(service, token) == "Its account is disabled."


@pytest.mark.parametrize("which", ["access_token", "refresh_token"])
async def test_whoever_holds_a_token_may_give_it_up(service: World, ada: User, which: str) -> None:
    tokens = await service.sign_in(ADA)
    other = await service.sign_in(ADA)
    await revoke(service, getattr(tokens, which))
    event = await last_event(service)
    assert (event.kind, event.subject) == (
        EventKind.SESSION_ENDED,
        Party(type="user", id=str(ada.id)),
    )
    with pytest.raises(InvalidAccessToken):
        await service.authenticate(tokens.access_token)
    async with unchanged(service):
        await revoke(service, tokens.access_token)
        await revoke(service, tokens.refresh_token)
    actor = await service.authenticate(other.access_token)
    async with service.container.uow().reading() as uow:
        page = await uow.sessions.get(actor.session_id)
    assert page.end_reason is None
    assert SessionEnd.TOKEN_REVOKED.value in repr(await explain(service, tokens.access_token))


async def test_tokens_for_other_services_can_be_asked_about_and_given_up() -> None:
    orders = "https://orders.example.com"
    async with open_world("memory://", jwt_audiences=(orders,)) as world:
        await register(world, ADA)
        command = SignInCommand(actor=ANYBODY, email=ADA, password=PASSWORD, audience=orders)
        token = (await world.container.sign_in().execute(command)).access_token
        assert await introspect(world, token) is not None
        await revoke(world, token)
        assert await introspect(world, token) is None


async def test_a_live_key_is_alive_with_what_it_may_do_now(service: World, ada: User) -> None:
    issued = await make_key(service, ada, "items:read", "items:write")
    async with unchanged(service):
        active = await introspect(service, issued.text)
    assert active == ActiveToken(
        token_type="api_key",
        subject=str(ada.id),
        username="Ada@example.com",
        client_id=str(issued.key.id),
        scope=frozenset({"items:read", "items:write"}),
        issued_at=issued.key.created_at,
        expires_at=issued.key.expires_at,
    )
    # Asking was no use of it.
    assert service.container.api_key_uses().seen(issued.key).last_used_at is None
    command = SetUserRolesCommand(actor=ROOT, user_id=ada.id, roles=frozenset())
    await service.container.set_user_roles().execute(command)
    active = await introspect(service, issued.text)
    assert active is not None
    assert active.scope == frozenset()


async def test_a_dead_key_is_dead_and_the_operator_learns_why(service: World, ada: User) -> None:
    keys = {name: await make_key(service, ada) for name in ("revoked", "rotated", "old", "other")}
    await revoke(service, keys["revoked"].text)
    actor = await at_home(service, ada)
    await rotate(service, actor, keys["rotated"].key, overlap_seconds=0)
    for text, reason in (
        (keys["revoked"].text, "It was revoked."),
        (keys["rotated"].text, "It was rotated."),
        (keys["old"].text[:-1], "It is not a whole key: part of it is missing, or was mistyped."),
        (
            service.container.api_key_codec().mint().text,
            "There is no such key; its account may be gone.",
        ),
    ):
        assert await introspect(service, text) is None
        assert await explain(service, text) == reason
    async with service.container.uow()() as uow:
        changes = UserChanges(status=UserStatus.DISABLED)
        await uow.users.change(ada.id, changes, service.clock.now(), None)
        await uow.commit()
    assert await introspect(service, keys["other"].text) is None
    assert await explain(service, keys["other"].text) == "Its account is disabled."
    service.clock.advance(90 * 24 * 60 * 60)
    assert await explain(service, keys["old"].text) == "It has expired."


async def test_whoever_holds_a_key_may_give_it_up(service: World, ada: User) -> None:
    issued, other = await make_key(service, ada), await make_key(service, ada)
    async with unchanged(service):
        await revoke(service, issued.text[:-1])
        await revoke(service, service.container.api_key_codec().mint().text)
    await call_with(service, issued.text)
    await revoke(service, issued.text)
    event = await last_event(service)
    assert (event.kind, event.subject) == (
        EventKind.API_KEY_REVOKED,
        Party(type="api_key", id=str(issued.key.id)),
    )
    assert event.actor.type == "anonymous"
    with pytest.raises(InvalidApiKey):
        await call_with(service, issued.text)
    async with unchanged(service):
        await revoke(service, issued.text)
    await call_with(service, other.text)


async def test_tokens_are_not_shown() -> None:
    query = IntrospectTokenQuery(actor=ASKER, token="not to be seen")
    command = RevokeTokenCommand(actor=ANYBODY, token="not to be seen")
    assert "not to be seen" not in f"{query!r} {command!r}"
