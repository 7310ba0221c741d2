"""PostgreSQL tables with many rows, and what the server says of how it reads them."""

import asyncio
import json
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from sqlalchemy import event, text

from adapters.sql.async_core import AsyncConnection
from adapters.sql.engine import Database
from adapters.sql.unit_of_work import SqlUnitOfWorkFactory
from application.ports.unit_of_work import UnitOfWork
from tests.storage import migrate, open_database, postgresql_database

_FUNCTIONS = (
    """
    CREATE FUNCTION pg_temp.id(n bigint) RETURNS uuid IMMUTABLE LANGUAGE sql
    RETURN ('01900000-0000-7000-8000-' || lpad(to_hex(n), 12, '0'))::uuid
    """,
    """
    CREATE FUNCTION pg_temp.at(n bigint) RETURNS timestamptz IMMUTABLE LANGUAGE sql
    RETURN timestamptz '2030-01-01 00:00:00Z' + n * interval '1 second'
    """,
    """
    CREATE FUNCTION pg_temp.one_of(many int, n bigint) RETURNS uuid IMMUTABLE LANGUAGE sql
    RETURN pg_temp.id(CASE WHEN n % 200 = 0 THEN 50 ELSE 1 + n % many END)
    """,
)
_USERS = """
    INSERT INTO users (id, email, email_key, email_verified, name, kind, status, version,
        created_at, updated_at)
    SELECT pg_temp.id(n), 'user' || n || '@example.com', 'user' || n || '@example.com',
        true, 'Somebody', 'human', CASE WHEN n % 50 = 0 THEN 'disabled' ELSE 'active' END,
        1, pg_temp.at(n), pg_temp.at(n)
    FROM generate_series(1, :count) AS n
"""
_ROLES = """
    INSERT INTO user_roles (user_id, role_name)
    SELECT pg_temp.id(n), 'user' FROM generate_series(1, :count) AS n
    UNION ALL
    SELECT pg_temp.id(n), 'admin' FROM generate_series(500, :count, 500) AS n
"""
_SESSIONS = """
    INSERT INTO sessions (id, user_id, client_id, amr, auth_time, created_at, last_used_at,
        expires_at, generation, refresh_secret, server_secret_id)
    SELECT pg_temp.id(n), pg_temp.one_of(20, n), 'first-party', '["pwd"]',
        pg_temp.at(n), pg_temp.at(n), pg_temp.at(n), pg_temp.at(n + 1000000),
        0, '\\x00', 'a'
    FROM generate_series(1, :count) AS n
"""
_ITEMS = """
    INSERT INTO items (id, owner_id, title, data, version, created_at, updated_at)
    SELECT pg_temp.id(n), pg_temp.one_of(20, n),
        CASE WHEN n % 100 = 0 THEN 'Rare ' ELSE 'Common ' END || n, '{}', 1,
        pg_temp.at(n), pg_temp.at(n)
    FROM generate_series(1, :count) AS n
"""
_API_KEYS = """
    INSERT INTO api_keys (id, public_id, owner_id, name, secret_digest, scopes, created_at,
        expires_at)
    SELECT pg_temp.id(n), 'key' || n, pg_temp.one_of(20, n), 'A key', '\\x00', '[]',
        pg_temp.at(n), pg_temp.at(n + 1000000)
    FROM generate_series(1, :count) AS n
"""
_EVENTS = """
    INSERT INTO events (id, at, kind, outcome, actor_type, actor_id, subject_type, subject_id,
        data)
    SELECT pg_temp.id(n), pg_temp.at(n),
        CASE WHEN n % 100 = 0 THEN 'user.disabled' ELSE 'session.signed_in' END, 'success', 'user',
        (pg_temp.one_of(20, n))::text, 'user', (pg_temp.one_of(15, n))::text, '{}'
    FROM generate_series(1, :count) AS n
"""
_MESSAGES = """
    INSERT INTO outbox (id, template, user_id, created_at, due_at, attempts, sent_at,
        set_aside_at)
    SELECT pg_temp.id(n), 'verify_email', pg_temp.id(n), pg_temp.at(n),
        pg_temp.at(n), 1, pg_temp.at(n),
        CASE WHEN n % 100 = 0 THEN pg_temp.at(n) END
    FROM generate_series(1, :count) AS n
"""

RARE = 50
"""The number of an account that one row in 200 belongs to."""


def id_of(number: int) -> UUID:
    """Of the row with that number, in every table."""
    return UUID(f"01900000-0000-7000-8000-{number:012x}")


@contextmanager
def crowded_postgresql(
    server_url: str, count: int, *, only_accounts: bool = False
) -> Iterator[str]:
    """The URL of a database of one's own on that server. Not for use inside a running loop."""

    async def fill(url: str) -> None:
        async with open_database(url) as database:
            await _fill(database, count, only_accounts=only_accounts)

    with postgresql_database(server_url) as url:
        migrate(url)
        asyncio.run(fill(url))
        yield url


async def _fill(database: Database, count: int, *, only_accounts: bool) -> None:
    """So many rows in each table, and statistics of them."""
    others = () if only_accounts else (_SESSIONS, _API_KEYS, _ITEMS, _EVENTS, _MESSAGES)
    async with database.migrating() as connection:
        for function in _FUNCTIONS:
            await connection.execute(text(function))
        for statement in (_USERS, _ROLES, *others):
            await connection.execute(text(statement), {"count": count})
        await connection.commit()
    async with database.reading() as connection:
        await connection.execute(text("SET statement_timeout = 0"))
        # As autovacuum would soon: with it the server knows the rows and where they all are seen.
        await connection.execute(text("VACUUM (ANALYZE)"))


@dataclass
class Plans:
    """How the server would run the statements that a unit of work sends."""

    uow: UnitOfWork
    connection: AsyncConnection
    sent: list[tuple[str, Any]] = field(default_factory=list)

    async def explain(self, *options: str) -> dict[str, Any]:
        """The plan of the one statement that was sent since, for the values it was sent with."""
        ((statement, parameters),) = self.sent
        words = ", ".join(("FORMAT JSON", *options))
        return await self._plan(f"EXPLAIN ({words}) {statement}", parameters)

    async def explain_for_any_values(self) -> dict[str, Any]:
        """The plan that the server turns to once the statement has come a few times."""
        ((statement, parameters),) = self.sent
        await self.connection.exec_driver_sql("SET plan_cache_mode = force_generic_plan")
        await self.connection.exec_driver_sql(f"PREPARE planned AS {statement}")
        nothing = ", ".join(["NULL"] * len(parameters))
        plan = await self._plan(f"EXPLAIN (FORMAT JSON) EXECUTE planned({nothing})", ())
        await self.connection.exec_driver_sql("DEALLOCATE planned")
        self.sent.clear()
        return plan

    async def _plan(self, statement: str, parameters: Any) -> dict[str, Any]:
        found = (await self.connection.exec_driver_sql(statement, parameters)).scalar_one()
        self.sent.clear()
        plans = json.loads(found) if isinstance(found, str) else found
        plan: dict[str, Any] = plans[0]["Plan"]
        return plan


@asynccontextmanager
async def plans(database: Database) -> AsyncIterator[Plans]:
    """Records the statements of a unit of work, on a connection beside it."""
    database.is_watched = True
    async with (
        SqlUnitOfWorkFactory(database).reading() as uow,
        database.reading() as channel,
    ):
        recorded = Plans(uow, channel.connection)

        def note(_c: object, _u: object, statement: str, parameters: Any, *_: object) -> None:
            recorded.sent.append((statement, parameters))

        event.listen(database.engine.sync_engine, "before_cursor_execute", note)
        try:
            yield recorded
        finally:
            event.remove(database.engine.sync_engine, "before_cursor_execute", note)


def nodes(plan: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield plan
    for child in plan.get("Plans", ()):
        yield from nodes(child)


def buffers(plan: dict[str, Any]) -> int:
    """How many pages of tables and indexes the statement looked at, whether cached or not."""
    return int(plan["Shared Hit Blocks"]) + int(plan["Shared Read Blocks"])
