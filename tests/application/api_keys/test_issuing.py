"""Making keys: who may, what a key can be given, and what is left behind."""

from dataclasses import replace
from datetime import timedelta

import pytest

from application.sessions.ending import SignOutCommand
from application.users.administration import SetUserRolesCommand
from domain.access import Actor, NotAuthenticated, PermissionMissing, ReauthenticationRequired
from domain.errors import InvalidField, NotFound
from domain.events import EventKind, Party
from domain.roles import BUILT_IN_PERMISSIONS, UnknownPermission
from domain.sessions import InvalidAccessToken
from domain.users import User
from tests.application.api_keys.keys import at_home, call_with, create, make_key, stored_key
from tests.application.people import (
    ANYBODY,
    ROOT,
    last_event,
    log,
    register,
    signed_in,
    unchanged,
    with_key,
)
from tests.domain.samples import new_id
from tests.worlds import World

ADA = "ada@example.com"


@pytest.fixture
async def ada(service: World) -> User:
    return await register(service, ADA)


async def test_a_key_is_made_and_its_text_is_not_kept(service: World, ada: User) -> None:
    actor, now = await at_home(service, ada), service.clock.now()
    issued = await create(service, actor, "items:read", rate_limit=7)
    key = issued.key
    assert await stored_key(service, key) == key
    assert (key.owner_id, key.name, key.scopes) == (ada.id, "Report", frozenset({"items:read"}))
    assert (key.created_at, key.expires_at) == (now, now + timedelta(days=90))
    assert (key.rate_limit, key.last_used_at, key.revoked_at) == (7, None, None)
    assert issued.text.startswith(f"{key.prefix}_")
    secret = issued.text.split("_")[2]
    assert secret not in f"{issued!r} {key!r} {await log(service)!r}"
    assert secret.encode() not in key.secret_digest
    event = await last_event(service)
    assert (event.kind, event.subject) == (
        EventKind.API_KEY_CREATED,
        Party(type="api_key", id=str(key.id)),
    )
    assert event.actor == Party(type="user", id=str(ada.id))
    assert event.data == {"owner_id": str(ada.id), "scopes": ["items:read"]}


async def test_two_keys_of_one_name_are_two_keys(service: World, ada: User) -> None:
    one, other = [await make_key(service, ada) for _ in range(2)]
    assert one.text != other.text
    assert one.key.id != other.key.id


async def test_it_takes_a_session(service: World, ada: User) -> None:
    async with unchanged(service):
        with pytest.raises(NotAuthenticated):
            await create(service, ANYBODY)
        for actor in (with_key(ada, *BUILT_IN_PERMISSIONS), ROOT):
            with pytest.raises(PermissionMissing) as caught:
                await create(service, actor)
            assert caught.value.permissions == ("session",)


async def test_it_takes_a_password_given_a_short_while_ago(service: World, ada: User) -> None:
    actor = await at_home(service, ada)
    service.clock.advance(15 * 60)
    await create(service, actor)
    service.clock.advance(0.001)
    async with unchanged(service):
        with pytest.raises(ReauthenticationRequired):
            await create(service, actor)
        with pytest.raises(ReauthenticationRequired):
            await create(service, replace(actor, auth_time=None))


async def test_a_session_that_has_just_ended_makes_no_key(service: World, ada: User) -> None:
    actor = await at_home(service, ada)
    await service.container.sign_out().execute(SignOutCommand(actor=actor))
    for ended in (actor, replace(actor, session_id=new_id())):
        with pytest.raises(InvalidAccessToken):
            await create(service, ended)


async def test_nobody_gives_a_key_what_its_owner_lacks(service: World, ada: User) -> None:
    actor = await at_home(service, ada)
    # What the caller was seen to hold a moment ago does not count.
    for caller in (actor, replace(actor, permissions=frozenset(BUILT_IN_PERMISSIONS))):
        with pytest.raises(PermissionMissing) as caught:
            await create(service, caller, "users:write", "items:read", "events:read")
        assert caught.value.permissions == ("events:read", "users:write")
    with pytest.raises(PermissionMissing):
        await make_key(service, ada, "users:read")


async def test_what_was_taken_away_meanwhile_cannot_be_given(service: World, ada: User) -> None:
    actor = await at_home(service, ada)
    command = SetUserRolesCommand(actor=ROOT, user_id=ada.id, roles=frozenset())
    await service.container.set_user_roles().execute(command)
    with pytest.raises(PermissionMissing) as caught:
        await create(service, actor, "items:read")
    assert caught.value.permissions == ("items:read",)


@pytest.mark.parametrize("scope", ["no:such", "", "items", "ITEMS:READ", "items:read ", "x" * 64])
async def test_a_scope_is_a_permission_that_exists(service: World, ada: User, scope: str) -> None:
    actor = await at_home(service, ada)
    async with unchanged(service):
        with pytest.raises(UnknownPermission) as caught:
            await create(service, actor, "items:read", scope)
    assert [detail.field for detail in caught.value.details] == ["scopes"]


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("name", ""),
        ("name", " "),
        ("name", "a\nb"),
        ("name", "x" * 201),
        ("rate_limit", 0),
        ("rate_limit", 10_001),
        ("scopes", frozenset(map(str, range(101)))),
    ],
)
async def test_what_does_not_fit_is_refused(
    service: World, ada: User, field: str, value: object
) -> None:
    actor = await at_home(service, ada)
    async with unchanged(service):
        with pytest.raises(InvalidField) as caught:
            await create(service, actor, **{field: value})
    assert [detail.field for detail in caught.value.details] == [field]


async def test_a_key_ends_when_it_is_told_to(service: World, ada: User) -> None:
    now = service.clock.now()
    issued = await make_key(service, ada, expires_at=now + timedelta(days=3))
    assert issued.key.expires_at == now + timedelta(days=3)
    with pytest.raises(InvalidField):
        await make_key(service, ada, expires_at=now)


async def test_operators_make_keys_for_others_and_nobody_else_does(
    service: World, ada: User
) -> None:
    issued = await make_key(service, ada, "items:read")
    assert (await call_with(service, issued.text)).user_id == ada.id
    assert (await last_event(service)).actor == Party(type="operator", id=None)
    root = await register(service, "root@example.com", "admin")
    for actor in (await at_home(service, root), signed_in(ada), with_key(root)):
        with pytest.raises(PermissionMissing) as caught:
            await create(service, actor, owner_id=ada.id)
        assert caught.value.permissions == ("operator",)
    with pytest.raises(NotAuthenticated):
        await create(service, Actor.anonymous(), owner_id=ada.id)
    with pytest.raises(NotFound):
        await create(service, ROOT, owner_id=new_id())
