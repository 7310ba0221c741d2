"""Connections: how many, how long they are waited for, and what each is told on arrival."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager, nullcontext
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, event
from sqlalchemy.engine import make_url
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.exc import DisconnectionError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine
from sqlalchemy.pool import ConnectionPoolEntry, NullPool

_IDLE_BEFORE_CHECK_SECONDS = 30.0
_CONNECT_TIMEOUT_SECONDS = 2.0
_SQLITE_BUSY_TIMEOUT_MS = 10_000
_READING = "doorward_reading"


@dataclass(frozen=True, kw_only=True)
class PoolSettings:
    """Sizes are connections of this process, times are seconds."""

    size: int = 20
    max_overflow: int = 10
    timeout_seconds: float = 2.0
    recycle_seconds: int = 1800
    statement_timeout_seconds: float = 5.0
    pgbouncer: bool = False
    """Transaction pooling in between: no prepared statements, no session settings."""


class Database:
    """One database and this process's way to it. Sync to make; connects on first use."""

    def __init__(self, url: str, pool: PoolSettings) -> None:
        self.url = make_url(url)
        self.pool = pool
        self.is_sqlite = self.url.get_backend_name() == "sqlite"
        # One writer at a time is SQLite's rule; waiting here is fair and takes no connection.
        self._write_gate: AbstractAsyncContextManager[object] = (
            asyncio.Lock() if self.is_sqlite else nullcontext()
        )
        self._pgbouncer = pool.pgbouncer
        self.engine = self._sqlite(pool) if self.is_sqlite else self._postgresql(pool)
        event.listen(self.engine.sync_engine, "checkin", _note_checkin)
        event.listen(self.engine.sync_engine, "checkout", self._check_if_long_idle)
        # asyncpg's autocommit is local to the connection: a read costs one round trip, not three.
        self._reading = (
            self.engine.execution_options(**{_READING: True})
            if self.is_sqlite
            else self.engine.execution_options(isolation_level="AUTOCOMMIT")
        )

    def _sqlite(self, pool: PoolSettings) -> AsyncEngine:
        engine = create_async_engine(
            self.url,
            pool_size=pool.size,
            max_overflow=pool.max_overflow,
            pool_timeout=pool.timeout_seconds,
            hide_parameters=True,
        )
        event.listen(engine.sync_engine, "connect", _prepare_sqlite)
        event.listen(engine.sync_engine, "begin", _begin_sqlite)
        return engine

    def _postgresql(self, pool: PoolSettings) -> AsyncEngine:
        timeout = pool.statement_timeout_seconds
        arguments = self._unhurried()
        # The server's own limit comes first; this one ends waits on a server that is gone.
        arguments["command_timeout"] = timeout + 1.0
        if not pool.pgbouncer:
            arguments["server_settings"] = {
                "application_name": "doorward",
                "jit": "off",
                "statement_timeout": str(int(timeout * 1000)),
                "idle_in_transaction_session_timeout": str(int(timeout * 2000)),
            }
        return create_async_engine(
            self.url,
            pool_size=pool.size,
            max_overflow=pool.max_overflow,
            pool_timeout=pool.timeout_seconds,
            pool_recycle=pool.recycle_seconds,
            connect_args=arguments,
            hide_parameters=True,
        )

    def _unhurried(self) -> dict[str, Any]:
        """What a connection to PostgreSQL is opened with, without limits on what runs on it."""
        arguments: dict[str, Any] = {"timeout": _CONNECT_TIMEOUT_SECONDS}
        if self._pgbouncer:
            arguments |= {"statement_cache_size": 0, "prepared_statement_cache_size": 0}
        return arguments

    def _check_if_long_idle(
        self, connection: DBAPIConnection, entry: ConnectionPoolEntry, _proxy: object
    ) -> None:
        idle_since = entry.info.get("idle_since")
        if idle_since is None or time.monotonic() - idle_since < _IDLE_BEFORE_CHECK_SECONDS:
            return
        try:
            alive = self.engine.dialect.do_ping(connection)
        except Exception as error:
            raise DisconnectionError from error
        if not alive:
            raise DisconnectionError

    @asynccontextmanager
    async def reading(self) -> AsyncIterator[AsyncConnection]:
        """A connection on which every statement commits by itself."""
        async with self._reading.connect() as connection:
            yield connection

    @asynccontextmanager
    async def writing(self) -> AsyncIterator[AsyncConnection]:
        """A connection in a transaction that rolls back unless it is committed."""
        async with self._write_gate, self.engine.connect() as connection:
            await connection.begin()
            yield connection

    @asynccontextmanager
    async def migrating(self) -> AsyncIterator[AsyncConnection]:
        """As `writing`, but on PostgreSQL nothing cuts a long step, or the wait for another's."""
        if self.is_sqlite:
            async with self.writing() as connection:
                yield connection
            return
        engine = create_async_engine(
            self.url, poolclass=NullPool, connect_args=self._unhurried(), hide_parameters=True
        )
        try:
            async with engine.connect() as connection:
                await connection.begin()
                yield connection
        finally:
            await engine.dispose()

    async def close(self) -> None:
        await self.engine.dispose()


def _note_checkin(_connection: DBAPIConnection | None, entry: ConnectionPoolEntry) -> None:
    entry.info["idle_since"] = time.monotonic()


def _prepare_sqlite(connection: DBAPIConnection, _entry: ConnectionPoolEntry) -> None:
    # The driver's own transactions are deferred: a read that turns into a write fails at once
    # instead of waiting. None hands BEGIN to us.
    connection.isolation_level = None
    cursor = connection.cursor()
    cursor.execute(f"PRAGMA busy_timeout = {_SQLITE_BUSY_TIMEOUT_MS}")
    cursor.execute("PRAGMA journal_mode = WAL")
    cursor.execute("PRAGMA synchronous = FULL")
    cursor.execute("PRAGMA foreign_keys = ON")
    cursor.close()


def _begin_sqlite(connection: Connection) -> None:
    if not connection.get_execution_options().get(_READING):
        connection.exec_driver_sql("BEGIN IMMEDIATE")
