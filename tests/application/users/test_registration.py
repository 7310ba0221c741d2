"""Creating accounts: by oneself, for others, with roles, and with nothing half-written."""

import pytest

from application.users.registration import RegisterUserCommand
from domain.access import Actor, NotAuthenticated, PermissionMissing
from domain.addresses import InvalidEmailAddress
from domain.errors import DomainError, InvalidField
from domain.events import EventKind, EventOutcome, Party
from domain.passwords import WeakPassword
from domain.roles import BUILT_IN_PERMISSIONS, UnknownRole
from domain.users import EmailAlreadyRegistered, RegistrationClosed, User, UserKind, UserStatus
from tests.application.people import (
    ANYBODY,
    ROOT,
    last_event,
    log,
    register,
    signed_in,
    stored,
    unchanged,
    with_key,
)
from tests.domain.samples import a_user
from tests.worlds import PASSWORD, World, open_world


async def attempt(world: World, actor: Actor = ANYBODY, **changes: object) -> User:
    fields: dict[str, object] = {
        "email": "Ada@Example.com",
        "name": "Ada Lovelace",
        "password": PASSWORD,
    }
    command = RegisterUserCommand(actor=actor, **(fields | changes))  # type: ignore[arg-type]
    user = await world.container.register_user().execute(command)
    assert user is not None
    return user


async def test_anyone_may_register_and_then_sign_in(service: World) -> None:
    user = await attempt(service)
    assert (user.email.address, user.email.key) == ("Ada@example.com", "ada@example.com")
    assert (user.name, user.kind, user.status) == (
        "Ada Lovelace",
        UserKind.HUMAN,
        UserStatus.ACTIVE,
    )
    assert user.roles == {"user"}
    assert (user.email_verified, user.version) == (False, 1)
    assert user.created_at == user.updated_at == service.clock.now()
    assert await stored(service, user) == user
    assert (await service.sign_in("ADA@example.COM")).access_token


async def test_registering_oneself_is_in_the_log_without_the_address(service: World) -> None:
    user = await attempt(service)
    event = await last_event(service)
    assert (event.kind, event.outcome) == (EventKind.USER_REGISTERED, EventOutcome.SUCCESS)
    assert event.actor == Party(type="anonymous", id=None)
    assert event.subject == Party(type="user", id=str(user.id))
    assert (event.request_id, event.ip, event.user_agent) == ("request-1", "192.0.2.7", "curl/8")
    assert "example" not in repr(event)


@pytest.mark.parametrize(
    "actor", [signed_in(a_user(), "users:write"), with_key(a_user(), "users:write"), ROOT]
)
async def test_creating_for_others_is_another_kind_of_event(service: World, actor: Actor) -> None:
    await attempt(service, actor)
    event = await last_event(service)
    assert event.kind is EventKind.USER_CREATED
    assert event.actor.type == actor.kind.value


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"email": "no address"}, InvalidEmailAddress),
        ({"name": ""}, InvalidField),
        ({"password": "too short"}, WeakPassword),
        ({"password": "doorward" * 3}, WeakPassword),
        ({"password": "ada" * 6}, WeakPassword),
        ({"password": "a good long one \ud800"}, InvalidField),
        ({"roles": frozenset({"auditor"})}, UnknownRole),
        ({"roles": frozenset(map(str, range(20)))}, InvalidField),
    ],
    ids=lambda value: value.__name__ if isinstance(value, type) else next(iter(value)),
)
async def test_what_breaks_a_rule_leaves_nothing(
    service: World, changes: dict[str, object], error: type[DomainError]
) -> None:
    async with unchanged(service):
        with pytest.raises(error):
            await attempt(service, ROOT, **changes)


async def test_an_address_is_taken_whatever_its_case(service: World) -> None:
    await attempt(service)
    async with unchanged(service):
        for email in ("Ada@example.com", "ADA@EXAMPLE.COM", "ada@example.com"):
            with pytest.raises(EmailAlreadyRegistered):
                await attempt(service, email=email, password="another long sentence")
    await service.sign_in("ada@example.com")


async def test_a_closed_service_takes_nobody_but_from_those_who_may() -> None:
    async with open_world("memory://", registration="closed") as world:
        for actor in (ANYBODY, signed_in(a_user()), signed_in(a_user(), "users:read")):
            with pytest.raises(RegistrationClosed):
                await attempt(world, actor)
        assert await log(world) == [e for e in await log(world) if e.actor.type == "system"]
        await attempt(world, signed_in(a_user(), "users:write"))
        await attempt(world, ROOT, email="grace@example.com")


async def test_roles_are_given_by_those_who_may_assign_them_alone(service: World) -> None:
    async with unchanged(service):
        with pytest.raises(NotAuthenticated):
            await attempt(service, roles=frozenset({"user"}))
        with pytest.raises(PermissionMissing) as caught:
            await attempt(service, signed_in(a_user(), "users:write"), roles=frozenset({"user"}))
    assert caught.value.permissions == ("roles:assign",)


async def test_nobody_gives_what_they_do_not_hold(service: World) -> None:
    held = set(BUILT_IN_PERMISSIONS) - {"events:read"}
    async with unchanged(service):
        with pytest.raises(PermissionMissing) as caught:
            await attempt(service, signed_in(a_user(), *held), roles=frozenset({"admin"}))
    assert caught.value.permissions == ("events:read",)
    user = await attempt(
        service, signed_in(a_user(), *BUILT_IN_PERMISSIONS), roles=frozenset({"admin"})
    )
    assert user.roles == {"admin", "user"}


async def test_only_the_operator_vouches_for_an_address(service: World) -> None:
    administrator = signed_in(await register(service, "root@example.com", "admin"))
    async with unchanged(service):
        for actor in (ANYBODY, administrator):
            with pytest.raises(PermissionMissing) as caught:
                await attempt(service, actor, email_verified=True)
            assert caught.value.permissions == ("operator",)
    assert (await attempt(service, ROOT, email_verified=True)).email_verified


async def test_a_command_does_not_show_its_password(service: World) -> None:
    command = RegisterUserCommand(
        actor=ANYBODY, email="ada@example.com", name="Ada", password=PASSWORD
    )
    assert PASSWORD not in repr(command)
    await service.container.register_user().execute(command)
    assert PASSWORD not in repr(await log(service))
