"""Units of work over dictionaries: writes are staged on a copy and put in place by commit."""

from types import TracebackType
from typing import Self

from adapters.memory.api_keys import MemoryApiKeyRepository
from adapters.memory.backoff import MemoryBackoffRepository
from adapters.memory.credentials import MemoryCredentialRepository
from adapters.memory.events import MemoryEventRepository
from adapters.memory.idempotency import MemoryIdempotencyRepository
from adapters.memory.items import MemoryItemRepository
from adapters.memory.jobs import MemoryJobRepository
from adapters.memory.links import MemoryLinkRepository
from adapters.memory.outbox import MemoryOutboxRepository
from adapters.memory.permissions import MemoryPermissionRepository
from adapters.memory.records import MemoryDatabase, Records
from adapters.memory.retention import MemoryRetentionRepository
from adapters.memory.roles import MemoryRoleRepository
from adapters.memory.sessions import MemorySessionRepository
from adapters.memory.signing_keys import MemorySigningKeyRepository
from adapters.memory.transfer import MemoryTransferRepository
from adapters.memory.users import MemoryUserRepository
from application.ports.outbox import DeliverySignal
from application.ports.unit_of_work import UnitOfWork, UnitOfWorkFactory


class MemoryUnitOfWork(UnitOfWork):
    outbox: MemoryOutboxRepository

    def __init__(
        self, database: MemoryDatabase, *, writes: bool, signal: DeliverySignal | None = None
    ) -> None:
        self._database = database
        self._writes = writes
        self._signal = signal
        self._staged: Records | None = None

    async def __aenter__(self) -> Self:
        if self._writes:
            await self._database.write_gate.acquire()
        records = self._database.committed.copy() if self._writes else self._database.latest()
        self._staged = records
        self.users = MemoryUserRepository(records)
        self.credentials = MemoryCredentialRepository(records)
        self.sessions = MemorySessionRepository(records)
        self.roles = MemoryRoleRepository(records)
        self.api_keys = MemoryApiKeyRepository(records)
        self.permissions = MemoryPermissionRepository(records)
        self.items = MemoryItemRepository(records)
        self.events = MemoryEventRepository(records)
        self.signing_keys = MemorySigningKeyRepository(records)
        self.links = MemoryLinkRepository(records)
        self.outbox = MemoryOutboxRepository(records)
        self.jobs = MemoryJobRepository(records)
        self.retention = MemoryRetentionRepository(records)
        self.idempotency = MemoryIdempotencyRepository(records)
        self.transfer = MemoryTransferRepository(records)
        self.backoff = MemoryBackoffRepository(records)
        return self

    async def commit(self) -> None:
        if self._staged is None:
            raise RuntimeError("commit outside the unit of work's block")
        if self._writes:
            # A copy: what is written after the commit is not part of it.
            self._database.committed = self._staged.copy()
        if self._signal is not None and self.outbox.has_added:
            self._signal.notify()

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._staged = None
        if self._writes:
            self._database.write_gate.release()


class MemoryUnitOfWorkFactory(UnitOfWorkFactory):
    def __init__(self, database: MemoryDatabase, signal: DeliverySignal | None = None) -> None:
        self._database = database
        self._signal = signal

    def __call__(self) -> MemoryUnitOfWork:
        return MemoryUnitOfWork(self._database, writes=True, signal=self._signal)

    def reading(self, *, may_lag: bool = False) -> MemoryUnitOfWork:
        return MemoryUnitOfWork(self._database, writes=False)
