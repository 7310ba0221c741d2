"""Look-ups that go together: each gets its own answer, and nobody's end is another's."""

import asyncio
import time
from collections.abc import AsyncIterator
from typing import Any

import pytest

from adapters.sql.engine import Database
from adapters.sql.hot_statements import HotStatement
from adapters.sql.sessions import SqlSessionLookup
from domain.errors import Unavailable
from domain.sessions import Session
from tests.domain.samples import LATER, a_session, a_user, new_id
from tests.storage import open_database, open_session, sql_backend


class Trips:
    """Statements that wait to be let go, and whether they then fail."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.keys: list[list[object]] = []
        self.gate = asyncio.Event()
        self.error: Exception | None = None
        ask = HotStatement.rows

        async def held(statement: HotStatement, **parameters: Any) -> list[Any]:
            self.keys.append(parameters["keys"])
            await self.gate.wait()
            if self.error is not None:
                raise self.error
            return await ask(statement, **parameters)

        monkeypatch.setattr(HotStatement, "rows", held)


@pytest.fixture
async def sessions(database: Database) -> list[Session]:
    user = a_user()
    made = [a_session(user.id) for _ in range(10)]
    async with sql_backend(database).uow() as uow:
        await uow.users.add(user)
        for session in made:
            await open_session(uow, session)
        await uow.commit()
    return made


@pytest.fixture
async def trips(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Trips]:
    trips = Trips(monkeypatch)
    yield trips
    trips.gate.set()


async def test_what_is_asked_for_at_once_goes_together_and_each_gets_its_own(
    database: Database, sessions: list[Session], trips: Trips
) -> None:
    find = SqlSessionLookup(database).find_live
    asked = [(each.id, each.user_id) for each in (*sessions, *sessions)]
    asked += [(new_id(), sessions[0].user_id), (sessions[0].id, new_id())]
    tasks = [asyncio.create_task(find(*each, LATER)) for each in asked]
    await asyncio.sleep(0.01)
    trips.gate.set()
    answers = await asyncio.gather(*tasks)
    assert [each.session_id if each else None for each in answers] == [
        *(each.id for each in (*sessions, *sessions)),
        None,
        None,
    ]
    # Keys that several ask for are asked for once.
    assert sum(map(len, trips.keys)) <= 12
    assert len(trips.keys) <= 2


async def test_what_comes_while_statements_are_under_way_waits_for_the_next(
    database: Database, sessions: list[Session], trips: Trips
) -> None:
    find = SqlSessionLookup(database).find_live
    tasks = []
    for each in sessions:
        tasks.append(asyncio.create_task(find(each.id, each.user_id, LATER)))
        await asyncio.sleep(0.005)
    assert [len(keys) for keys in trips.keys] == [1, 1]
    trips.gate.set()
    assert None not in await asyncio.gather(*tasks)
    assert sorted(map(len, trips.keys)) == [1, 1, 8]


async def test_one_that_gives_up_takes_nobody_along(
    database: Database, sessions: list[Session], trips: Trips
) -> None:
    find = SqlSessionLookup(database).find_live
    tasks = [asyncio.create_task(find(each.id, each.user_id, LATER)) for each in sessions]
    await asyncio.sleep(0.01)
    tasks[0].cancel()
    trips.gate.set()
    left, *stayed = await asyncio.gather(*tasks, return_exceptions=True)
    assert isinstance(left, asyncio.CancelledError)
    assert [each.session_id for each in stayed] == [each.id for each in sessions[1:]]  # type: ignore[union-attr]


async def test_an_outage_is_everybodys_and_the_next_one_tries_anew(
    database: Database, sessions: list[Session], trips: Trips
) -> None:
    find = SqlSessionLookup(database).find_live
    trips.error = Unavailable()
    tasks = [asyncio.create_task(find(each.id, each.user_id, LATER)) for each in sessions]
    await asyncio.sleep(0.01)
    trips.gate.set()
    answers = await asyncio.gather(*tasks, return_exceptions=True)
    assert {type(each) for each in answers} == {Unavailable}
    assert len(set(map(id, answers))) == len(sessions)
    trips.error = None
    assert await find(sessions[0].id, sessions[0].user_id, LATER) is not None


async def test_nobody_waits_longer_for_a_statement_than_for_a_connection(
    database_url: str, trips: Trips
) -> None:
    async with open_database(database_url, timeout_seconds=0.2) as database:
        find = SqlSessionLookup(database).find_live
        tasks, began = [], time.monotonic()
        for _ in range(4):
            # The first two are under way, on statements that take long.
            tasks.append(asyncio.create_task(find(new_id(), new_id(), LATER)))
            await asyncio.sleep(0.02)
        done, under_way = await asyncio.wait(tasks, timeout=0.5)
        assert {type(each.exception()) for each in done} == {Unavailable}
        assert under_way == set(tasks[:2])
        # The next one that has to wait is swept away as well.
        with pytest.raises(Unavailable):
            await find(new_id(), new_id(), LATER)
        assert time.monotonic() - began < 2
        trips.gate.set()
        assert await asyncio.gather(*under_way) == [None, None]


async def test_what_nobody_expected_reaches_who_asked(
    database: Database, sessions: list[Session], trips: Trips
) -> None:
    find = SqlSessionLookup(database).find_live
    trips.error = LookupError("unexpected")
    trips.gate.set()
    with pytest.raises(LookupError):
        await find(sessions[0].id, sessions[0].user_id, LATER)
    trips.error = None
    assert await find(sessions[0].id, sessions[0].user_id, LATER) is not None


async def test_nobody_is_left_behind_by_couriers_that_have_just_gone(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    gate = asyncio.Event()
    find = SqlSessionLookup(database).find_live

    async def nothing(*_: object, **__: object) -> list[Any]:
        await gate.wait()
        return []

    async def ask(times: int) -> None:
        for _ in range(times):
            await find(new_id(), new_id(), LATER)

    monkeypatch.setattr(HotStatement, "rows", nothing)
    # Both couriers come home in one turn of the loop; who asks again does so right after it.
    tasks = []
    for times in (2, 1):
        tasks.append(asyncio.create_task(ask(times)))
        await asyncio.sleep(0.01)
    gate.set()
    _, left_behind = await asyncio.wait(tasks, timeout=2)
    assert not left_behind
