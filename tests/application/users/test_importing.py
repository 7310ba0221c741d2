"""Importing and exporting: who may, what is left, what is told."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from adapters.memory.passwords import FastPasswordHasher
from adapters.memory.transfer import MemoryTransferRepository
from adapters.memory.unit_of_work import MemoryUnitOfWork, MemoryUnitOfWorkFactory
from application.users.exporting import ExportUsersQuery
from application.users.importing import (
    AddressesSeen,
    ImportedBatch,
    ImportLine,
    ImportUsersCommand,
)
from domain.access import Actor, ActorKind, NotAuthenticated, PermissionMissing
from domain.errors import ConcurrentChange, DomainError, Unavailable
from domain.events import EventKind, EventOutcome
from domain.roles import BUILT_IN_PERMISSIONS
from domain.users import User
from tests.application.people import ANYBODY, ROOT, log, register, signed_in, unchanged, with_key
from tests.application.users.test_account_fields import HASH, KEY
from tests.domain.samples import new_id
from tests.worlds import PASSWORD, World


async def give(
    world: World, *lines: dict[str, object], actor: Actor = ROOT, seen: AddressesSeen | None = None
) -> ImportedBatch:
    numbered = [ImportLine(number=n, fields=fields) for n, fields in enumerate(lines, start=1)]
    command = ImportUsersCommand(actor=actor, lines=numbered, seen=seen or AddressesSeen())
    return await world.container.import_users().execute(command)


async def everybody(world: World) -> list[User]:
    query = ExportUsersQuery(actor=ROOT)
    return [record.user for record in await world.container.export_users().execute(query)]


def faults(batch: ImportedBatch) -> list[tuple[int, str]]:
    return [(fault.line, fault.detail.code) for fault in batch.faults]


def person(name: str, /, **fields: object) -> dict[str, object]:
    return {"email": f"{name}@example.com"} | fields


async def test_who_is_imported_signs_in(service: World) -> None:
    password_hash = await FastPasswordHasher().hash(PASSWORD)

    batch = await give(service, person("ada", password_hash=password_hash))

    assert batch == ImportedBatch(created=1, already_there=0, faults=())
    assert (await service.sign_in("ada@example.com")).access_token


async def test_the_audit_log_has_every_account(service: World) -> None:
    await give(
        service, person("ada", roles=["admin"], password_hash=HASH, api_keys=[KEY]), person("bob")
    )

    people = {user.email.address: user for user in await everybody(service)}
    ada, bob = (e for e in await log(service) if e.kind is EventKind.USER_IMPORTED)
    assert (ada.outcome, ada.actor.type) == (EventOutcome.SUCCESS, "operator")
    assert ada.subject is not None
    assert ada.subject.id == str(people["ada@example.com"].id)
    assert ada.data == {"roles": ["admin"], "with_password": True, "api_keys": 1}
    assert bob.data == {"roles": ["user"], "with_password": False, "api_keys": 0}
    assert HASH not in repr(await log(service))


async def test_a_second_time_changes_nothing(service: World) -> None:
    lines = [person("ada", name="Ada", password_hash=HASH), person("bob")]
    await give(service, *lines)
    before = await everybody(service)
    async with unchanged(service):
        again = await give(service, lines[0] | {"name": "Eve", "roles": ["admin"]}, lines[1])
    assert again == ImportedBatch(created=0, already_there=2, faults=())
    assert await everybody(service) == before


async def test_an_account_that_registered_keeps_all_it_has(service: World) -> None:
    ada = await register(service, "ada@example.com")
    async with unchanged(service):
        batch = await give(
            service, {"email": "ADA@example.com", "password_hash": HASH, "id": str(new_id())}
        )
    assert (batch.created, batch.already_there) == (0, 1)
    assert await everybody(service) == [ada]
    await service.sign_in("ada@example.com")


async def test_bad_lines_are_named_and_the_others_stored(service: World) -> None:
    batch = await give(
        service,
        person("ada"),
        {"email": "nonsense"},
        person("bob", roles=["user", "nobody's"]),
        person("ADA", name="Somebody else"),
        person("grace"),
    )

    assert faults(batch) == [
        (2, "invalid_email"),
        (3, "unknown_role"),
        (4, "duplicate_email"),
    ]
    assert batch.created == 2
    names = [user.email.local_part for user in await everybody(service)]
    assert names == ["ada", "grace"]


async def test_a_line_that_was_refused_does_not_stand_in_the_way_of_a_better_one(
    service: World,
) -> None:
    batch = await give(service, person("ada", roles=["nobody's"]), person("ada"))

    assert faults(batch) == [(1, "unknown_role")]
    assert batch.created == 1


async def test_addresses_are_remembered_from_batch_to_batch(service: World) -> None:
    seen = AddressesSeen()
    await give(service, person("ada"), seen=seen)

    assert faults(await give(service, person("ada"), seen=seen)) == [(1, "duplicate_email")]
    # Another run of the same file is no repetition.
    assert (await give(service, person("ada"))).already_there == 1


async def test_ids_stay_and_are_nobody_elses(service: World) -> None:
    ada = await register(service, "ada@example.com")
    free = new_id()

    batch = await give(
        service,
        person("bob", id=str(ada.id)),
        person("grace", id=str(free)),
        person("eve", id=str(free)),
    )

    assert faults(batch) == [(1, "id_taken"), (3, "id_taken")]
    assert [user.email.local_part for user in await everybody(service)] == ["ada", "grace"]
    assert (await everybody(service))[1].id == free


async def test_keys_are_nobody_elses(service: World) -> None:
    other = KEY | {"public_id": "other"}
    await give(service, person("ada", api_keys=[KEY]))

    batch = await give(
        service,
        person("bob", api_keys=[KEY]),
        person("grace", api_keys=[other]),
        person("eve", api_keys=[other]),
        person("mallory", api_keys=[KEY | {"public_id": "twice"}] * 2),
    )

    assert faults(batch) == [(n, "api_key_taken") for n in (1, 3, 4)]
    assert batch.created == 1


@pytest.mark.parametrize("error", [Unavailable, ConcurrentChange])
async def test_bad_luck_is_tried_once_more(
    service: World, monkeypatch: pytest.MonkeyPatch, error: Callable[[], DomainError]
) -> None:
    left = [error()]
    add_all = MemoryTransferRepository.add_all

    async def unlucky(self: MemoryTransferRepository, records: object) -> object:
        done = await add_all(self, records)  # type: ignore[arg-type]
        if left:
            raise left.pop()
        return done

    monkeypatch.setattr(MemoryTransferRepository, "add_all", unlucky)

    batch = await give(service, person("ada"), person("bob"), person("ada"))

    assert (batch.created, faults(batch)) == (2, [(3, "duplicate_email")])
    left.extend([error(), error()])
    async with unchanged(service):
        with pytest.raises(type(left[0])):
            await give(service, person("grace"))


async def test_nothing_to_import_is_nothing(service: World) -> None:
    async with unchanged(service):
        assert await give(service) == ImportedBatch(created=0, already_there=0, faults=())


async def test_only_operators_import_and_export(service: World) -> None:
    admin = await register(service, "root@example.com", "admin")
    everything = tuple(BUILT_IN_PERMISSIONS)
    async with unchanged(service):
        for actor in (
            signed_in(admin),
            signed_in(admin, *everything),
            with_key(admin, *everything),
        ):
            with pytest.raises(PermissionMissing):
                await give(service, person("ada"), actor=actor)
            with pytest.raises(PermissionMissing):
                await service.container.export_users().execute(ExportUsersQuery(actor=actor))
        with pytest.raises(NotAuthenticated):
            await give(service, person("ada"), actor=ANYBODY)
        with pytest.raises(NotAuthenticated):
            await service.container.export_users().execute(ExportUsersQuery(actor=ANYBODY))
    assert ROOT.kind is ActorKind.OPERATOR


async def test_an_export_is_in_the_log_before_anything_is_handed_out(
    service: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    await give(service, person("ada"))

    async def away(*_: object, **__: object) -> object:
        raise Unavailable

    with monkeypatch.context() as patch:
        patch.setattr(MemoryTransferRepository, "page", away)
        with pytest.raises(Unavailable):
            await service.container.export_users().execute(
                ExportUsersQuery(actor=ROOT, with_secrets=True)
            )

    (event,) = [e for e in await log(service) if e.kind is EventKind.USERS_EXPORTED]
    assert (event.actor.type, event.subject, event.data) == (
        "operator",
        None,
        {"with_secrets": True},
    )


async def test_one_export_is_one_event_however_many_pages(
    service: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("application.users.exporting.PAGE_ACCOUNTS", 2)
    await give(service, *(person(f"user{n}") for n in range(5)))
    query = ExportUsersQuery(actor=ROOT)
    found: list[User] = []
    while page := await service.container.export_users().execute(query):
        found += [record.user for record in page]
        query = replace(query, after=found[-1].id)

    assert [user.email.local_part for user in found] == [f"user{n}" for n in range(5)]
    assert [e.kind for e in await log(service)].count(EventKind.USERS_EXPORTED) == 1


async def test_an_export_may_be_read_from_a_replica(
    service: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[bool] = []
    reading = MemoryUnitOfWorkFactory.reading

    def noted(self: MemoryUnitOfWorkFactory, *, may_lag: bool = False) -> MemoryUnitOfWork:
        asked.append(may_lag)
        return reading(self, may_lag=may_lag)

    monkeypatch.setattr(MemoryUnitOfWorkFactory, "reading", noted)
    await service.container.export_users().execute(ExportUsersQuery(actor=ROOT))
    assert asked == [True]


async def test_what_is_imported_does_not_show() -> None:
    line = ImportLine(number=1, fields=person("ada", password_hash=HASH))
    command = ImportUsersCommand(actor=ROOT, lines=[line], seen=AddressesSeen())

    assert HASH not in repr(command)
