"""Walking through a list while others add to it and take from it: nobody twice, nobody missed."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import delete, insert

from adapters.sql.engine import Database
from adapters.sql.tables import events, users
from adapters.sql.users import user_to_row as user_row
from application.events.listing import ListEventsQuery
from application.users.queries import ListUsersQuery
from domain.pages import Page
from tests.application.people import ROOT
from tests.domain.samples import NOW, a_user, an_event, new_id
from tests.worlds import World, open_world

pytestmark = pytest.mark.slow

COUNT = 1_000


def user_rows(count: int) -> list[dict[str, Any]]:
    return [user_row(a_user()) for _ in range(count)]


def event_rows(count: int) -> list[dict[str, Any]]:
    made = (an_event(at=NOW + timedelta(microseconds=n)) for n in range(count))
    return [
        {
            "id": event.id,
            "at": event.at,
            "kind": event.kind.value,
            "outcome": event.outcome.value,
            "actor_type": event.actor.type,
            "data": {},
        }
        for event in made
    ]


def an_early_id(like: UUID) -> UUID:
    """As of a transaction that began long before it commits: it lies amid what is there."""
    return UUID(bytes=like.bytes[:6] + new_id().bytes[6:])


async def users_page(world: World, cursor: str | None) -> Page[Any]:
    query = ListUsersQuery(actor=ROOT, limit=50, cursor=cursor)
    return await world.container.list_users().execute(query)


async def events_page(world: World, cursor: str | None) -> Page[Any]:
    query = ListEventsQuery(actor=ROOT, limit=50, cursor=cursor)
    return await world.container.list_events().execute(query)


@pytest.mark.parametrize(
    ("table", "rows", "read"),
    [(users, user_rows, users_page), (events, event_rows, events_page)],
    ids=["users", "events"],
)
async def test_nobody_is_seen_twice_and_nobody_who_stays_is_missed(
    database: Database,
    database_url: str,
    table: Any,
    rows: Callable[[int], list[dict[str, Any]]],
    read: Callable[[World, str | None], Awaitable[Page[Any]]],
) -> None:
    there = rows(COUNT)
    async with database.writing() as connection:
        await connection.execute(insert(table), there)
        await connection.commit()
    leaving = there[::5]
    staying = {row["id"] for row in there} - {row["id"] for row in leaving}

    async def disturb() -> None:
        """Adds at the newest end and amid what is there, and deletes somewhere."""
        gone = leaving.pop()
        late = rows(1)[0] | {"id": an_early_id(gone["id"])}
        newest = rows(1)[0]
        if "at" in gone:
            late["at"], newest["at"] = gone["at"], NOW + timedelta(days=1)
        async with database.writing() as connection:
            await connection.execute(insert(table), [newest, late])
            await connection.execute(delete(table).where(table.c.id == gone["id"]))
            await connection.commit()

    async def walk(world: World) -> list[UUID]:
        seen: list[UUID] = []
        cursor = None
        while True:
            page, _ = await asyncio.gather(read(world, cursor), disturb())
            seen += [record.id for record in page.items]
            cursor = page.next_cursor
            if cursor is None:
                return seen
            await disturb()

    async with open_world(database_url) as world:
        walks = await asyncio.gather(*(walk(world) for _ in range(3)))
    assert len(leaving) < 100
    for seen in walks:
        assert len(seen) == len(set(seen))
        assert staying <= set(seen)
