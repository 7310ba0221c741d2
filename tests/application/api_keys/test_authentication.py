"""Calling with a key: who the caller is then, and what never reaches the database."""

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import datetime

import pytest
from dependency_injector import providers

from adapters.crypto.api_keys import Base62ApiKeyCodec, _checksum
from application.api_keys.authentication import AuthenticateApiKeyQuery
from application.ports.api_keys import ApiKeyLookup, LiveApiKey
from application.users.administration import (
    DeleteUserCommand,
    SetUserRolesCommand,
    UpdateUserCommand,
)
from application.users.own_account import GetOwnAccountQuery
from application.users.queries import GetUserQuery
from domain.access import ActorKind
from domain.roles import BUILT_IN_PERMISSIONS
from domain.sessions import InvalidApiKey
from domain.users import User, UserStatus
from tests.application.api_keys.keys import call_with, make_key, revoke
from tests.application.people import ORIGIN, ROOT, register
from tests.worlds import World, open_world

ADA = "ada@example.com"


class CountingLookup(ApiKeyLookup):
    """Counts what it is asked, and knows one key."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.known: LiveApiKey | None = None

    async def find_live(self, public_id: str, at: datetime) -> LiveApiKey | None:
        self.asked.append(public_id)
        return self.known


@pytest.fixture
async def ada(service: World) -> User:
    return await register(service, ADA)


@pytest.fixture
async def counted() -> AsyncIterator[tuple[World, CountingLookup]]:
    async with open_world("memory://") as world:
        lookup = CountingLookup()
        world.container.api_key_lookup.override(providers.Object(lookup))
        yield world, lookup


async def test_a_key_makes_its_owner_the_caller(service: World, ada: User) -> None:
    issued = await make_key(service, ada, "items:read", rate_limit=7)
    actor = await call_with(service, issued.text)
    assert (actor.kind, actor.user_id, actor.api_key_id) == (
        ActorKind.API_KEY,
        ada.id,
        issued.key.id,
    )
    assert (actor.permissions, actor.roles) == (frozenset({"items:read"}), ada.roles)
    assert (actor.session_id, actor.auth_time, actor.is_trusted) == (None, None, False)
    assert (actor.account, actor.rate_limit, actor.origin) == (ada, 7, ORIGIN)


async def test_a_key_without_scopes_reads_its_own_account(service: World, ada: User) -> None:
    actor = await call_with(service, (await make_key(service, ada)).text)
    assert actor.permissions == frozenset()
    own = GetOwnAccountQuery(actor=actor)
    assert await service.container.get_own_account().execute(own) == ada
    by_id = GetUserQuery(actor=actor, user_id=ada.id)
    assert await service.container.get_user().execute(by_id) == ada


async def test_a_key_may_do_what_its_owner_holds_at_the_moment(service: World) -> None:
    root = await register(service, "root@example.com", "admin")
    await register(service, "other@example.com", "admin")
    text = (await make_key(service, root, "users:read", "items:read")).text
    for roles, may in (
        ({"admin", "user"}, {"users:read", "items:read"}),
        ({"user"}, {"items:read"}),
        (set[str](), set[str]()),
        ({"admin"}, {"users:read", "items:read"}),
    ):
        command = SetUserRolesCommand(actor=ROOT, user_id=root.id, roles=frozenset(roles))
        await service.container.set_user_roles().execute(command)
        assert (await call_with(service, text)).permissions == may


async def test_a_key_is_good_until_it_expires(service: World, ada: User) -> None:
    text = (await make_key(service, ada)).text
    service.clock.advance(90 * 24 * 3600 - 1)
    await call_with(service, text)
    service.clock.advance(1)
    with pytest.raises(InvalidApiKey):
        await call_with(service, text)


async def test_a_revoked_key_is_dead(service: World, ada: User) -> None:
    issued = await make_key(service, ada)
    await revoke(service, ROOT, issued.key)
    with pytest.raises(InvalidApiKey):
        await call_with(service, issued.text)


async def test_a_key_is_dead_for_as_long_as_its_account_is_disabled(
    service: World, ada: User
) -> None:
    text = (await make_key(service, ada)).text
    for status in (UserStatus.DISABLED, UserStatus.ACTIVE):
        command = UpdateUserCommand(actor=ROOT, user_id=ada.id, status=status)
        await service.container.update_user().execute(command)
        if status is UserStatus.DISABLED:
            with pytest.raises(InvalidApiKey):
                await call_with(service, text)
    await call_with(service, text)
    await service.container.delete_user().execute(DeleteUserCommand(actor=ROOT, user_id=ada.id))
    with pytest.raises(InvalidApiKey):
        await call_with(service, text)


async def test_the_public_id_alone_opens_nothing(service: World, ada: User) -> None:
    issued, other = await make_key(service, ada), await make_key(service, ada)
    for secret in ("0" * 43, other.text.split("_")[2]):
        # Whole, as somebody can make it who knows the form, and not the key.
        body = f"{issued.key.prefix}_{secret}"
        forged = f"{body}_{_checksum(body)}"
        Base62ApiKeyCodec().read(forged)
        with pytest.raises(InvalidApiKey):
            await call_with(service, forged)


async def test_what_is_no_whole_key_never_reaches_the_database(
    counted: tuple[World, CountingLookup],
) -> None:
    world, lookup = counted
    text = Base62ApiKeyCodec().mint().text
    for bent in (
        *(text[:cut] for cut in range(len(text))),
        *(text[:at] + ("0" if text[at] != "0" else "1") + text[at + 1 :] for at in range(3, 70)),
        *(text.swapcase(), text.lower(), text.upper(), "é" * 70, text + "0", "dw_x_y_z"),
        *("k" * 10_240, text * 150, "\udcff" * 70, ""),
    ):
        with pytest.raises(InvalidApiKey):
            await call_with(world, bent)
    assert lookup.asked == []
    with pytest.raises(InvalidApiKey):
        await call_with(world, text)
    assert lookup.asked == [text.split("_")[1]]


async def test_the_secret_decides_whatever_the_database_answers(
    counted: tuple[World, CountingLookup], ada: User, service: World
) -> None:
    world, lookup = counted
    issued = await make_key(service, ada)
    live = LiveApiKey(key=issued.key, owner=ada, owner_permissions=frozenset(BUILT_IN_PERMISSIONS))
    lookup.known = live
    await call_with(world, issued.text)
    lookup.known = replace(live, key=replace(issued.key, secret_digest=b"\xff" * 32))
    with pytest.raises(InvalidApiKey):
        await call_with(world, issued.text)


async def test_a_query_does_not_show_its_key() -> None:
    query = AuthenticateApiKeyQuery(api_key="not to be seen", origin=ORIGIN)
    assert "not to be seen" not in repr(query)
