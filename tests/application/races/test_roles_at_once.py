"""Roles and permissions that are deleted while they are given away: one act is refused."""

from application.roles.administration import (
    CreateRoleCommand,
    DeleteRoleCommand,
    UpdateRoleCommand,
)
from application.roles.permissions import CreatePermissionCommand, DeletePermissionCommand
from application.users.administration import SetUserRolesCommand
from domain.roles import ADMIN_ROLE, Role
from domain.users import User
from tests.application.people import ROOT, register, stored
from tests.application.races.crowds import at_once, rounds, two_workers
from tests.worlds import World


async def create(world: World, name: str, *permissions: str) -> Role:
    command = CreateRoleCommand(
        actor=ROOT, name=name, description="", permissions=frozenset(permissions)
    )
    return await world.container.create_role().execute(command)


async def delete(world: World, name: str) -> None:
    await world.container.delete_role().execute(DeleteRoleCommand(actor=ROOT, name=name))


async def update(world: World, role: Role, permission: str) -> None:
    command = UpdateRoleCommand(
        actor=ROOT,
        name=role.name,
        description="",
        permissions=frozenset({permission}),
        if_version=role.version,
    )
    await world.container.update_role().execute(command)


async def give(world: World, user: User, *roles: str) -> None:
    command = SetUserRolesCommand(actor=ROOT, user_id=user.id, roles=frozenset(roles))
    await world.container.set_user_roles().execute(command)


async def add_permission(world: World, name: str) -> None:
    command = CreatePermissionCommand(actor=ROOT, name=name, description="")
    await world.container.create_permission().execute(command)


async def drop_permission(world: World, name: str) -> None:
    command = DeletePermissionCommand(actor=ROOT, name=name)
    await world.container.delete_permission().execute(command)


async def roles_of(world: World) -> dict[str, Role]:
    async with world.container.uow().reading() as uow:
        return {role.name: role for role in await uow.roles.list_all()}


@rounds
async def test_a_role_that_is_given_while_it_is_deleted_is_either(
    database_url: str, rounds: int
) -> None:
    async with two_workers(database_url) as (here, there):
        people = [await register(here, f"ada{n}@example.com") for n in range(3)]
        for number in range(rounds // 2):
            name = f"role{number}"
            await create(here, name)
            giving = [give(there, each, "user", name) for each in people]
            # Registering gives roles, too, and takes no lock on an account that is there.
            registering = register(here, f"bob{number}@example.com", name)
            deleted, *given = await at_once(delete(here, name), registering, *giving)
            assert deleted in ("done", "RoleInUse")
            expected = {"UnknownRole"} if deleted == "done" else {"done", "UnknownRole"}
            assert set(given) <= expected
            left = name in await roles_of(here)
            assert left is (deleted == "RoleInUse")
            holders = [u for each in people if (u := await stored(here, each)) and name in u.roles]
            assert left or not holders


@rounds
async def test_a_permission_that_is_put_in_while_it_is_deleted_is_either(
    database_url: str, rounds: int
) -> None:
    async with two_workers(database_url) as (here, there):
        for number in range(rounds // 2):
            name, word = f"role{number}", f"orders:act{number}"
            await add_permission(here, word)
            created, deleted = await at_once(create(here, name, word), drop_permission(there, word))
            assert (created, deleted) in [
                ("done", "PermissionInUse"),
                ("UnknownPermission", "done"),
            ]
            found = await roles_of(there)
            assert (word in found[ADMIN_ROLE].permissions) is (deleted != "done")
            assert (name in found) is (created == "done")


@rounds
async def test_of_many_who_write_one_role_at_once_one_does(database_url: str, rounds: int) -> None:
    async with two_workers(database_url) as workers:
        for number in range(rounds // 4):
            name = f"role{number}"
            outcomes = await at_once(*(create(workers[n % 2], name) for n in range(8)))
            assert sorted(outcomes) == ["AlreadyExists"] * 7 + ["done"]
            role = (await roles_of(workers[0]))[name]
            words = ("items:read", "items:write")
            updates = [update(workers[n % 2], role, words[n % 2]) for n in range(8)]
            assert sorted(await at_once(*updates)) == ["StaleVersion"] * 7 + ["done"]
            written = (await roles_of(workers[1]))[name]
            assert written.version == 2
            assert len(written.permissions) == 1


@rounds
async def test_admin_misses_none_of_those_registered_at_once(
    database_url: str, rounds: int
) -> None:
    async with two_workers(database_url) as workers:
        for number in range(rounds // 4):
            words = [f"orders:act{number}-{n}" for n in range(6)]
            # Every one twice.
            adding = [add_permission(workers[n % 2], words[n // 2]) for n in range(12)]
            outcomes = await at_once(*adding)
            assert sorted(outcomes) == ["AlreadyExists"] * 6 + ["done"] * 6
            assert set(words) <= (await roles_of(workers[0]))[ADMIN_ROLE].permissions
