"""The first administrator: made once, on the first start, and never again."""

import pytest

from application.setup import EnsureAdministratorCommand
from application.users.own_account import DeleteOwnAccountCommand
from domain.addresses import InvalidEmailAddress
from domain.events import EventKind, Party
from domain.passwords import WeakPassword
from tests.application.people import last_event, log, register, signed_in, unchanged
from tests.worlds import PASSWORD, World

ROOT = "root@example.com"


async def ensure(world: World, email: str = ROOT, password: str = PASSWORD) -> bool:
    command = EnsureAdministratorCommand(email=email, password=password)
    return await world.container.ensure_administrator().execute(command)


async def test_a_new_installation_gets_an_administrator(service: World) -> None:
    assert await service.container.ensure_administrator().is_needed()
    assert await ensure(service)
    event = await last_event(service)
    assert (event.kind, event.actor) == (EventKind.USER_CREATED, Party(type="system", id=None))
    actor = await service.authenticate((await service.sign_in(ROOT)).access_token)
    assert actor.roles == {"admin", "user"}
    assert actor.account is not None
    assert actor.account.email_verified
    assert actor.account.name == "Administrator"


async def test_an_installation_that_has_accounts_has_had_its_administrator(
    service: World,
) -> None:
    await register(service, "ada@example.com")
    assert not await service.container.ensure_administrator().is_needed()
    async with unchanged(service):
        assert not await ensure(service)
    assert not await ensure(service, "ada@example.com")


async def test_a_second_start_changes_nothing(service: World) -> None:
    assert await ensure(service)
    async with unchanged(service):
        assert not await ensure(service)
        assert not await ensure(service, "other@example.com", "another long sentence")


async def test_an_administrator_who_left_is_made_again_only_if_nobody_is_left(
    service: World,
) -> None:
    await ensure(service)
    second = await register(service, "second@example.com", "admin")
    root = (await service.authenticate((await service.sign_in(ROOT)).access_token)).account
    assert root is not None
    command = DeleteOwnAccountCommand(actor=signed_in(root), password=PASSWORD)
    await service.container.delete_own_account().execute(command)
    assert not await ensure(service)
    async with service.container.uow()() as uow:
        await uow.users.delete(second.id, None)
        await uow.commit()
    assert await ensure(service)


async def test_a_weak_start_is_no_start(service: World) -> None:
    async with unchanged(service):
        for email, password, error in (
            ("no address", PASSWORD, InvalidEmailAddress),
            (ROOT, "short", WeakPassword),
            (ROOT, "root" * 5, WeakPassword),
        ):
            with pytest.raises(error):
                await ensure(service, email, password)


async def test_the_password_is_not_shown(service: World) -> None:
    command = EnsureAdministratorCommand(email=ROOT, password=PASSWORD)
    await service.container.ensure_administrator().execute(command)
    assert PASSWORD not in f"{command!r} {await log(service)!r}"
