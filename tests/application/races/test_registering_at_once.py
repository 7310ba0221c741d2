"""Many who register one address at once: one account, and nothing half-written."""

from collections import Counter

import pytest

from application.setup import EnsureAdministratorCommand
from application.users.registration import RegisterUserCommand
from domain.access import Actor
from domain.events import EventKind
from tests.application.people import log
from tests.application.races.crowds import (
    active_administrators,
    at_once,
    everybody,
    rounds,
    two_workers,
)
from tests.worlds import PASSWORD, World

CROWD = 50


async def register(world: World, email: str, number: int) -> None:
    command = RegisterUserCommand(
        actor=Actor.anonymous(), email=email, name=f"Ada {number}", password=PASSWORD
    )
    await world.container.register_user().execute(command)


async def race_for_one_address(workers: list[World], email: str) -> None:
    spellings = (email, email.upper(), email.title())
    before = len(await everybody(workers[0]))
    outcomes = await at_once(*(register(workers[n % 2], spellings[n % 3], n) for n in range(CROWD)))
    assert Counter(outcomes) == {"done": 1, "EmailAlreadyRegistered": CROWD - 1}
    assert len(await everybody(workers[0])) == before + 1
    login = (await workers[0].container.sign_in_lookup().find(email, b"")).login
    # The account, its password and its event are one winner's.
    assert login.password_hash is not None
    registered = [e for e in await log(workers[0]) if e.kind is EventKind.USER_REGISTERED]
    assert [e.subject.id for e in registered if e.subject].count(str(login.user.id)) == 1
    assert len(registered) == before + 1
    await workers[1].sign_in(email)


@pytest.mark.slow
async def test_of_fifty_who_register_one_address_one_does(database_url: str) -> None:
    async with two_workers(database_url) as workers:
        await race_for_one_address(workers, "ada@example.com")


@pytest.mark.proof
async def test_of_fifty_who_register_one_address_one_does_every_time(database_url: str) -> None:
    async with two_workers(database_url) as workers:
        for number in range(20):
            await race_for_one_address(workers, f"ada{number}@example.com")


@rounds
async def test_of_many_first_starts_one_makes_the_administrator(
    database_url: str, rounds: int
) -> None:
    async def start(world: World, number: int) -> bool:
        email = f"root{number % 2}@example.com"
        command = EnsureAdministratorCommand(email=email, password=PASSWORD)
        return await world.container.ensure_administrator().execute(command)

    async with two_workers(database_url) as workers:
        for _ in range(rounds // 10):
            made = [start(workers[n % 2], n) for n in range(10)]
            assert await at_once(*made) == ["done"] * 10
            (administrator,) = await active_administrators(workers[0])
            assert await everybody(workers[0]) == [administrator]
            async with workers[0].container.uow()() as uow:
                await uow.users.delete(administrator.id, None)
                await uow.commit()
        created = [e for e in await log(workers[0]) if e.kind is EventKind.USER_CREATED]
        assert len(created) == rounds // 10
