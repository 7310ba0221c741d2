"""Administrators who act against each other at once: one of them always remains."""

from collections.abc import Awaitable, Callable
from itertools import cycle, product

from application.users.administration import (
    DeleteUserCommand,
    SetUserRolesCommand,
    UpdateUserCommand,
)
from application.users.own_account import DeleteOwnAccountCommand
from domain.users import User, UserStatus
from tests.application.people import register, signed_in
from tests.application.races.crowds import active_administrators, at_once, rounds, two_workers
from tests.worlds import PASSWORD, World

Act = Callable[[World, User, User], Awaitable[object]]


async def demote(world: World, actor: User, target: User) -> None:
    command = SetUserRolesCommand(
        actor=signed_in(actor), user_id=target.id, roles=frozenset({"user"})
    )
    await world.container.set_user_roles().execute(command)


async def disable(world: World, actor: User, target: User) -> None:
    command = UpdateUserCommand(
        actor=signed_in(actor), user_id=target.id, status=UserStatus.DISABLED
    )
    await world.container.update_user().execute(command)


async def delete(world: World, actor: User, target: User) -> None:
    command = DeleteUserCommand(actor=signed_in(actor), user_id=target.id)
    await world.container.delete_user().execute(command)


async def leave(world: World, actor: User, _: User) -> None:
    command = DeleteOwnAccountCommand(actor=signed_in(actor), password=PASSWORD)
    await world.container.delete_own_account().execute(command)


ACTS: list[Act] = [demote, disable, delete, leave]


@rounds
async def test_an_administrator_remains_whatever_two_do_to_each_other(
    database_url: str, rounds: int
) -> None:
    pairs = cycle(product(ACTS, ACTS))
    async with two_workers(database_url) as (here, there):
        remaining = await register(here, "root@example.com", "admin")
        for number, (one_act, other_act) in zip(range(rounds), pairs, strict=False):
            rival = await register(here, f"rival{number}@example.com", "admin")
            outcomes = await at_once(
                one_act(here, remaining, rival), other_act(there, rival, remaining)
            )
            # To act on oneself and to be acted on comes to the same: then both may be of one mind.
            assert "done" in outcomes, (one_act.__name__, other_act.__name__, outcomes)
            assert set(outcomes) <= {"done", "LastAdministrator", "NotFound", "InvalidCredentials"}
            (remaining,) = await active_administrators(here)


@rounds
async def test_one_remains_of_many_who_all_leave(database_url: str, rounds: int) -> None:
    async with two_workers(database_url) as workers:
        for number in range(rounds // 10):
            crowd = [
                await register(workers[0], f"root{number}-{n}@example.com", "admin")
                for n in range(8)
            ]
            crowd += [u for u in await active_administrators(workers[0]) if u not in crowd]
            outcomes = await at_once(
                *(leave(workers[n % 2], user, user) for n, user in enumerate(crowd))
            )
            assert sorted(outcomes) == ["LastAdministrator"] + ["done"] * (len(crowd) - 1)
            assert len(await active_administrators(workers[0])) == 1
