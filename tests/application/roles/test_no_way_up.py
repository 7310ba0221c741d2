"""Nobody grants what they do not hold: random calls of one power alone never lead to another."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from itertools import count

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    rule,
    run_state_machine_as_test,
)

from application.roles.administration import (
    CreateRoleCommand,
    DeleteRoleCommand,
    UpdateRoleCommand,
)
from application.roles.permissions import CreatePermissionCommand, DeletePermissionCommand
from application.users.administration import SetUserRolesCommand
from domain.access import Actor
from domain.errors import DomainError
from domain.roles import API_KEYS_ADMIN, BUILT_IN_PERMISSIONS, ROLES_ASSIGN, ROLES_WRITE
from domain.users import User
from tests.application.people import ROOT, register
from tests.worlds import World, open_world

POWERS = (API_KEYS_ADMIN, ROLES_ASSIGN, ROLES_WRITE)
PEOPLE = ("climber", "colleague", "auditor", "nobody", "administrator")
"""Who starts with what is in `Climbing.set_up`."""

people = st.sampled_from(PEOPLE)
role_names = st.sampled_from(("admin", "user", "power", "audit", "empty", "spare", "fresh"))
own_words = st.sampled_from(("orders:refund", "orders:ship", "users:own"))
words = st.one_of(st.sampled_from(sorted(BUILT_IN_PERMISSIONS)), own_words)
word_sets = st.frozensets(words, max_size=3)
few_roles = st.frozensets(role_names, max_size=3)


class Climbing(RuleBasedStateMachine):
    """One caller with one power tries everything; administrators go on with their work."""

    world: World
    runner: asyncio.Runner
    power: str

    @initialize()
    def set_up(self) -> None:
        records = type(self.world.container.memory_database().committed)()
        signing_keys = self.world.container.memory_database().committed.signing_keys
        records.signing_keys.update(signing_keys)
        self.world.container.memory_database().committed = records
        self.runner.run(self._populate())
        self.held = {name: self._held_by(name) for name in PEOPLE}
        self.own = self.held["climber"]
        self.numbers = count()

    async def _populate(self) -> None:
        await self._add_permission(ROOT, "orders:refund")
        await self._create_role(ROOT, "power", frozenset({self.power}))
        await self._create_role(ROOT, "audit", frozenset({"users:read", "events:read"}))
        await self._create_role(ROOT, "empty", frozenset())
        self.users: dict[str, User] = {}
        for name, roles in {
            "climber": ("power",),
            "colleague": ("power", "audit"),
            "auditor": ("audit", "empty"),
            "nobody": (),
            "administrator": ("admin",),
        }.items():
            self.users[name] = await register(self.world, f"{name}@example.com", *roles)
        tokens = await self.world.sign_in("climber@example.com")
        self.token = tokens.access_token

    # What can be done, by whomever

    async def _create_role(self, actor: Actor, name: str, permissions: frozenset[str]) -> None:
        command = CreateRoleCommand(actor=actor, name=name, description="", permissions=permissions)
        await self.world.container.create_role().execute(command)

    async def _update_role(self, actor: Actor, name: str, permissions: frozenset[str]) -> None:
        command = UpdateRoleCommand(actor=actor, name=name, description="", permissions=permissions)
        await self.world.container.update_role().execute(command)

    async def _delete_role(self, actor: Actor, name: str) -> None:
        command = DeleteRoleCommand(actor=actor, name=name)
        await self.world.container.delete_role().execute(command)

    async def _add_permission(self, actor: Actor, name: str) -> None:
        command = CreatePermissionCommand(actor=actor, name=name, description="")
        await self.world.container.create_permission().execute(command)

    async def _drop_permission(self, actor: Actor, name: str) -> None:
        command = DeletePermissionCommand(actor=actor, name=name)
        await self.world.container.delete_permission().execute(command)

    async def _set_roles(self, actor: Actor, name: str, roles: frozenset[str]) -> None:
        command = SetUserRolesCommand(actor=actor, user_id=self.users[name].id, roles=roles)
        await self.world.container.set_user_roles().execute(command)

    def _climb(self, act: Callable[[Actor], Awaitable[None]]) -> None:
        """The climber tries, with what they hold at this moment."""

        async def attempt() -> None:
            try:
                await act(await self.world.authenticate(self.token))
            except DomainError:
                return

        self.runner.run(attempt())
        self._nobody_rose()

    def _administer(self, act: Callable[[Actor], Awaitable[None]]) -> None:
        """Somebody who may goes on with their work, which gives the climber nothing."""

        async def attempt() -> None:
            try:
                await act(ROOT)
            except DomainError:
                return

        before = self.world.container.memory_database().committed
        self.runner.run(attempt())
        if not self._held_by("climber") <= self.own:
            # That would be a grant. It is not what this is about.
            self.world.container.memory_database().committed = before
        self.held = {name: self._held_by(name) for name in PEOPLE}

    def _held_by(self, name: str) -> frozenset[str]:
        records = self.world.container.memory_database().committed
        roles = records.users[self.users[name].id].roles
        return frozenset().union(*(records.roles[role].permissions for role in roles))

    def _nobody_rose(self) -> None:
        for name, before in self.held.items():
            now = self._held_by(name)
            if name == "administrator":
                # Whatever is registered is theirs as long as it is.
                assert now >= before - {"orders:refund", "orders:ship"}, (name, now)
                continue
            assert now <= before | self.own, (name, now - before)
            if not before <= self.own:
                assert now == before, (name, before - now)
            self.held[name] = now

    @rule(name=role_names, permissions=word_sets)
    def create_role(self, name: str, permissions: frozenset[str]) -> None:
        self._climb(lambda actor: self._create_role(actor, name, permissions))

    @rule(name=role_names, permissions=word_sets, keeps_own=st.booleans())
    def update_role(self, name: str, permissions: frozenset[str], keeps_own: bool) -> None:
        added = self.own if keeps_own else frozenset()
        self._climb(lambda actor: self._update_role(actor, name, permissions | added))

    @rule(name=role_names)
    def delete_role(self, name: str) -> None:
        self._climb(lambda actor: self._delete_role(actor, name))

    @rule(name=words)
    def add_permission(self, name: str) -> None:
        self._climb(lambda actor: self._add_permission(actor, name))

    @rule(name=words)
    def drop_permission(self, name: str) -> None:
        self._climb(lambda actor: self._drop_permission(actor, name))

    @rule(name=people, roles=few_roles)
    def set_roles(self, name: str, roles: frozenset[str]) -> None:
        self._climb(lambda actor: self._set_roles(actor, name, roles))

    @rule(name=st.sampled_from(("spare", "fresh", "empty")), permissions=word_sets)
    def others_write_roles(self, name: str, permissions: frozenset[str]) -> None:
        self._administer(lambda actor: self._create_role(actor, name, permissions))
        self._administer(lambda actor: self._update_role(actor, name, permissions))

    @rule(name=own_words)
    def others_register(self, name: str) -> None:
        self._administer(lambda actor: self._add_permission(actor, name))

    @rule(name=people, roles=few_roles)
    def others_assign(self, name: str, roles: frozenset[str]) -> None:
        self._administer(lambda actor: self._set_roles(actor, name, roles))

    @invariant()
    def the_climber_holds_no_more_than_at_the_start(self) -> None:
        if hasattr(self, "own"):
            assert self._held_by("climber") <= self.own


@pytest.fixture(params=POWERS)
def machine(request: pytest.FixtureRequest) -> Iterator[type[Climbing]]:
    with asyncio.Runner() as runner:
        opened = open_world("memory://")
        world = runner.run(opened.__aenter__())
        members = {"world": world, "runner": runner, "power": request.param}
        yield type("Climbing", (Climbing,), members)
        runner.run(opened.__aexit__(None, None, None))


def test_no_sequence_of_calls_leads_up(machine: type[Climbing]) -> None:
    run_state_machine_as_test(
        machine, settings=settings(max_examples=25, stateful_step_count=25, deadline=None)
    )


@pytest.mark.proof
def test_no_long_sequence_of_calls_leads_up(machine: type[Climbing]) -> None:
    run_state_machine_as_test(
        machine, settings=settings(max_examples=1000, stateful_step_count=60, deadline=None)
    )
