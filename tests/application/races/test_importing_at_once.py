"""Several imports of the same people at once: each of them once, and whole."""

import asyncio
import random

from application.users.importing import (
    AddressesSeen,
    ImportedBatch,
    ImportLine,
    ImportUsersCommand,
)
from domain.access import Actor
from domain.events import EventKind
from tests.application.people import log
from tests.application.races.crowds import everybody, rounds, two_workers
from tests.worlds import World

PEOPLE = 40
BATCHES = 6


async def import_all(world: World, emails: list[str]) -> ImportedBatch:
    lines = [
        ImportLine(number=number, fields={"email": email, "password_hash": f"memory${email}"})
        for number, email in enumerate(emails, start=1)
    ]
    command = ImportUsersCommand(actor=Actor.operator(), lines=lines, seen=AddressesSeen())
    return await world.container.import_users().execute(command)


@rounds
async def test_whoever_comes_first_every_account_is_there_once(
    database_url: str, rounds: int
) -> None:
    chance = random.Random(20260101)
    async with two_workers(database_url) as workers:
        for number in range(rounds // 10):
            emails = [f"user{n}@round{number}.dev" for n in range(PEOPLE)]
            orders = [emails if n % 2 else emails[::-1] for n in range(BATCHES)]
            if number % 2:
                orders = [chance.sample(emails, PEOPLE) for _ in range(BATCHES)]
            batches = await asyncio.gather(
                *(import_all(workers[n % 2], order) for n, order in enumerate(orders))
            )
            assert [fault for batch in batches for fault in batch.faults] == []
            assert sum(batch.created for batch in batches) == PEOPLE
            assert sum(batch.already_there for batch in batches) == PEOPLE * (BATCHES - 1)
            await check_whole(workers[0], set(emails))
        events = [e for e in await log(workers[0]) if e.kind is EventKind.USER_IMPORTED]
        subjects = {event.subject.id for event in events if event.subject}
        assert subjects == {str(user.id) for user in await everybody(workers[0])}
        assert len(events) == len(subjects)


async def check_whole(world: World, emails: set[str]) -> None:
    for email in emails:
        login = (await world.container.sign_in_lookup().find(email, b"")).login
        assert login.password_hash == f"memory${email}"
        assert login.user.roles == {"user"}
