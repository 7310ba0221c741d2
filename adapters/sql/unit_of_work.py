"""Units of work as database transactions."""

from contextlib import AbstractAsyncContextManager
from types import TracebackType
from typing import Self

from sqlalchemy.ext.asyncio import AsyncConnection

from adapters.sql.api_keys import SqlApiKeyRepository
from adapters.sql.credentials import SqlCredentialRepository
from adapters.sql.engine import Database
from adapters.sql.errors import translated
from adapters.sql.events import SqlEventRepository
from adapters.sql.idempotency import SqlIdempotencyRepository
from adapters.sql.jobs import SqlJobRepository
from adapters.sql.links import SqlLinkRepository
from adapters.sql.outbox import SqlOutboxRepository
from adapters.sql.retention import SqlRetentionRepository
from adapters.sql.roles import SqlRoleRepository
from adapters.sql.sessions import SqlSessionRepository
from adapters.sql.signing_keys import SqlSigningKeyRepository
from adapters.sql.statements import StatementRunner
from adapters.sql.users import SqlUserRepository
from application.ports.outbox import DeliverySignal
from application.ports.unit_of_work import UnitOfWork, UnitOfWorkFactory


class SqlUnitOfWork(UnitOfWork):
    """One connection for the length of the block."""

    outbox: SqlOutboxRepository

    def __init__(
        self,
        acquire: AbstractAsyncContextManager[AsyncConnection],
        signal: DeliverySignal | None = None,
    ) -> None:
        self._acquire = acquire
        self._signal = signal
        self._connection: AsyncConnection | None = None

    async def __aenter__(self) -> Self:
        with translated():
            self._connection = await self._acquire.__aenter__()
        runner = StatementRunner(self._connection)
        self.users = SqlUserRepository(runner)
        self.credentials = SqlCredentialRepository(runner)
        self.sessions = SqlSessionRepository(runner)
        self.roles = SqlRoleRepository(runner)
        self.api_keys = SqlApiKeyRepository(runner)
        self.events = SqlEventRepository(runner)
        self.signing_keys = SqlSigningKeyRepository(runner)
        self.links = SqlLinkRepository(runner)
        self.outbox = SqlOutboxRepository(runner)
        self.jobs = SqlJobRepository(runner)
        self.retention = SqlRetentionRepository(runner)
        self.idempotency = SqlIdempotencyRepository(runner)
        return self

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
        self._connection = None
        # Without commit the transaction is left open here, and closing the connection rolls back.
        with translated():
            await self._acquire.__aexit__(exc_type, exc, traceback)


class SqlUnitOfWorkFactory(UnitOfWorkFactory):
    """Units on the primary; readings that may lag go to the replica where there is one."""

    def __init__(
        self,
        primary: Database,
        replica: Database | None = None,
        signal: DeliverySignal | None = None,
    ) -> None:
        self._primary = primary
        self._replica = replica or primary
        self._signal = signal

    def __call__(self) -> SqlUnitOfWork:
        return SqlUnitOfWork(self._primary.writing(), self._signal)

    def reading(self, *, may_lag: bool = False) -> SqlUnitOfWork:
        return SqlUnitOfWork((self._replica if may_lag else self._primary).reading())
