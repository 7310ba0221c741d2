"""Rotations that go together: each as if it were alone, and none held up by another's row."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import asyncpg
import pytest
from sqlalchemy import text

from adapters.sql.engine import Database
from adapters.sql.hot_statements import HotStatement
from application.ports.sessions import LiveAt, Rotation
from domain.errors import Unavailable
from domain.sessions import Session, SessionEnd
from tests.domain.samples import LATER, NOW, a_session, a_user, new_id
from tests.storage import open_database, open_session, sql_backend

pytestmark = pytest.mark.slow

COUNT = 10
IDLE_SINCE = NOW - timedelta(days=7)
TEXTS = (None, "", "NULL", "null", "{a,b}", "quote \" and \\ and '", "é 漢 🙂", " ", "x" * 512)


class Statements:
    """What was sent as one statement: how many sessions at a time, None for one alone."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.sent: list[int | None] = []
        rows = HotStatement.rows

        async def noted(statement: HotStatement, **parameters: Any) -> list[Any]:
            ids = parameters["asked_id"]
            self.sent.append(len(ids) if isinstance(ids, list) else None)
            return await rows(statement, **parameters)

        monkeypatch.setattr(HotStatement, "rows", noted)


@pytest.fixture
async def database(postgresql_database_url: str) -> AsyncIterator[Database]:
    async with open_database(postgresql_database_url) as opened:
        yield opened


@pytest.fixture
def statements(monkeypatch: pytest.MonkeyPatch) -> Statements:
    return Statements(monkeypatch)


async def open_sessions(database: Database, count: int = COUNT) -> list[Session]:
    user = a_user()
    sessions = [a_session(user.id) for _ in range(count)]
    async with sql_backend(database).uow() as uow:
        await uow.users.add(user)
        for session in sessions:
            await open_session(uow, session)
        await uow.commit()
    return sessions


def rotation(session: Session, generation: int = 0) -> Rotation:
    return Rotation(
        session_id=session.id,
        generation=generation,
        live=LiveAt(at=LATER, idle_since=IDLE_SINCE),
        ip="198.51.100.9",
        user_agent="another",
    )


async def stored(database: Database, session: Session) -> Session | None:
    async with sql_backend(database).uow.reading() as uow:
        return await uow.sessions.get(session.id)


async def test_many_go_together_and_each_is_written_as_it_was_asked_for(
    database: Database, statements: Statements
) -> None:
    sessions = await open_sessions(database, 2 * len(TEXTS))
    texts = [*TEXTS, *reversed(TEXTS)]
    moments = [LATER + timedelta(microseconds=number) for number in range(len(texts))]
    asked = [
        Rotation(
            session_id=session.id,
            generation=0,
            live=LiveAt(at=at, idle_since=IDLE_SINCE),
            ip=text and text[:64],
            user_agent=text,
        )
        for session, text, at in zip(sessions, texts, moments, strict=True)
    ]
    rotate = sql_backend(database).refresher.rotate
    assert await asyncio.gather(*map(rotate, asked)) == [True] * len(asked)
    assert statements.sent == [len(asked)]
    for session, each in zip(sessions, asked, strict=True):
        expected = session.rotated(each.live.at, ip=each.ip, user_agent=each.user_agent)
        assert await stored(database, session) == expected


async def test_what_is_not_live_keeps_nobody_who_goes_with_it(
    database: Database, statements: Statements
) -> None:
    live, used, ended = await open_sessions(database, 3)
    async with sql_backend(database).uow() as uow:
        await uow.sessions.end(ended.id, NOW, SessionEnd.SIGNED_OUT)
        await uow.commit()
    rotate = sql_backend(database).refresher.rotate
    rotations = [
        rotation(ended),
        rotation(used, generation=1),
        rotation(a_session(new_id())),
        rotation(live),
    ]
    assert await asyncio.gather(*map(rotate, rotations)) == [False, False, False, True]
    assert statements.sent == [4, None, None, None]


@pytest.mark.parametrize("ends", [True, False])
async def test_a_row_that_somebody_holds_holds_up_nobody_else(
    database: Database, statements: Statements, ends: bool
) -> None:
    held, *free = await open_sessions(database)
    backend = sql_backend(database)
    async with backend.uow() as holder:
        await holder.sessions.end(held.id, NOW, SessionEnd.SIGNED_OUT)
        tasks = [
            asyncio.create_task(backend.refresher.rotate(rotation(session)))
            for session in (held, *free)
        ]
        done, waiting = await asyncio.wait(tasks, timeout=1)
        assert waiting == {tasks[0]}
        assert {task.result() for task in done} == {True}
        assert statements.sent == [COUNT, None]
        if ends:
            await holder.commit()
    # Whoever waited alone learns what became of it.
    assert await tasks[0] is not ends


async def test_of_two_workers_with_the_same_sessions_each_session_has_one_winner(
    database: Database, postgresql_database_url: str
) -> None:
    sessions = await open_sessions(database, 60)
    async with open_database(postgresql_database_url) as other:
        first, second = (sql_backend(each).refresher.rotate for each in (database, other))
        for generation in range(5):
            asked = [rotation(session, generation=generation) for session in sessions]
            one, two = await asyncio.gather(
                asyncio.gather(*map(first, asked)),
                # In the other order: whoever waited for each other would never end.
                asyncio.gather(*map(second, reversed(asked))),
            )
            assert [a + b for a, b in zip(one, reversed(two), strict=True)] == [1] * len(sessions)


async def test_who_gives_up_takes_nobody_along(database: Database, statements: Statements) -> None:
    sessions = await open_sessions(database)
    rotate = sql_backend(database).refresher.rotate
    tasks = [asyncio.create_task(rotate(rotation(session))) for session in sessions]
    for _ in range(3):
        await asyncio.sleep(0)
    assert statements.sent == [COUNT]
    tasks[0].cancel()
    left, *stayed = await asyncio.gather(*tasks, return_exceptions=True)
    assert isinstance(left, asyncio.CancelledError)
    assert stayed == [True] * (COUNT - 1)


async def test_where_no_connection_is_free_all_hear_of_it_in_time(
    postgresql_database_url: str,
) -> None:
    pool = {"size": 1, "max_overflow": 0, "timeout_seconds": 0.3}
    async with open_database(postgresql_database_url, **pool) as database:
        sessions = await open_sessions(database, 150)
        rotate = sql_backend(database).refresher.rotate
        async with database.reading():
            tasks = [asyncio.create_task(rotate(rotation(session))) for session in sessions]
            done, _ = await asyncio.wait(tasks, timeout=1)
        assert {type(task.exception()) for task in done} == {Unavailable}
        assert len({id(task.exception()) for task in done}) == len(sessions)
        assert all(await asyncio.gather(*(rotate(rotation(each)) for each in sessions)))


async def end_whoever_waits(database: Database) -> None:
    """Ends the connections whose statement waits for a lock, once there is one."""
    statement = text(
        "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity"
        " WHERE datname = current_database() AND wait_event_type = 'Lock'"
    )
    async with database.reading() as connection:
        for _ in range(500):
            if (await connection.execute(statement)).scalar_one():
                return
            await asyncio.sleep(0.01)
    raise AssertionError("nobody waits")


async def test_a_connection_that_dies_on_the_way_is_made_up_for_once(database: Database) -> None:
    sessions = await open_sessions(database)
    rotate = sql_backend(database).refresher.rotate

    async def die(times: int, generation: int) -> list[bool | BaseException]:
        async with database.writing() as holder:
            await holder.execute(text("LOCK TABLE sessions IN EXCLUSIVE MODE"))
            asked = [rotation(session, generation=generation) for session in sessions]
            tasks = [asyncio.create_task(rotate(each)) for each in asked]
            for _ in range(times):
                await end_whoever_waits(database)
        return await asyncio.gather(*tasks, return_exceptions=True)

    assert await die(1, 0) == [True] * COUNT
    refused = await die(2, 1)
    assert {type(each) for each in refused} == {Unavailable}
    assert len(set(map(id, refused))) == COUNT
    assert await die(1, 1) == [True] * COUNT


async def test_what_was_done_although_the_answer_was_lost_is_not_done_twice(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    sessions = await open_sessions(database)
    lost = iter([True])
    rows = HotStatement._rows

    async def lose_the_first(statement: HotStatement, parameters: dict[str, Any]) -> list[Any]:
        found = await rows(statement, parameters)
        if next(lost, False):
            raise asyncpg.ConnectionDoesNotExistError
        return found

    monkeypatch.setattr(HotStatement, "_rows", lose_the_first)
    rotate = sql_backend(database).refresher.rotate
    answers = await asyncio.gather(*(rotate(rotation(session)) for session in sessions))
    assert answers == [False] * COUNT
    expected = sessions[0].rotated(LATER, ip="198.51.100.9", user_agent="another")
    assert await stored(database, sessions[0]) == expected
