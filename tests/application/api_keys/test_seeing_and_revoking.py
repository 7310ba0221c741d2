"""Seeing and revoking keys: one's own, others' with a permission and with authority."""

from dataclasses import replace

import pytest

from application.api_keys.queries import GetApiKeyQuery, ListApiKeysQuery
from application.users.administration import DeleteUserCommand, UpdateUserCommand
from domain.access import Actor, NotAuthenticated, PermissionMissing
from domain.api_keys import ApiKey
from domain.errors import NotFound
from domain.events import EventKind, Party
from domain.pages import InvalidCursor, Page
from domain.roles import BUILT_IN_PERMISSIONS
from domain.sessions import InvalidApiKey
from domain.users import User, UserStatus
from tests.application.api_keys.keys import call_with, make_key, revoke, stored_key
from tests.application.people import (
    ANYBODY,
    ROOT,
    last_event,
    register,
    signed_in,
    unchanged,
    with_key,
)
from tests.domain.samples import an_api_key, new_id
from tests.worlds import World

ALL = sorted(BUILT_IN_PERMISSIONS)
OF_USER = ("items:read", "items:write")


@pytest.fixture
async def ada(service: World) -> User:
    return await register(service, "ada@example.com")


@pytest.fixture
async def root(service: World) -> User:
    return await register(service, "root@example.com", "admin")


async def listed(world: World, actor: Actor, **fields: object) -> Page[ApiKey]:
    query = ListApiKeysQuery(actor=actor, **{"limit": 20, **fields})  # type: ignore[arg-type]
    return await world.container.list_api_keys().execute(query)


async def got(world: World, actor: Actor, key: ApiKey) -> ApiKey:
    return await world.container.get_api_key().execute(GetApiKeyQuery(actor=actor, key_id=key.id))


async def test_an_account_sees_its_keys_and_no_others(
    service: World, ada: User, root: User
) -> None:
    keys = [(await make_key(service, ada)).key for _ in range(3)]
    foreign = (await make_key(service, root)).key
    actor = signed_in(ada)
    assert list((await listed(service, actor)).items) == keys[::-1]
    assert await got(service, actor, keys[0]) == keys[0]
    for missing in (foreign, an_api_key(ada.id)):
        with pytest.raises(NotFound):
            await got(service, actor, missing)


async def test_keys_come_in_pages(service: World, ada: User) -> None:
    keys = [(await make_key(service, ada)).key for _ in range(3)][::-1]
    actor = signed_in(ada)
    first = await listed(service, actor, limit=2)
    assert list(first.items) == keys[:2]
    second = await listed(service, actor, limit=2, cursor=first.next_cursor)
    assert (list(second.items), second.next_cursor) == (keys[2:], None)
    for stranger, fields in (
        (signed_in(await register(service, "grace@example.com")), {}),
        (ROOT, {"owner_id": ada.id}),
    ):
        with pytest.raises(InvalidCursor):
            await listed(service, stranger, cursor=first.next_cursor, **fields)


async def test_a_key_is_no_way_to_the_others(service: World, ada: User) -> None:
    key = (await make_key(service, ada)).key
    everything_else = with_key(ada, *set(ALL) - {"api_keys:admin"})
    for actor, error in ((ANYBODY, NotAuthenticated), (everything_else, PermissionMissing)):
        async with unchanged(service):
            for act in (listed(service, actor), got(service, actor, key)):
                with pytest.raises(error):
                    await act
            # Whether a key exists makes no difference.
            for known in (key, an_api_key(ada.id)):
                with pytest.raises(error):
                    await revoke(service, actor, known)


async def test_a_holder_of_the_permission_sees_everybodys(
    service: World, ada: User, root: User
) -> None:
    key = (await make_key(service, ada)).key
    helper = await register(service, "helper@example.com")
    for actor in (ROOT, signed_in(helper, "api_keys:admin"), with_key(helper, "api_keys:admin")):
        assert list((await listed(service, actor, owner_id=ada.id)).items) == [key]
        assert await got(service, actor, key) == key
        with pytest.raises(NotFound):
            await listed(service, actor, owner_id=new_id())
        with pytest.raises(NotFound):
            await got(service, actor, an_api_key(ada.id))
    with_admin = with_key(ada, "api_keys:admin")
    assert list((await listed(service, with_admin)).items) == [key]
    with pytest.raises(NotAuthenticated):
        await listed(service, ROOT)


async def test_others_keys_do_not_exist_for_whoever_may_not_see_them(
    service: World, ada: User, root: User
) -> None:
    for nosy in (signed_in(ada), signed_in(ada, *set(ALL) - {"api_keys:admin", "users:read"})):
        with pytest.raises(NotFound):
            await listed(service, nosy, owner_id=root.id)
    for reader in (signed_in(ada, "users:read"), with_key(ada, "users:read")):
        with pytest.raises(PermissionMissing) as caught:
            await listed(service, reader, owner_id=root.id)
        assert caught.value.permissions == ("api_keys:admin",)


async def test_a_key_is_revoked_at_once_and_stays_in_the_list(service: World, ada: User) -> None:
    issued = await make_key(service, ada)
    actor = signed_in(ada)
    await revoke(service, actor, issued.key)
    with pytest.raises(InvalidApiKey):
        await call_with(service, issued.text)
    (left,) = (await listed(service, actor)).items
    assert left == replace(issued.key, revoked_at=service.clock.now())
    event = await last_event(service)
    assert (event.kind, event.subject, event.data) == (
        EventKind.API_KEY_REVOKED,
        Party(type="api_key", id=str(issued.key.id)),
        {"owner_id": str(ada.id)},
    )
    service.clock.advance(60)
    async with unchanged(service):
        await revoke(service, actor, issued.key)
    assert await stored_key(service, issued.key) == left


async def test_revoking_for_others_takes_authority_over_them(
    service: World, ada: User, root: User
) -> None:
    mine, theirs = [(await make_key(service, owner)).key for owner in (ada, root)]
    helper = await register(service, "helper@example.com")
    for actor in (
        signed_in(helper, "api_keys:admin", *OF_USER),
        with_key(helper, "api_keys:admin", *OF_USER),
    ):
        async with unchanged(service):
            with pytest.raises(PermissionMissing) as caught:
                await revoke(service, actor, theirs)
            assert "users:write" in caught.value.permissions
        mine = (await make_key(service, ada)).key
        await revoke(service, actor, mine)
        assert (await last_event(service)).actor.type == actor.kind.value
    with pytest.raises(PermissionMissing):
        await revoke(service, signed_in(helper, "api_keys:admin"), mine)
    with pytest.raises(NotFound):
        await revoke(service, signed_in(helper), mine)
    await revoke(service, ROOT, theirs)


async def test_a_key_does_not_act_on_its_own_account(service: World, root: User, ada: User) -> None:
    key = (await make_key(service, root)).key
    actor = with_key(root, *ALL)
    async with unchanged(service):
        for act in (
            revoke(service, actor, key),
            service.container.delete_user().execute(
                DeleteUserCommand(actor=actor, user_id=root.id)
            ),
            service.container.update_user().execute(
                UpdateUserCommand(actor=actor, user_id=root.id, name="Somebody else")
            ),
        ):
            with pytest.raises(PermissionMissing) as caught:
                await act
            assert caught.value.permissions == ("session",)
    # On others' it does what its scopes allow.
    command = UpdateUserCommand(actor=actor, user_id=ada.id, status=UserStatus.DISABLED)
    await service.container.update_user().execute(command)
