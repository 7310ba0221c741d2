"""Nobody grants what they do not hold: random calls never lead up, in a session or with keys."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from contextlib import suppress
from itertools import combinations

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

from application.api_keys.issuing import IssuedApiKey
from application.introspection.introspect import IntrospectTokenQuery
from domain.access import Actor
from domain.errors import DomainError
from domain.roles import API_KEYS_ADMIN, BUILT_IN_PERMISSIONS, ROLES_ASSIGN, ROLES_WRITE
from domain.sessions import InvalidApiKey
from domain.users import User
from tests.application.api_keys.keys import call_with, create, make_key, revoke, rotate
from tests.application.people import ROOT, register
from tests.application.roles.acts import Acts
from tests.worlds import World, open_world

POWERS = (API_KEYS_ADMIN, ROLES_ASSIGN, ROLES_WRITE)
SOME_POWERS = [chosen for size in (1, 2, 3) for chosen in combinations(POWERS, size)]
MOST_KEYS = 4
PEOPLE = ("climber", "colleague", "auditor", "nobody", "administrator")
"""Who starts with what is in `Climbing.set_up`."""

people = st.sampled_from(PEOPLE)
role_names = st.sampled_from(("admin", "user", "power", "audit", "empty", "spare", "fresh"))
REGISTERED = {"orders:refund", "orders:ship"}
own_words = st.sampled_from((*sorted(REGISTERED), "users:own"))
words = st.one_of(st.sampled_from(sorted(BUILT_IN_PERMISSIONS)), own_words)
word_sets = st.frozensets(words, max_size=3)
owners = st.sampled_from((None, None, None, "colleague", "administrator"))
few_roles = st.frozensets(role_names, max_size=3)


class Climbing(RuleBasedStateMachine):
    """One caller with some powers tries everything; administrators go on with their work."""

    world: World
    runner: asyncio.Runner
    powers: frozenset[str]

    @initialize()
    def set_up(self) -> None:
        records = type(self.world.container.memory_database().committed)()
        signing_keys = self.world.container.memory_database().committed.signing_keys
        records.signing_keys.update(signing_keys)
        self.world.container.memory_database().committed = records
        self.acts = Acts(self.world.container)
        self.runner.run(self._populate())
        self.held = {name: self._held_by(name) for name in PEOPLE}
        self.own = self.held["climber"]
        self.text: str | None = None

    async def _populate(self) -> None:
        await self.acts.add_permission(ROOT, "orders:refund")
        await self.acts.create_role(ROOT, "power", self.powers)
        await self.acts.create_role(ROOT, "audit", frozenset({"users:read", "events:read"}))
        await self.acts.create_role(ROOT, "empty", frozenset())
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
        above = await make_key(self.world, self.users["administrator"], *BUILT_IN_PERMISSIONS)
        self.above = above.key
        # One that may do less than its owner, where there is less.
        first = await make_key(self.world, self.users["climber"], min(self.powers))
        self.texts, self.keys = [first.text], [above.key, first.key]

    def _climb(self, act: Callable[[Actor], Awaitable[None]]) -> None:
        """The climber tries, with what the credential is worth that they have in hand."""

        async def attempt() -> frozenset[str]:
            try:
                actor = await self._climber()
            except InvalidApiKey:
                # It has been revoked, or its time is up.
                return frozenset()
            with suppress(DomainError):
                await act(actor)
            return actor.permissions

        self._nobody_rose(self.runner.run(attempt()))

    async def _climber(self) -> Actor:
        if self.text is None:
            return await self.world.authenticate(self.token)
        return await call_with(self.world, self.text)

    async def _take(self, actor: Actor, issuing: Awaitable[IssuedApiKey]) -> None:
        """A key that the climber was given, if they were."""
        issued = await issuing
        assert actor.session_id is not None, "a key made a key"
        assert issued.key.owner_id == self.users["climber"].id
        assert issued.key.scopes <= actor.permissions, issued.key.scopes - actor.permissions
        self.texts = [*self.texts, issued.text][-MOST_KEYS:]
        self.keys = [self.above, *self.keys[1:], issued.key][-MOST_KEYS:]

    def _administer(self, act: Callable[[Actor], Awaitable[None]]) -> None:
        """Somebody who may goes on with their work, which gives the climber nothing."""

        async def attempt() -> None:
            with suppress(DomainError):
                await act(ROOT)

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

    def _is_administrator(self, name: str) -> bool:
        records = self.world.container.memory_database().committed
        return "admin" in records.users[self.users[name].id].roles

    def _nobody_rose(self, ceiling: frozenset[str]) -> None:
        assert ceiling <= self.own, ceiling - self.own
        above = self.world.container.memory_database().committed.api_keys[self.above.id]
        if not self.held["administrator"] <= ceiling:
            # Whose owner was demoted has nobody above any more.
            assert above == self.above
        self.above = above
        for name, before in self.held.items():
            now = self._held_by(name)
            if self._is_administrator(name):
                # Whatever is registered is theirs as long as it is.
                assert now - REGISTERED == before - REGISTERED, (name, now)
                self.held[name] = now
                continue
            assert now <= before | ceiling, (name, now - before)
            if not before <= ceiling:
                assert now == before, (name, before - now)
            self.held[name] = now

    @rule(name=role_names, permissions=word_sets)
    def create_role(self, name: str, permissions: frozenset[str]) -> None:
        self._climb(lambda actor: self.acts.create_role(actor, name, permissions))

    @rule(name=role_names, permissions=word_sets, keeps_own=st.booleans())
    def update_role(self, name: str, permissions: frozenset[str], keeps_own: bool) -> None:
        added = self.own if keeps_own else frozenset()
        self._climb(lambda actor: self.acts.update_role(actor, name, permissions | added))

    @rule(name=role_names)
    def delete_role(self, name: str) -> None:
        self._climb(lambda actor: self.acts.delete_role(actor, name))

    @rule(name=words)
    def add_permission(self, name: str) -> None:
        self._climb(lambda actor: self.acts.add_permission(actor, name))

    @rule(name=words)
    def drop_permission(self, name: str) -> None:
        self._climb(lambda actor: self.acts.drop_permission(actor, name))

    @rule(name=people, roles=few_roles)
    def set_roles(self, name: str, roles: frozenset[str]) -> None:
        self._climb(lambda actor: self.acts.set_roles(actor, self.users[name].id, roles))

    @rule(which=st.none() | st.integers(0, MOST_KEYS - 1))
    def take_in_hand(self, which: int | None) -> None:
        """The session, or one of the keys."""
        self.text = None if which is None else self.texts[which % len(self.texts)]

    @rule(scopes=word_sets, fits=st.booleans(), name=owners)
    def make_key(self, scopes: frozenset[str], fits: bool, name: str | None) -> None:
        wanted = scopes & self.own if fits else scopes
        owner = {"owner_id": self.users[name].id} if name else {}
        self._climb(
            lambda actor: self._take(actor, create(self.world, actor, *wanted, **owner)),
        )

    @rule(which=st.integers(0, MOST_KEYS - 1), overlap=st.sampled_from((0, 3600)))
    def rotate_key(self, which: int, overlap: int) -> None:
        key = self.keys[which % len(self.keys)]
        self._climb(
            lambda actor: self._take(actor, rotate(self.world, actor, key, overlap_seconds=overlap))
        )

    @rule(which=st.integers(0, MOST_KEYS - 1))
    def revoke_key(self, which: int) -> None:
        key = self.keys[which % len(self.keys)]
        self._climb(lambda actor: revoke(self.world, actor, key))

    @rule(name=st.sampled_from(("spare", "fresh", "empty")), permissions=word_sets)
    def others_write_roles(self, name: str, permissions: frozenset[str]) -> None:
        self._administer(lambda actor: self.acts.create_role(actor, name, permissions))
        self._administer(lambda actor: self.acts.update_role(actor, name, permissions))

    @rule(name=own_words)
    def others_register(self, name: str) -> None:
        self._administer(lambda actor: self.acts.add_permission(actor, name))

    @rule(name=people, roles=few_roles)
    def others_assign(self, name: str, roles: frozenset[str]) -> None:
        self._administer(lambda actor: self.acts.set_roles(actor, self.users[name].id, roles))

    @invariant()
    def the_climber_holds_no_more_than_at_the_start(self) -> None:
        if hasattr(self, "own"):
            assert self._held_by("climber") <= self.own

    @invariant()
    def a_key_is_worth_what_it_was_given_and_its_owner_holds(self) -> None:
        if hasattr(self, "own"):
            self.runner.run(self._look_at_keys())

    async def _look_at_keys(self) -> None:
        held = self._held_by("climber")
        for text in self.texts:
            query = IntrospectTokenQuery(actor=ROOT, token=text)
            told = await self.world.container.introspect_token().execute(query)
            if told is None:
                with pytest.raises(InvalidApiKey):
                    await call_with(self.world, text)
                continue
            caller = await call_with(self.world, text)
            assert caller.api_key_id is not None
            key = self.world.container.memory_database().committed.api_keys[caller.api_key_id]
            assert caller.permissions == told.scope == key.scopes & held


@pytest.fixture(params=SOME_POWERS, ids="+".join)
def machine(request: pytest.FixtureRequest) -> Iterator[type[Climbing]]:
    with asyncio.Runner() as runner:
        opened = open_world("memory://")
        world = runner.run(opened.__aenter__())
        members = {"world": world, "runner": runner, "powers": frozenset(request.param)}
        yield type("Climbing", (Climbing,), members)
        runner.run(opened.__aexit__(None, None, None))


def test_no_sequence_of_calls_leads_up(machine: type[Climbing]) -> None:
    run_state_machine_as_test(
        machine, settings=settings(max_examples=15, stateful_step_count=25, deadline=None)
    )


@pytest.mark.proof
def test_no_long_sequence_of_calls_leads_up(machine: type[Climbing]) -> None:
    run_state_machine_as_test(
        machine, settings=settings(max_examples=400, stateful_step_count=60, deadline=None)
    )
