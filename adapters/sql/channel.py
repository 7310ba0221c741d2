"""A connection of the pool as statements see it: SQLAlchemy's way, and a shorter one past it."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, Self

from sqlalchemy import Connection, CursorResult, Executable
from sqlalchemy.pool import PoolProxiedConnection

from adapters.sql.async_core import AsyncConnection, AsyncEngine, to_its_end
from adapters.sql.fixed_statements import CompiledStatement, FixedStatement
from adapters.sql.gathered import Write, together
from adapters.sql.greenlets import greenlet_spawn

Parameters = Mapping[str, Any]

_ENDED = ("08", "57P")
"""Connection trouble and operator intervention (PostgreSQL manual, appendix A)."""


class Channel:
    """One connection for a while. Any statement may be run; fixed ones take the shortest way.

    Each statement commits by itself unless `begin` was called. Raises what driver and SQLAlchemy
    raise.
    """

    gathers = False
    """Whether writes may be kept back, to be sent with `write_together`."""

    def __init__(self, engine: AsyncEngine, connection: AsyncConnection | None = None) -> None:
        self.dialect = engine.dialect
        self._connection = connection

    @property
    def connection(self) -> AsyncConnection:
        """SQLAlchemy's own view of it: what goes through it begins no transaction."""
        if self._connection is None:
            raise RuntimeError("the channel is closed")
        return self._connection

    async def begin(self) -> None:
        """What follows happens together, at `commit`, or not at all."""
        await self.connection.begin()

    async def commit(self) -> None:
        """Makes it durable, or raises and makes nothing so."""
        await self.connection.commit()

    async def write_together(self, writes: Sequence[Write], *, commits: bool) -> None:
        """All or none of these. `commits`: nothing but the commit comes after them."""
        for statement, parameters in writes:
            await self.count(statement, parameters)

    async def execute(
        self,
        statement: Executable,
        parameters: Parameters | Sequence[Parameters] | None = None,
    ) -> CursorResult[Any]:
        """One statement, with one set of parameters or with many."""
        return await self.connection.execute(statement, parameters)

    async def row(self, fixed: FixedStatement, parameters: Parameters) -> Any:
        """The only row with its columns as attributes, or None."""
        return (await self.execute(fixed.statement, parameters)).one_or_none()

    async def rows(self, fixed: FixedStatement, parameters: Parameters) -> list[Any]:
        """Rows with their columns as attributes."""
        return list(await self.execute(fixed.statement, parameters))

    async def count(self, fixed: FixedStatement, parameters: Parameters) -> int:
        """How many rows a statement that returns none has changed."""
        return (await self.execute(fixed.statement, parameters)).rowcount


class AsyncpgChannel(Channel):
    """Past SQLAlchemy, but for its pool: transactions are begun and ended here.

    With `fixed_go_past` fixed statements go to asyncpg as they are. Only other ones make it an
    SQLAlchemy connection, which costs more than some statements.
    """

    def __init__(
        self,
        engine: AsyncEngine,
        *,
        fixed_go_past: bool,
        writes: bool = False,
        opening: str | None = None,
    ) -> None:
        """`writes`: in a transaction, which begins with `opening` where that is given."""
        super().__init__(engine)
        self._engine = engine
        self._fixed_go_past = fixed_go_past
        self._writes = writes
        self._opening = opening
        self._is_begun = False
        self._has_failed = False

    async def __aenter__(self) -> Self:
        """On a connection of the engine's pool."""
        self._raw = await greenlet_spawn(connect, self._engine)
        self._driver: Any = self._raw.driver_connection
        if self._writes and not self._fixed_go_past:
            try:
                await self._begin_once()
            except BaseException:
                await self.__aexit__()
                raise
        return self

    async def __aexit__(self, *_: object) -> None:
        """Takes back what was not committed, and gives the connection back."""
        try:
            if not self._driver.is_closed() and self._driver.is_in_transaction():
                # Whoever is cancelled must not leave half a transaction to the next one, nor a
                # connection that is still at it.
                await to_its_end(self._ask(self._driver.execute("ROLLBACK")))
        finally:
            if self._connection is not None:
                await to_its_end(self._connection.close())
            else:
                await greenlet_spawn(self._raw.close)

    @property
    def connection(self) -> AsyncConnection:
        if self._connection is None:
            connection = Connection(self._engine.sync_engine, self._raw)
            connection.execution_options(isolation_level="AUTOCOMMIT")
            self._connection = AsyncConnection(connection)
        return self._connection

    @property
    def gathers(self) -> bool:  # type: ignore[override]
        return self._writes and self._fixed_go_past

    async def _begin_once(self) -> None:
        """With the first statement. One that comes after the commit may not commit by itself."""
        if self._writes and not self._is_begun:
            self._is_begun = True
            await self._ask(self._driver.execute("BEGIN"))
            if self._opening is not None:
                await self._ask(self._driver.execute(self._opening))

    async def commit(self) -> None:
        if self._is_begun:
            self._is_begun = False
            # One in which a statement has failed is rolled back, and told so, not refused.
            self._has_failed = await self._ask(self._driver.execute("COMMIT")) != "COMMIT"
        if self._has_failed:
            raise RuntimeError("commit of a transaction that had failed")

    async def write_together(self, writes: Sequence[Write], *, commits: bool) -> None:
        if not self.gathers:
            await super().write_together(writes, commits=commits)
            return
        # A statement that is the whole transaction needs nothing around it.
        if not commits:
            await self._begin_once()
        text, values = together(writes, self.dialect)
        self._has_failed = True
        await self._ask(self._driver.execute(text, *values))
        self._has_failed = False

    async def execute(
        self,
        statement: Executable,
        parameters: Parameters | Sequence[Parameters] | None = None,
    ) -> CursorResult[Any]:
        await self._begin_once()
        return await super().execute(statement, parameters)

    async def row(self, fixed: FixedStatement, parameters: Parameters) -> Any:
        if not self._fixed_go_past:
            return await super().row(fixed, parameters)
        compiled = fixed.compiled(self.dialect)
        record = await self._run(self._driver.fetchrow, compiled, parameters)
        return None if record is None else compiled.row(record)

    async def rows(self, fixed: FixedStatement, parameters: Parameters) -> list[Any]:
        if not self._fixed_go_past:
            return await super().rows(fixed, parameters)
        compiled = fixed.compiled(self.dialect)
        records = await self._run(self._driver.fetch, compiled, parameters)
        return [compiled.row(record) for record in records]

    async def count(self, fixed: FixedStatement, parameters: Parameters) -> int:
        if not self._fixed_go_past:
            return await super().count(fixed, parameters)
        status = await self._run(self._driver.execute, fixed.compiled(self.dialect), parameters)
        return int(status.rpartition(" ")[2])

    async def _run(
        self,
        send: Callable[..., Awaitable[Any]],
        compiled: CompiledStatement,
        parameters: Parameters,
    ) -> Any:
        await self._begin_once()
        return await self._ask(send(compiled.text, *compiled.values(parameters)))

    async def _ask(self, answer: Awaitable[Any]) -> Any:
        try:
            return await answer
        except BaseException as error:
            if not is_refusal(error):
                give_up(self._engine, self._raw, error)
            raise


def is_refusal(error: BaseException) -> bool:
    """Whether PostgreSQL has answered, or was not asked, and the connection goes on."""
    if isinstance(error, ValueError):
        # How asyncpg names a parameter that does not fit its type: nothing was sent.
        return True
    state = getattr(error, "sqlstate", None)
    return state is not None and not str(state).startswith(_ENDED)


def connect(engine: AsyncEngine) -> PoolProxiedConnection:
    """A connection of its pool. Raises what the driver raises; call it in a greenlet."""
    try:
        return engine.sync_engine.pool.connect()
    except engine.dialect.loaded_dbapi.Error as error:
        raise error.__cause__ or error from None


def give_up(engine: AsyncEngine, raw: PoolProxiedConnection, error: BaseException) -> None:
    """Takes a connection out of the pool on which nobody knows what the server still sends."""
    if isinstance(error, TimeoutError) or not isinstance(error, Exception):
        raw.invalidate(error)
    else:
        # Whatever ended this one has ended those of its age as well.
        engine.sync_engine.pool._invalidate(raw, error)  # noqa: SLF001 - as the engine itself does
