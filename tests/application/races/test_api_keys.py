"""Keys that are replaced, revoked, used and made while something else happens to them."""

import asyncio

import pytest

from application.account_access import end_access
from application.roles.permissions import CreatePermissionCommand, DeletePermissionCommand
from domain.sessions import SessionEnd
from tests.application.api_keys.keys import (
    at_home,
    call_with,
    create,
    make_key,
    revoke,
    rotate,
    stored_key,
)
from tests.application.people import ROOT, log, register
from tests.application.races.crowds import at_once, rounds, two_workers
from tests.worlds import World

ADA = "ada@example.com"
CROWD = 8


@rounds
async def test_of_many_who_rotate_a_key_at_once_one_gets_a_new_one(
    database_url: str, rounds: int
) -> None:
    async with two_workers(database_url) as workers:
        actor = await at_home(workers[0], await register(workers[0], ADA))
        for _ in range(rounds // 10):
            old = await create(workers[0], actor, "items:read")
            outcomes = await at_once(
                *(rotate(workers[n % 2], actor, old.key) for n in range(CROWD))
            )
            assert sorted(outcomes) == ["ApiKeyNotActive"] * (CROWD - 1) + ["done"]
        kinds = [event.kind.value for event in await log(workers[0])]
        assert kinds.count("api_key.rotated") == rounds // 10


@rounds
async def test_a_key_that_is_revoked_while_it_is_rotated_is_one_or_the_other_first(
    database_url: str, rounds: int
) -> None:
    async with two_workers(database_url) as (here, there):
        actor = await at_home(here, await register(here, ADA))
        for number in range(rounds // 4):
            old = await create(here, actor)
            acts = [rotate(here, actor, old.key), revoke(there, actor, old.key)]
            outcomes = await at_once(*(acts if number % 2 else acts[::-1]))
            assert "done" in outcomes
            assert set(outcomes) <= {"done", "ApiKeyNotActive"}
            # Whoever came first, the old key is over.
            assert await at_once(call_with(here, old.text)) == ["InvalidApiKey"]


@rounds
async def test_a_revoked_key_is_felt_by_every_worker_on_the_next_call(
    database_url: str, rounds: int
) -> None:
    async with two_workers(database_url) as (here, there):
        ada = await register(here, ADA)
        for _ in range(rounds // 4):
            issued = await make_key(here, ada)
            used = asyncio.gather(*(call_with(there, issued.text) for _ in range(3)))
            await revoke(here, ROOT, issued.key)
            await asyncio.gather(used, return_exceptions=True)
            assert await at_once(call_with(there, issued.text)) == ["InvalidApiKey"]


@pytest.mark.slow
async def test_of_many_processes_that_note_a_use_one_writes(database_url: str) -> None:
    async with two_workers(database_url) as workers:
        issued = await make_key(workers[0], await register(workers[0], ADA))

        async def note(world: World) -> bool:
            async with world.container.uow()() as uow:
                written: bool = await uow.api_keys.note_use(issued.key.id, world.clock.now())
                await uow.commit()
            return written

        written = await asyncio.gather(*(note(workers[n % 2]) for n in range(CROWD)))
        assert sum(written) == 1


@rounds
async def test_taking_an_account_back_leaves_no_key_behind(database_url: str, rounds: int) -> None:
    async with two_workers(database_url) as (here, there):
        ada = await register(here, ADA)

        async def take_back() -> None:
            async with there.container.uow()() as uow:
                await uow.users.lock(ada.id)
                await end_access(uow, ada.id, there.clock.now(), SessionEnd.PASSWORD_RESET)
                await uow.commit()

        for number in range(rounds // 2):
            thief = await at_home(here, ada)
            old = await create(here, thief)
            acts = [take_back(), create(here, thief), rotate(here, thief, old.key)]
            outcomes = await at_once(*(acts if number % 2 else acts[::-1]))
            assert "done" in outcomes
            assert set(outcomes) <= {"done", "InvalidAccessToken", "ApiKeyNotActive"}
            async with here.container.uow().reading() as uow:
                keys = await uow.api_keys.page(ada.id, None, 10)
            assert [key.prefix for key in keys if key.revoked_at is None] == []
            left = await stored_key(here, old.key)
            assert left is not None


@rounds
async def test_a_scope_that_is_deleted_while_a_key_is_given_it_is_either(
    database_url: str, rounds: int
) -> None:
    async with two_workers(database_url) as (here, there):
        actor = await at_home(here, await register(here, ADA, "admin"))
        for number in range(rounds // 2):
            word = f"orders:act{number}"
            adding = CreatePermissionCommand(actor=ROOT, name=word, description="")
            await here.container.create_permission().execute(adding)
            dropping = DeletePermissionCommand(actor=ROOT, name=word)
            created, deleted = await at_once(
                create(here, actor, word), there.container.delete_permission().execute(dropping)
            )
            assert (created, deleted) in [
                ("done", "PermissionInUse"),
                ("UnknownPermission", "done"),
                # It was a permission still, but no longer the owner's.
                ("PermissionMissing", "done"),
            ]
