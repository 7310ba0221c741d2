"""Acts on one's own account, for which a session is needed and sometimes the password again."""

import pytest

from application.users.own_account import (
    DeleteOwnAccountCommand,
    GetOwnAccountQuery,
    UpdateOwnAccountCommand,
)
from domain.access import Actor, NotAuthenticated, PermissionMissing
from domain.errors import InvalidField, NotFound, StaleVersion
from domain.events import EventKind, EventOutcome, Party
from domain.sessions import InvalidAccessToken, InvalidCredentials
from domain.users import LastAdministrator, User
from tests.application.people import (
    ANYBODY,
    ROOT,
    last_event,
    register,
    signed_in,
    stored,
    unchanged,
    with_key,
)
from tests.worlds import PASSWORD, World

ADA = "ada@example.com"


@pytest.fixture
async def ada(service: World) -> User:
    return await register(service, ADA)


async def update(
    world: World, actor: Actor, name: str | None = "Countess", if_version: int | None = None
) -> User:
    command = UpdateOwnAccountCommand(actor=actor, name=name, if_version=if_version)
    return await world.container.update_own_account().execute(command)


async def delete(world: World, actor: Actor, password: str = PASSWORD) -> None:
    command = DeleteOwnAccountCommand(actor=actor, password=password)
    await world.container.delete_own_account().execute(command)


async def test_any_credential_of_a_user_says_who_they_are(service: World, ada: User) -> None:
    who_am_i = service.container.get_own_account()
    for actor in (signed_in(ada), with_key(ada)):
        assert await who_am_i.execute(GetOwnAccountQuery(actor=actor)) == ada
    for actor in (ANYBODY, ROOT):
        with pytest.raises(NotAuthenticated):
            await who_am_i.execute(GetOwnAccountQuery(actor=actor))


async def test_a_name_is_changed_by_whoever_bears_it(service: World, ada: User) -> None:
    updated = await update(service, signed_in(ada), if_version=1)
    assert (updated.name, updated.version) == ("Countess", 2)
    assert await stored(service, ada) == updated
    event = await last_event(service)
    assert (event.kind, event.data["fields"]) == (EventKind.USER_UPDATED, ["name"])
    assert event.actor == event.subject == Party(type="user", id=str(ada.id))


async def test_changing_nothing_is_logged_as_nothing(service: World, ada: User) -> None:
    await update(service, signed_in(ada), name=None)
    assert (await last_event(service)).data["fields"] == []


async def test_a_change_that_does_not_hold_changes_nothing(service: World, ada: User) -> None:
    gone = await register(service, "gone@example.com")
    await delete(service, signed_in(gone))
    async with unchanged(service):
        with pytest.raises(StaleVersion):
            await update(service, signed_in(ada), if_version=2)
        with pytest.raises(InvalidField):
            await update(service, signed_in(ada), name=" ")
        with pytest.raises(NotFound):
            await update(service, signed_in(gone))


async def test_no_key_however_able_acts_on_the_account(service: World, ada: User) -> None:
    async with unchanged(service):
        for act in (update, delete):
            with pytest.raises(NotAuthenticated):
                await act(service, ANYBODY)
            for actor in (with_key(ada, "users:write", "users:read"), ROOT):
                with pytest.raises(PermissionMissing) as caught:
                    await act(service, actor)
                assert caught.value.permissions == ("session",)


async def test_an_account_is_deleted_with_its_password(service: World, ada: User) -> None:
    tokens = await service.sign_in(ADA)
    await delete(service, await service.authenticate(tokens.access_token))
    assert await stored(service, ada) is None
    event = await last_event(service)
    assert (event.kind, event.outcome) == (EventKind.USER_DELETED, EventOutcome.SUCCESS)
    with pytest.raises(InvalidAccessToken):
        await service.authenticate(tokens.access_token)
    # The address is free again.
    await register(service, ADA)


async def test_without_the_password_it_stays_and_the_attempt_is_logged(
    service: World, ada: User
) -> None:
    with pytest.raises(InvalidCredentials):
        await delete(service, signed_in(ada), "a guess, a guess, a guess")
    assert await stored(service, ada) == ada
    event = await last_event(service)
    assert (event.kind, event.outcome) == (
        EventKind.REAUTHENTICATION_FAILED,
        EventOutcome.REFUSED,
    )
    assert event.subject == Party(type="user", id=str(ada.id))
    with pytest.raises(InvalidField) as caught:
        await delete(service, signed_in(ada), "\ud800")
    assert [detail.field for detail in caught.value.details] == ["password"]


async def test_the_last_administrator_cannot_leave(service: World) -> None:
    root = await register(service, "root@example.com", "admin")
    async with unchanged(service):
        with pytest.raises(LastAdministrator):
            await delete(service, signed_in(root))
    await register(service, "second@example.com", "admin")
    await delete(service, signed_in(root))
    assert await stored(service, root) is None
