"""A hash that a sign-in renews while somebody else's password is checked: both are right."""

from collections.abc import AsyncIterator, Awaitable, Callable

import pytest

from adapters.crypto.passwords import Argon2PasswordHasher
from application.passwords import ChangePasswordCommand, ReauthenticateCommand
from application.recovery.addresses import ChangeEmailCommand
from application.users.administration import (
    DeleteUserCommand,
    SetPasswordCommand,
    UpdateUserCommand,
)
from application.users.own_account import DeleteOwnAccountCommand
from domain.access import Actor
from domain.events import EventKind
from domain.sessions import InvalidCredentials
from domain.users import User, UserStatus
from tests.application.people import ROOT, log, register, signed_in, stored
from tests.application.races.crowds import at_once
from tests.application.races.test_sign_in_races import live_sessions
from tests.worlds import PASSWORD, World, open_world

ADA = "ada@example.com"
ANOTHER = "another long sentence"

Act = Callable[[], Awaitable[object]]


class WatchedHasher(Argon2PasswordHasher):
    """Salts and parameters as in service, next to no work, and acts that happen after a check."""

    def __init__(self, time_cost: int) -> None:
        super().__init__(memory_kib=8, time_cost=time_cost, concurrency=2)
        self.after_checks: list[Act] = []

    async def verify(
        self, password: str, password_hash: str | None, *, as_typed: str | None = None
    ) -> bool:
        matches = await super().verify(password, password_hash, as_typed=as_typed)
        if self.after_checks:
            await self.after_checks.pop(0)()
        return matches


@pytest.fixture
async def world(backend_url: str) -> AsyncIterator[World]:
    async with open_world(backend_url) as opened:
        yield opened


@pytest.fixture
async def ada(world: World) -> AsyncIterator[User]:
    """Her hash is of older parameters than those of `hasher`."""
    older = WatchedHasher(time_cost=1)
    world.container.hasher.override(older)
    yield await register(world, ADA)
    older.close()


@pytest.fixture
async def hasher(world: World, ada: User) -> AsyncIterator[WatchedHasher]:
    newer = WatchedHasher(time_cost=2)
    world.container.hasher.override(newer)
    yield newer
    newer.close()


async def refusals(world: World) -> list[EventKind]:
    kinds = (EventKind.SIGN_IN_FAILED, EventKind.REAUTHENTICATION_FAILED)
    return [event.kind for event in await log(world) if event.kind in kinds]


def setting(world: World, user: User, password: str) -> Act:
    command = SetPasswordCommand(actor=ROOT, user_id=user.id, password=password)
    return lambda: world.container.set_password().execute(command)


async def test_all_who_sign_in_at_once_get_in(
    world: World, ada: User, hasher: WatchedHasher
) -> None:
    outcomes = await at_once(*(world.sign_in(ADA) for _ in range(4)))
    assert outcomes == ["done"] * 4
    assert len(await live_sessions(world, ada)) == 4
    assert await refusals(world) == []
    async with world.container.uow().reading() as uow:
        credential = await uow.credentials.find_password(ada.id)
    assert not hasher.needs_rehash(credential.password_hash)


async def test_another_password_meanwhile_is_one_refusal(
    world: World, ada: User, hasher: WatchedHasher
) -> None:
    hasher.after_checks = [setting(world, ada, ANOTHER)]
    assert await at_once(world.sign_in(ADA)) == ["InvalidCredentials"]
    assert await live_sessions(world, ada) == []
    assert await refusals(world) == [EventKind.SIGN_IN_FAILED]


async def test_a_hash_that_changes_again_is_not_followed(
    world: World, ada: User, hasher: WatchedHasher
) -> None:
    hasher.after_checks = [setting(world, ada, PASSWORD)] * 2
    assert await at_once(world.sign_in(ADA)) == ["InvalidCredentials"]
    assert await refusals(world) == [EventKind.SIGN_IN_FAILED]
    # Nothing else was in the way.
    hasher.after_checks = [setting(world, ada, PASSWORD)]
    assert await at_once(world.sign_in(ADA)) == ["done"]


async def test_a_renewed_hash_lets_nobody_into_an_account_that_is_disabled(
    world: World, ada: User, hasher: WatchedHasher
) -> None:
    async def renew_and_disable() -> None:
        await setting(world, ada, PASSWORD)()
        disable = UpdateUserCommand(actor=ROOT, user_id=ada.id, status=UserStatus.DISABLED)
        await world.container.update_user().execute(disable)

    hasher.after_checks = [renew_and_disable]
    assert await at_once(world.sign_in(ADA)) == ["InvalidCredentials"]
    assert await refusals(world) == [EventKind.SIGN_IN_FAILED]


async def test_a_renewed_hash_lets_nobody_into_another_account(
    world: World, ada: User, hasher: WatchedHasher
) -> None:
    async def make_anew() -> None:
        delete = DeleteUserCommand(actor=ROOT, user_id=ada.id)
        await world.container.delete_user().execute(delete)
        await register(world, ADA)

    hasher.after_checks = [make_anew]
    assert await at_once(world.sign_in(ADA)) == ["InvalidCredentials"]
    assert await refusals(world) == [EventKind.SIGN_IN_FAILED]


async def reauthenticate(world: World, actor: Actor) -> None:
    command = ReauthenticateCommand(actor=actor, password=PASSWORD)
    await world.container.reauthenticate().execute(command)


async def change_password(world: World, actor: Actor) -> None:
    command = ChangePasswordCommand(actor=actor, current_password=PASSWORD, new_password=ANOTHER)
    await world.container.change_password().execute(command)


async def change_email(world: World, actor: Actor) -> None:
    command = ChangeEmailCommand(actor=actor, email="ada@example.org", password=PASSWORD)
    await world.container.change_email().execute(command)


async def delete_own_account(world: World, actor: Actor) -> None:
    command = DeleteOwnAccountCommand(actor=actor, password=PASSWORD)
    await world.container.delete_own_account().execute(command)


proven_acts = pytest.mark.parametrize(
    "act", [reauthenticate, change_password, change_email, delete_own_account]
)
ProvenAct = Callable[[World, Actor], Awaitable[None]]


@proven_acts
async def test_a_proof_outlives_a_renewed_hash(
    world: World, ada: User, hasher: WatchedHasher, act: ProvenAct
) -> None:
    hasher.after_checks = [lambda: world.sign_in(ADA)]
    assert await at_once(act(world, signed_in(ada))) == ["done"]
    assert hasher.after_checks == []
    assert await refusals(world) == []
    assert (await stored(world, ada) is None) == (act is delete_own_account)


@proven_acts
async def test_a_proof_is_void_with_another_password(
    world: World, ada: User, hasher: WatchedHasher, act: ProvenAct
) -> None:
    hasher.after_checks = [setting(world, ada, ANOTHER)]
    assert await at_once(act(world, signed_in(ada))) == ["InvalidCredentials"]
    assert await refusals(world) == [EventKind.REAUTHENTICATION_FAILED]
    assert await stored(world, ada) == ada


async def test_a_proof_is_given_anew_once_and_with_nothing_held(
    world: World, ada: User, hasher: WatchedHasher
) -> None:
    # Each replaces the hash, which would wait for a unit that was still open.
    hasher.after_checks = [setting(world, ada, PASSWORD)] * 2
    with pytest.raises(InvalidCredentials):
        await reauthenticate(world, signed_in(ada))
    assert hasher.after_checks == []
    assert await refusals(world) == []
