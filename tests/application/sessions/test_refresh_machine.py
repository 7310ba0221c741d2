"""The law of refreshing, walked at random over every storage side by side: they never differ."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from contextlib import AsyncExitStack
from itertools import count

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test

from application.sessions.ending import SignOutCommand
from application.sessions.refresh import RefreshSessionCommand
from domain.access import Actor
from domain.errors import DomainError
from tests.worlds import World, open_world

DAY = 24 * 60 * 60
_accounts = count()


class Worlds:
    """The same service on several storages, driven from outside any event loop."""

    def __init__(self, runner: asyncio.Runner, worlds: list[World]) -> None:
        self._runner = runner
        self.worlds = worlds

    def each(self, act: Callable[[int, World], Awaitable[object]]) -> list[object]:
        """What the act comes to in every world: its result, or the name of its refusal."""

        async def attempt(index: int, world: World) -> object:
            try:
                return await act(index, world)
            except DomainError as refused:
                return type(refused).__name__

        async def all_of_them() -> list[object]:
            return [await attempt(index, world) for index, world in enumerate(self.worlds)]

        return self._runner.run(all_of_them())


class Refreshing(RuleBasedStateMachine):
    """Tokens are known by the order in which they were first seen: their text differs."""

    worlds: Worlds

    def __init__(self) -> None:
        super().__init__()
        self.email = f"ada{next(_accounts)}@example.com"
        self.worlds.each(lambda _, world: world.register(self.email))
        self.refresh_tokens: list[list[str]] = [[] for _ in self.worlds.worlds]
        self.access_tokens: list[list[str]] = [[] for _ in self.worlds.worlds]

    def _same(self, act: Callable[[int, World], Awaitable[object]]) -> object:
        first, *others = self.worlds.each(act)
        assert others == [first] * len(others)
        return first

    def _known(self, index: int, token: str) -> int:
        known = self.refresh_tokens[index]
        if token not in known:
            known.append(token)
        return known.index(token)

    @rule()
    def sign_in(self) -> None:
        async def act(index: int, world: World) -> object:
            tokens = await world.sign_in(self.email)
            self.access_tokens[index].append(tokens.access_token)
            return self._known(index, tokens.refresh_token), tokens.refresh_expires_in

        self._same(act)

    @rule(which=st.integers(min_value=0, max_value=30))
    def refresh(self, which: int) -> None:
        """Also replays and retries after a lost answer: any token ever seen may come again."""

        async def act(index: int, world: World) -> object:
            known = self.refresh_tokens[index]
            if not known:
                return None
            # Recent ones more often than old ones.
            token = known[-1 - which % min(len(known), 4 if which % 2 else len(known))]
            tokens = await world.container.refresh_session().execute(
                RefreshSessionCommand(actor=Actor.anonymous(), refresh_token=token)
            )
            self.access_tokens[index].append(tokens.access_token)
            return self._known(index, tokens.refresh_token), tokens.refresh_expires_in

        self._same(act)

    @rule(which=st.integers(min_value=0, max_value=30))
    def sign_out(self, which: int) -> None:
        async def act(index: int, world: World) -> object:
            known = self.access_tokens[index]
            if not known:
                return None
            actor = await world.authenticate(known[which % len(known)])
            await world.container.sign_out().execute(SignOutCommand(actor=actor))
            return "signed out"

        self._same(act)

    @rule(seconds=st.sampled_from([0.5, 29.5, 30, 60, 900, DAY, 6 * DAY, 7 * DAY, 24 * DAY]))
    def wait(self, seconds: float) -> None:
        for world in self.worlds.worlds:
            world.clock.advance(seconds)

    @invariant()
    def sessions_are_the_same_everywhere(self) -> None:
        async def act(_: int, world: World) -> object:
            async with world.container.uow().reading() as uow:
                user = await uow.users.find(self.email)
                assert user is not None
                tokens = self.access_tokens[self.worlds.worlds.index(world)]
                states = []
                for access_token in tokens:
                    claims = world.container.verifier()
                    try:
                        session_id = claims.verify(access_token).session_id
                    except DomainError as refused:
                        states.append(type(refused).__name__)
                        continue
                    session = await uow.sessions.get(session_id)
                    assert session is not None
                    states.append(f"{session.generation} {session.end_reason}")
                return states

        self._same(act)


@pytest.fixture
def worlds(sqlite_url: str, postgresql_database_url: str) -> Iterator[Worlds]:
    urls = ["memory://", sqlite_url, postgresql_database_url]

    async def enter(stack: AsyncExitStack) -> list[World]:
        return [await stack.enter_async_context(open_world(url)) for url in urls]

    with asyncio.Runner() as runner:
        stack = AsyncExitStack()
        opened = runner.run(enter(stack))
        try:
            yield Worlds(runner, opened)
        finally:
            runner.run(stack.aclose())


@pytest.mark.slow
def test_every_storage_keeps_the_same_sessions(worlds: Worlds) -> None:
    machine = type("Refreshing", (Refreshing,), {"worlds": worlds})
    run_state_machine_as_test(
        machine, settings=settings(max_examples=15, stateful_step_count=20, deadline=None)
    )


@pytest.mark.proof
def test_every_storage_keeps_the_same_sessions_for_long(worlds: Worlds) -> None:
    machine = type("Refreshing", (Refreshing,), {"worlds": worlds})
    run_state_machine_as_test(
        machine, settings=settings(max_examples=150, stateful_step_count=30, deadline=None)
    )
