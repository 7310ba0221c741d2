"""Units of work as database transactions."""

from collections.abc import Awaitable, Callable, Mapping
from contextlib import AbstractAsyncContextManager
from types import TracebackType
from typing import Any, Self

from adapters.sql.api_keys import SqlApiKeyRepository
from adapters.sql.backoff import SqlBackoffRepository
from adapters.sql.channel import Channel
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

_REPOSITORIES: Mapping[str, Callable[[StatementRunner], Any]] = {
    "users": SqlUserRepository,
    "credentials": SqlCredentialRepository,
    "sessions": SqlSessionRepository,
    "roles": SqlRoleRepository,
    "api_keys": SqlApiKeyRepository,
    "permissions": SqlPermissionRepository,
    "items": SqlItemRepository,
    "events": SqlEventRepository,
    "signing_keys": SqlSigningKeyRepository,
    "links": SqlLinkRepository,
    "outbox": SqlOutboxRepository,
    "jobs": SqlJobRepository,
    "retention": SqlRetentionRepository,
    "idempotency": SqlIdempotencyRepository,
    "transfer": SqlTransferRepository,
    "backoff": SqlBackoffRepository,
}


class SqlUnitOfWork(UnitOfWork):
    """One connection for the length of the block; one that reads may go on on another."""

    outbox: SqlOutboxRepository

    def __init__(
        self,
        acquire: Callable[[], AbstractAsyncContextManager[Channel]],
        signal: DeliverySignal | None = None,
        *,
        reads: bool = False,
    ) -> None:
        self._acquire = acquire
        self._signal = signal
        self._reads = reads
        self._acquired: AbstractAsyncContextManager[Channel] | None = None
        self._channel: Channel | None = None

    async def __aenter__(self) -> Self:
        channel = await self._connect()
        self._runner = StatementRunner(channel, self._reconnect if self._reads else None)
        return self

    def __getattr__(self, name: str) -> Any:
        """A repository when it is first asked for: a unit needs three or four of them."""
        if name not in _REPOSITORIES or "_runner" not in vars(self):
            raise AttributeError(name)
        repository = _REPOSITORIES[name](self._runner)
        setattr(self, name, repository)
        return repository

    async def _connect(self) -> Channel:
        acquired = self._acquire()
        with translated():
            self._channel = await acquired.__aenter__()
        self._acquired = acquired
        return self._channel

    async def _reconnect(self) -> Channel:
        await self._release(None, None, None)
        return await self._connect()

    async def _release(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        acquired, self._acquired, self._channel = self._acquired, None, None
        # Without commit the transaction is left open here, and closing the connection rolls back.
        with translated():
            if acquired is not None:
                await acquired.__aexit__(exc_type, exc, traceback)

    async def commit(self) -> None:
        if self._channel is None:
            raise RuntimeError("commit outside the unit of work's block")
        await self._runner.settle(commits=True)
        with translated():
            await self._channel.commit()
        if self._signal is not None and "outbox" in vars(self) and self.outbox.has_added:
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

    def single(self) -> SqlUnitOfWork:
        if self._primary.is_sqlite:
            return self()
        # A statement without a transaction around it commits by itself.
        return SqlUnitOfWork(self._primary.reading, self._signal)

    async def idempotent(self, work: Callable[[UnitOfWork], Awaitable[Result]]) -> Result:
        return await once_more(lambda: super(SqlUnitOfWorkFactory, self).idempotent(work))

    def reading(self, *, may_lag: bool = False) -> SqlUnitOfWork:
        source = self._lagging if may_lag else self._primary
        return SqlUnitOfWork(source.reading, reads=True)
