"""The boundary of what happens together or not at all."""

from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable
from types import TracebackType
from typing import Self, TypeVar

from application.ports.api_keys import ApiKeyRepository
from application.ports.backoff import BackoffRepository
from application.ports.events import EventRepository
from application.ports.idempotency import IdempotencyRepository
from application.ports.items import ItemRepository
from application.ports.jobs import JobRepository
from application.ports.links import LinkRepository
from application.ports.outbox import OutboxRepository
from application.ports.passwords import CredentialRepository
from application.ports.permissions import PermissionRepository
from application.ports.retention import RetentionRepository
from application.ports.roles import RoleRepository
from application.ports.sessions import SessionRepository
from application.ports.signing_keys import SigningKeyRepository
from application.ports.transfer import TransferRepository
from application.ports.users import UserRepository

Result = TypeVar("Result")


class UnitOfWork(ABC):
    """`async with factory() as uow:` ... `await uow.commit()`. Leaving without commit rolls back.

    A write may be kept back until the unit reads or commits: what it is refused with comes then.
    Entering and every use of a repository raise Unavailable when the database is away or its pool
    is exhausted. After `commit()` the unit is over.
    """

    users: UserRepository
    credentials: CredentialRepository
    sessions: SessionRepository
    roles: RoleRepository
    api_keys: ApiKeyRepository
    permissions: PermissionRepository
    items: ItemRepository
    events: EventRepository
    signing_keys: SigningKeyRepository
    links: LinkRepository
    outbox: OutboxRepository
    jobs: JobRepository
    retention: RetentionRepository
    idempotency: IdempotencyRepository
    transfer: TransferRepository
    backoff: BackoffRepository

    @abstractmethod
    async def __aenter__(self) -> Self: ...

    @abstractmethod
    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None: ...

    @abstractmethod
    async def commit(self) -> None:
        """Makes everything durable, or raises and makes nothing so."""


class UnitOfWorkFactory(ABC):
    """Hands out units of work; cheap to keep, safe to share between tasks."""

    @abstractmethod
    def __call__(self) -> UnitOfWork:
        """A unit that may write.

        Take locks in this order: administrators, then roles and permissions, then users.
        """

    def single(self) -> UnitOfWork:
        """A unit of one statement and its commit, which may be done in one trip."""
        return self()

    async def idempotent(self, work: Callable[[UnitOfWork], Awaitable[Result]]) -> Result:
        """`work` in a unit that may write, and commits; once more if the database interrupts it.

        For work that may happen twice: when a connection drops during the commit, nobody knows
        whether that went through.
        """
        async with self() as uow:
            return await work(uow)

    @abstractmethod
    def reading(self, *, may_lag: bool = False) -> UnitOfWork:
        """A unit that only reads: each statement sees what was committed before it.

        One that the database interrupts is repeated once.

        `may_lag` allows a replica: for lists and exports, never to decide anything.
        """
