"""Connections: how many, how long they are waited for, and what each is told on arrival."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, event
from sqlalchemy.engine import make_url
from sqlalchemy.engine.interfaces import DBAPIConnection, DBAPICursor
from sqlalchemy.exc import DisconnectionError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from sqlalchemy.pool import ConnectionPoolEntry, NullPool

from adapters.sql.async_core import AsyncConnection, AsyncEngine, create_async_engine
from adapters.sql.channel import AsyncpgChannel, Channel
from adapters.sql.pool import MeteredPool
from application.ports.storage import PoolState

_IDLE_BEFORE_CHECK_SECONDS = 30.0
_CONNECT_TIMEOUT_SECONDS = 2.0
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
    busy_timeout_seconds: float = 10.0
    """How long a writer waits for another one on SQLite, within this process and beyond it."""


class Database:
    """One database and this process's way to it. Sync to make; connects on first use."""

    def __init__(self, url: str, pool: PoolSettings) -> None:
        self.url = make_url(url)
        self.pool = pool
        self.is_sqlite = self.url.get_backend_name() == "sqlite"
        self.is_watched = False
        """Set by whoever listens to the engine: every statement then passes through it."""
        # One writer at a time is SQLite's rule; waiting here is fair and takes no connection.
        self._write_lock = asyncio.Lock()
        self.engine = self._sqlite(pool) if self.is_sqlite else self._postgresql(pool)
        event.listen(self.engine.sync_engine, "checkin", _note_checkin)
        event.listen(self.engine.sync_engine, "checkout", self._check_if_long_idle)
        self._without_begin = self.engine.execution_options(**{_READING: True})

    def _sqlite(self, pool: PoolSettings) -> AsyncEngine:
        engine = create_async_engine(
            self.url,
            poolclass=MeteredPool,
            pool_size=pool.size,
            max_overflow=pool.max_overflow,
            pool_timeout=pool.timeout_seconds,
            hide_parameters=True,
        )
        event.listen(engine.sync_engine, "connect", _prepare_sqlite(pool.busy_timeout_seconds))
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
                **_time_limits(timeout),
            }
        return create_async_engine(
            self.url,
            poolclass=MeteredPool,
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
        if self.pool.pgbouncer:
            # Each transaction may be another session's: a statement that was prepared under a
            # name would be missed in one and in the way in another. Without a name it lives for
            # one execution, which PgBouncer does not take apart.
            arguments |= {
                "statement_cache_size": 0,
                "prepared_statement_cache_size": 0,
                "prepared_statement_name_func": str,
            }
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

    def reading(self) -> AbstractAsyncContextManager[Channel]:
        """A connection on which every statement commits by itself."""
        if self.is_sqlite:
            return self._reading_sqlite()
        return AsyncpgChannel(self.engine, fixed_go_past=self.fixed_go_past)

    def writing(self) -> AbstractAsyncContextManager[Channel]:
        """A connection in a transaction that rolls back unless it is committed."""
        if self.is_sqlite:
            return self._writing_sqlite()
        return AsyncpgChannel(
            self.engine, fixed_go_past=self.fixed_go_past, writes=True, opening=self._opening
        )

    @property
    def _opening(self) -> str | None:
        """Behind PgBouncer, for this transaction alone: its session is lent to others after it."""
        if not self.pool.pgbouncer:
            return None
        limits = _time_limits(self.pool.statement_timeout_seconds)
        return "SELECT " + ", ".join(f"set_config('{k}', '{v}', true)" for k, v in limits.items())

    @asynccontextmanager
    async def _reading_sqlite(self) -> AsyncIterator[Channel]:
        async with self._without_begin.connect() as connection:
            yield Channel(self._without_begin, connection)

    @asynccontextmanager
    async def _writing_sqlite(self) -> AsyncIterator[Channel]:
        async with self._write_turn(), self.engine.connect() as connection:
            channel = Channel(self.engine, connection)
            await channel.begin()
            yield channel

    @property
    def fixed_go_past(self) -> bool:
        """Whether fixed statements go past SQLAlchemy to the driver."""
        # Between two messages of one statement PgBouncer may change the server under asyncpg.
        return not (self.is_sqlite or self.pool.pgbouncer or self.is_watched)

    @asynccontextmanager
    async def _write_turn(self) -> AsyncIterator[None]:
        try:
            async with asyncio.timeout(self.pool.busy_timeout_seconds):
                await self._write_lock.acquire()
        except TimeoutError as error:
            raise PoolTimeoutError("waited too long for other writers") from error
        try:
            yield
        finally:
            self._write_lock.release()

    @asynccontextmanager
    async def migrating(self) -> AsyncIterator[AsyncConnection]:
        """As `writing`, but on PostgreSQL nothing cuts a long step, or the wait for another's."""
        if self.is_sqlite:
            async with self.writing() as channel:
                yield channel.connection
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

    def pool_state(self) -> PoolState:
        """How this process's connections are used at this moment."""
        pool = self.engine.sync_engine.pool
        if not isinstance(pool, MeteredPool):
            raise TypeError("the engine was made with another pool")
        return pool.state()

    async def close(self) -> None:
        await self.engine.dispose()


def _note_checkin(_connection: DBAPIConnection | None, entry: ConnectionPoolEntry) -> None:
    entry.info["idle_since"] = time.monotonic()


def _time_limits(statement_timeout_seconds: float) -> dict[str, str]:
    """What PostgreSQL is told to give up after, in its own words and milliseconds."""
    milliseconds = int(statement_timeout_seconds * 1000)
    return {
        "statement_timeout": str(milliseconds),
        "idle_in_transaction_session_timeout": str(2 * milliseconds),
    }


def _prepare_sqlite(
    busy_timeout_seconds: float,
) -> Callable[[DBAPIConnection, ConnectionPoolEntry], None]:
    def prepare(connection: DBAPIConnection, _entry: ConnectionPoolEntry) -> None:
        # The driver's own transactions are deferred: a read that turns into a write fails at once
        # instead of waiting. None hands BEGIN to us.
        connection.isolation_level = None
        cursor = connection.cursor()
        cursor.execute(f"PRAGMA busy_timeout = {int(busy_timeout_seconds * 1000)}")
        _write_ahead(cursor, time.monotonic() + busy_timeout_seconds)
        cursor.execute("PRAGMA synchronous = FULL")
        cursor.execute("PRAGMA foreign_keys = ON")
        cursor.close()

    return prepare


def _write_ahead(cursor: DBAPICursor, until: float) -> None:
    """Switches a new file to WAL. Of two that do so at once SQLite refuses one without a wait."""
    # Imported here: a service on PostgreSQL has no need of it.
    import sqlite3

    while True:
        try:
            cursor.execute("PRAGMA journal_mode = WAL")
            return
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode != sqlite3.SQLITE_BUSY or time.monotonic() >= until:
                raise
        # This does wait, for as long as the busy timeout says, until the other one is done.
        cursor.execute("BEGIN IMMEDIATE")
        cursor.execute("COMMIT")


def _begin_sqlite(connection: Connection) -> None:
    if not connection.get_execution_options().get(_READING):
        connection.exec_driver_sql("BEGIN IMMEDIATE")
