"""Units of work as database transactions."""

from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from types import TracebackType
from typing import Self

from adapters.sql.api_keys import SqlApiKeyRepository
from adapters.sql.async_core import AsyncConnection
from adapters.sql.backoff import SqlBackoffRepository
from adapters.sql.credentials import SqlCredentialRepository
from adapters.sql.engine import Database
from adapters.sql.errors import translated
from adapters.sql.events import SqlEventRepository
from adapters.sql.idempotency import SqlIdempotencyRepository
from adapters.sql.items import SqlItemRepository
from adapters.sql.jobs import SqlJobRepository
from adapters.sql.links import SqlLinkRepository
from adapters.sql.outbox import SqlOutboxRepository
from adapters.sql.permissions import SqlPermissionRepository
from adapters.sql.replica import ReplicaFirst
from adapters.sql.retention import SqlRetentionRepository
from adapters.sql.roles import SqlRoleRepository
from adapters.sql.sessions import SqlSessionRepository
from adapters.sql.signing_keys import SqlSigningKeyRepository
from adapters.sql.statements import StatementRunner, once_more
from adapters.sql.transfer import SqlTransferRepository
from adapters.sql.users import SqlUserRepository
from application.ports.outbox import DeliverySignal
from application.ports.unit_of_work import Result, UnitOfWork, UnitOfWorkFactory


class SqlUnitOfWork(UnitOfWork):
    """One connection for the length of the block; one that reads may go on on another."""

    outbox: SqlOutboxRepository

    def __init__(
        self,
        acquire: Callable[[], AbstractAsyncContextManager[AsyncConnection]],
        signal: DeliverySignal | None = None,
        *,
        reads: bool = False,
    ) -> None:
        self._acquire = acquire
        self._signal = signal
        self._reads = reads
        self._acquired: AbstractAsyncContextManager[AsyncConnection] | None = None
        self._connection: AsyncConnection | None = None

    async def __aenter__(self) -> Self:
        connection = await self._connect()
        runner = StatementRunner(connection, self._reconnect if self._reads else None)
        self.users = SqlUserRepository(runner)
        self.credentials = SqlCredentialRepository(runner)
        self.sessions = SqlSessionRepository(runner)
        self.roles = SqlRoleRepository(runner)
        self.api_keys = SqlApiKeyRepository(runner)
        self.permissions = SqlPermissionRepository(runner)
        self.items = SqlItemRepository(runner)
        self.events = SqlEventRepository(runner)
        self.signing_keys = SqlSigningKeyRepository(runner)
        self.links = SqlLinkRepository(runner)
        self.outbox = SqlOutboxRepository(runner)
        self.jobs = SqlJobRepository(runner)
        self.retention = SqlRetentionRepository(runner)
        self.idempotency = SqlIdempotencyRepository(runner)
        self.transfer = SqlTransferRepository(runner)
        self.backoff = SqlBackoffRepository(runner)
        return self

    async def _connect(self) -> AsyncConnection:
        acquired = self._acquire()
        with translated():
            self._connection = await acquired.__aenter__()
        self._acquired = acquired
        return self._connection

    async def _reconnect(self) -> AsyncConnection:
        await self._release(None, None, None)
        return await self._connect()

    async def _release(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        acquired, self._acquired, self._connection = self._acquired, None, None
        # Without commit the transaction is left open here, and closing the connection rolls back.
        with translated():
            if acquired is not None:
                await acquired.__aexit__(exc_type, exc, traceback)

    async def commit(self) -> None:
        if self._connection is None:
            raise RuntimeError("commit outside the unit of work's block")
        with translated():
            await self._connection.commit()
        if self._signal is not None and self.outbox.has_added:
            self._signal.notify()

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self._release(exc_type, exc, traceback)


class SqlUnitOfWorkFactory(UnitOfWorkFactory):
    """Units on the primary; readings that may lag go to the replica where there is one."""

    def __init__(
        self,
        primary: Database,
        replica: Database | None = None,
        signal: DeliverySignal | None = None,
    ) -> None:
        self._primary = primary
        self._lagging = ReplicaFirst(primary, replica) if replica else primary
        self._signal = signal

    def __call__(self) -> SqlUnitOfWork:
        return SqlUnitOfWork(self._primary.writing, self._signal)

    async def idempotent(self, work: Callable[[UnitOfWork], Awaitable[Result]]) -> Result:
        return await once_more(lambda: super(SqlUnitOfWorkFactory, self).idempotent(work))

    def reading(self, *, may_lag: bool = False) -> SqlUnitOfWork:
        source = self._lagging if may_lag else self._primary
        return SqlUnitOfWork(source.reading, reads=True)
