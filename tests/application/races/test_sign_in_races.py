"""Signing in while the account changes: nobody stays in who may not be there."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta

import pytest

from adapters.memory.passwords import FastPasswordHasher
from application.passwords import ChangePasswordCommand
from application.ports.sessions import LiveAt
from application.sessions.ending import EndUserSessionsCommand
from application.users.administration import (
    DeleteUserCommand,
    SetPasswordCommand,
    UpdateUserCommand,
)
from domain.sessions import InvalidCredentials, Session
from domain.users import User, UserStatus
from tests.application.people import ROOT, register, stored
from tests.application.races.crowds import at_once, rounds, two_workers
from tests.worlds import PASSWORD, World, open_world

ADA = "ada@example.com"
ANOTHER = "another long sentence"


async def live_sessions(world: World, user: User) -> list[Session]:
    now = world.clock.now()
    live = LiveAt(at=now, idle_since=now - timedelta(days=7))
    async with world.container.uow().reading() as uow:
        found: list[Session] = await uow.sessions.page(user.id, live, None, 100)
    return found


async def set_status(world: World, user: User, status: UserStatus) -> None:
    command = UpdateUserCommand(actor=ROOT, user_id=user.id, status=status)
    await world.container.update_user().execute(command)


@rounds
async def test_a_disabled_account_has_no_session_that_began_in_time(
    database_url: str, rounds: int
) -> None:
    async with two_workers(database_url) as (here, there):
        user = await register(here, ADA)
        for _ in range(rounds):
            signing_in = [each.sign_in(ADA) for each in (here, there, here, there)]
            outcomes = await at_once(*signing_in, set_status(there, user, UserStatus.DISABLED))
            assert set(outcomes) <= {"done", "InvalidCredentials"}
            assert outcomes[-1] == "done"
            disabled = await stored(here, user)
            assert disabled is not None
            assert not disabled.is_active
            assert await live_sessions(here, user) == []
            await set_status(here, user, UserStatus.ACTIVE)
            # Nor does one come back to life.
            assert await live_sessions(here, user) == []


@rounds
async def test_a_new_password_leaves_no_session_of_the_old_one(
    database_url: str, rounds: int
) -> None:
    passwords = [PASSWORD, ANOTHER]
    async with two_workers(database_url) as (here, there):
        user = await register(here, ADA)
        for number in range(rounds):
            fresh = passwords[(number + 1) % 2]
            command = SetPasswordCommand(actor=ROOT, user_id=user.id, password=fresh)
            outcomes = await at_once(
                *(each.sign_in(ADA) for each in (here, there, here)),
                there.container.set_password().execute(command),
            )
            assert set(outcomes) <= {"done", "InvalidCredentials"}
            assert outcomes[-1] == "done"
            # Sessions of the fresh password may begin at once; odd rounds give back the usual one.
            if number % 2 == 0:
                assert await live_sessions(here, user) == []


class HeldHasher(FastPasswordHasher):
    """Verifies when the test says so."""

    def __init__(self) -> None:
        self.verifying = asyncio.Event()
        self.go_on = asyncio.Event()

    async def verify(
        self, password: str, password_hash: str | None, *, as_typed: str | None = None
    ) -> bool:
        matches = await super().verify(password, password_hash, as_typed=as_typed)
        self.verifying.set()
        await self.go_on.wait()
        return matches


@pytest.fixture
async def world(backend_url: str) -> AsyncIterator[World]:
    async with open_world(backend_url) as opened:
        yield opened


async def sign_in_around(world: World, act: object) -> list[str]:
    """Signs in with the right password; the act happens while its hash is computed."""
    assert callable(act)
    hasher = HeldHasher()
    world.container.hasher.override(hasher)
    attempt = asyncio.create_task(at_once(world.sign_in(ADA)))
    await hasher.verifying.wait()
    await act()
    hasher.go_on.set()
    return await attempt


async def test_a_password_that_is_replaced_while_it_is_checked_opens_nothing(
    world: World,
) -> None:
    user = await register(world, ADA)
    command = SetPasswordCommand(actor=ROOT, user_id=user.id, password=ANOTHER)
    outcome = await sign_in_around(world, lambda: world.container.set_password().execute(command))
    assert outcome == ["InvalidCredentials"]
    assert await live_sessions(world, user) == []


async def test_an_account_that_is_disabled_while_its_password_is_checked_opens_nothing(
    world: World,
) -> None:
    user = await register(world, ADA)
    outcome = await sign_in_around(world, lambda: set_status(world, user, UserStatus.DISABLED))
    assert outcome == ["InvalidCredentials"]
    await set_status(world, user, UserStatus.ACTIVE)
    assert await live_sessions(world, user) == []


async def test_an_account_that_is_deleted_while_its_password_is_checked_opens_nothing(
    world: World,
) -> None:
    user = await register(world, ADA)
    command = DeleteUserCommand(actor=ROOT, user_id=user.id)
    outcome = await sign_in_around(world, lambda: world.container.delete_user().execute(command))
    assert outcome == ["InvalidCredentials"]
    assert await stored(world, user) is None


async def test_ending_every_session_does_not_end_one_that_begins_later(world: World) -> None:
    user = await register(world, ADA)
    command = EndUserSessionsCommand(actor=ROOT, user_id=user.id)
    outcome = await sign_in_around(
        world, lambda: world.container.end_user_sessions().execute(command)
    )
    assert outcome == ["done"]
    assert len(await live_sessions(world, user)) == 1


async def test_a_proof_of_the_password_is_void_once_it_is_replaced(world: World) -> None:
    user = await register(world, ADA)
    actor = await world.authenticate((await world.sign_in(ADA)).access_token)
    hasher = HeldHasher()
    world.container.hasher.override(hasher)
    command = ChangePasswordCommand(
        actor=actor, current_password=PASSWORD, new_password="a thief's own password"
    )
    attempt = asyncio.create_task(world.container.change_password().execute(command))
    await hasher.verifying.wait()
    reset = SetPasswordCommand(actor=ROOT, user_id=user.id, password=ANOTHER)
    await world.container.set_password().execute(reset)
    hasher.go_on.set()
    with pytest.raises(InvalidCredentials):
        await attempt
    async with world.container.uow().reading() as uow:
        credential = await uow.credentials.find_password(user.id)
    assert credential.password_hash == await FastPasswordHasher().hash(ANOTHER)
