"""Replacing keys: what the successor takes over, and how long the old one lives on."""

from datetime import timedelta

import pytest

from application.sessions.ending import SignOutCommand
from application.users.administration import SetUserRolesCommand
from domain.access import Actor, NotAuthenticated, PermissionMissing, ReauthenticationRequired
from domain.api_keys import ApiKeyNotActive
from domain.errors import InvalidField, NotFound
from domain.events import EventKind, Party
from domain.roles import BUILT_IN_PERMISSIONS
from domain.sessions import InvalidAccessToken, InvalidApiKey
from domain.users import User
from tests.application.api_keys.keys import (
    at_home,
    call_with,
    create,
    make_key,
    revoke,
    rotate,
    stored_key,
)
from tests.application.people import ANYBODY, ROOT, last_event, register, unchanged, with_key
from tests.domain.samples import an_api_key
from tests.worlds import World

ADA = "ada@example.com"


@pytest.fixture
async def ada(service: World) -> User:
    return await register(service, ADA)


@pytest.fixture
async def actor(service: World, ada: User) -> Actor:
    return await at_home(service, ada)


async def works(world: World, text: str) -> bool:
    try:
        await call_with(world, text)
    except InvalidApiKey:
        return False
    return True


async def test_the_new_key_takes_the_old_ones_place(service: World, actor: Actor) -> None:
    lifetime = timedelta(days=10)
    start = service.clock.now()
    old = await create(
        service, actor, "items:read", name="Nightly", rate_limit=9, expires_at=start + lifetime
    )
    service.clock.advance(600)
    new = await rotate(service, actor, old.key)
    now = service.clock.now()
    assert (new.key.name, new.key.scopes, new.key.rate_limit) == (
        "Nightly",
        frozenset({"items:read"}),
        9,
    )
    assert (new.key.created_at, new.key.expires_at) == (now, now + lifetime)
    assert new.key.public_id != old.key.public_id
    assert await stored_key(service, new.key) == new.key
    event = await last_event(service)
    assert (event.kind, event.subject) == (
        EventKind.API_KEY_ROTATED,
        Party(type="api_key", id=str(old.key.id)),
    )
    assert event.data["successor_id"] == str(new.key.id)
    assert await works(service, old.text)
    assert await works(service, new.text)
    service.clock.advance(3599.9)
    assert await works(service, old.text)
    service.clock.advance(0.1)
    assert not await works(service, old.text)
    assert await works(service, new.text)


async def test_without_overlap_the_old_key_ends_at_once(service: World, actor: Actor) -> None:
    old = await create(service, actor)
    new = await rotate(service, actor, old.key, overlap_seconds=0)
    assert not await works(service, old.text)
    assert await works(service, new.text)


async def test_an_overlap_never_prolongs_a_life(service: World, actor: Actor) -> None:
    ends_at = service.clock.now() + timedelta(seconds=30)
    old = await create(service, actor, expires_at=ends_at)
    await rotate(service, actor, old.key, overlap_seconds=604_800)
    left = await stored_key(service, old.key)
    assert left is not None
    assert left.expires_at == ends_at


@pytest.mark.parametrize("overlap", [-1, 604_801, 2**63])
async def test_an_overlap_is_bounded(service: World, actor: Actor, overlap: int) -> None:
    old = await create(service, actor)
    with pytest.raises(InvalidField):
        await rotate(service, actor, old.key, overlap_seconds=overlap)
    assert await stored_key(service, old.key) == old.key


async def test_a_key_is_rotated_once(service: World, actor: Actor) -> None:
    old = await create(service, actor)
    new = await rotate(service, actor, old.key)
    async with unchanged(service):
        with pytest.raises(ApiKeyNotActive):
            await rotate(service, actor, old.key)
    await rotate(service, actor, new.key)


async def test_what_is_not_alive_is_not_rotated(service: World, actor: Actor) -> None:
    revoked = await create(service, actor)
    await revoke(service, actor, revoked.key)
    expired = await create(service, actor, expires_at=service.clock.now() + timedelta(seconds=60))
    service.clock.advance(60)
    for dead in (revoked, expired):
        async with unchanged(service):
            with pytest.raises(ApiKeyNotActive) as caught:
                await rotate(service, actor, dead.key)
        assert caught.value.code == "conflict"


async def test_the_scopes_are_bounded_again(service: World, ada: User, actor: Actor) -> None:
    old = await create(service, actor, "items:read", "items:write")
    command = SetUserRolesCommand(actor=ROOT, user_id=ada.id, roles=frozenset())
    await service.container.set_user_roles().execute(command)
    assert (await rotate(service, actor, old.key)).key.scopes == frozenset()


async def test_only_the_owner_rotates(service: World, ada: User, actor: Actor) -> None:
    old = await make_key(service, ada)
    root = await at_home(service, await register(service, "root@example.com", "admin"))
    async with unchanged(service):
        for key in (old.key, an_api_key(ada.id)):
            with pytest.raises(NotFound):
                await rotate(service, root, key)
        with pytest.raises(NotAuthenticated):
            await rotate(service, ANYBODY, old.key)
        for no_session in (ROOT, with_key(ada, *BUILT_IN_PERMISSIONS)):
            with pytest.raises(PermissionMissing) as caught:
                await rotate(service, no_session, old.key)
            assert caught.value.permissions == ("session",)
    assert await stored_key(service, old.key) == old.key


async def test_it_takes_a_live_session_and_a_recent_password(
    service: World, ada: User, actor: Actor
) -> None:
    old = await make_key(service, ada)
    service.clock.advance(15 * 60 + 1)
    with pytest.raises(ReauthenticationRequired):
        await rotate(service, actor, old.key)
    fresh = await at_home(service, ada)
    await service.container.sign_out().execute(SignOutCommand(actor=fresh))
    with pytest.raises(InvalidAccessToken):
        await rotate(service, fresh, old.key)
    assert await stored_key(service, old.key) == old.key
