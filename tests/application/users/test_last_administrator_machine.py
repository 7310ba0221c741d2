"""The law of the last administrator, walked at random over every storage side by side."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from contextlib import AsyncExitStack
from itertools import count

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test

from application.users.administration import (
    DeleteUserCommand,
    SetUserRolesCommand,
    UpdateUserCommand,
)
from application.users.own_account import DeleteOwnAccountCommand
from domain.users import User, UserStatus
from tests.application.people import ROOT, register, signed_in
from tests.application.races.crowds import active_administrators
from tests.application.sessions.test_refresh_machine import Worlds
from tests.worlds import PASSWORD, World, open_world

_emails = count()
which = st.integers(min_value=0, max_value=5)

Act = Callable[[World, User], Awaitable[object]]


class Administering(RuleBasedStateMachine):
    """Accounts are known by their place in a list: their ids differ from storage to storage."""

    worlds: Worlds

    def __init__(self) -> None:
        super().__init__()
        self.accounts: list[list[User]] = [[] for _ in self.worlds.worlds]
        self.worlds.each(self._retire_former)
        self._register("admin")

    async def _retire_former(self, _: int, world: World) -> object:
        """Takes the accounts of the example before away, which the rules would not do."""
        async with world.container.uow()() as uow:
            for user in await active_administrators(world):
                await uow.users.delete(user.id, None)
            await uow.commit()
        return None

    def _same(self, act: Callable[[int, World], Awaitable[object]]) -> object:
        first, *others = self.worlds.each(act)
        assert others == [first] * len(others)
        return first

    def _register(self, *roles: str) -> None:
        email = f"person{next(_emails)}@example.com"

        async def act(index: int, world: World) -> object:
            self.accounts[index].append(await register(world, email, *roles))
            return None

        self._same(act)

    def _try(self, number: int, act: Act) -> None:
        async def attempt(index: int, world: World) -> object:
            known = self.accounts[index]
            await act(world, known[number % len(known)])
            return "done"

        self._same(attempt)

    @rule(is_administrator=st.booleans())
    def another_account(self, is_administrator: bool) -> None:
        self._register(*(["admin"] if is_administrator else []))

    @rule(number=which, roles=st.frozensets(st.sampled_from(["admin", "user"])))
    def set_roles(self, number: int, roles: frozenset[str]) -> None:
        async def act(world: World, user: User) -> None:
            command = SetUserRolesCommand(actor=ROOT, user_id=user.id, roles=roles)
            await world.container.set_user_roles().execute(command)

        self._try(number, act)

    @rule(number=which, status=st.sampled_from(UserStatus))
    def set_status(self, number: int, status: UserStatus) -> None:
        async def act(world: World, user: User) -> None:
            command = UpdateUserCommand(actor=ROOT, user_id=user.id, status=status)
            await world.container.update_user().execute(command)

        self._try(number, act)

    @rule(number=which)
    def delete(self, number: int) -> None:
        async def act(world: World, user: User) -> None:
            command = DeleteUserCommand(actor=ROOT, user_id=user.id)
            await world.container.delete_user().execute(command)

        self._try(number, act)

    @rule(number=which)
    def leave(self, number: int) -> None:
        async def act(world: World, user: User) -> None:
            command = DeleteOwnAccountCommand(actor=signed_in(user), password=PASSWORD)
            await world.container.delete_own_account().execute(command)

        self._try(number, act)

    @invariant()
    def an_administrator_remains_and_everywhere_the_same(self) -> None:
        async def emails(_: int, world: World) -> object:
            return sorted(user.email.key for user in await active_administrators(world))

        assert self._same(emails)


@pytest.fixture
def worlds(sqlite_url: str, postgresql_database_url: str) -> Iterator[Worlds]:
    async def enter(stack: AsyncExitStack) -> list[World]:
        urls = ("memory://", sqlite_url, postgresql_database_url)
        return [await stack.enter_async_context(open_world(url)) for url in urls]

    with asyncio.Runner() as runner:
        stack = AsyncExitStack()
        opened = runner.run(enter(stack))
        try:
            yield Worlds(runner, opened)
        finally:
            runner.run(stack.aclose())


def walk(worlds: Worlds, *, examples: int, steps: int) -> None:
    machine = type("Administering", (Administering,), {"worlds": worlds})
    run_state_machine_as_test(
        machine,
        settings=settings(max_examples=examples, stateful_step_count=steps, deadline=None),
    )


@pytest.mark.slow
def test_an_administrator_remains_on_every_storage(worlds: Worlds) -> None:
    walk(worlds, examples=6, steps=12)


@pytest.mark.proof
def test_an_administrator_remains_on_every_storage_for_long(worlds: Worlds) -> None:
    walk(worlds, examples=150, steps=30)
