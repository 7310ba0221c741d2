"""Units of work as database transactions."""

from contextlib import AbstractAsyncContextManager
from types import TracebackType
from typing import Self

from sqlalchemy.ext.asyncio import AsyncConnection

from adapters.sql.credentials import SqlCredentialRepository
from adapters.sql.engine import Database
from adapters.sql.errors import translated
from adapters.sql.events import SqlEventRepository
from adapters.sql.roles import SqlRoleRepository
from adapters.sql.sessions import SqlSessionRepository
from adapters.sql.signing_keys import SqlSigningKeyRepository
from adapters.sql.statements import StatementRunner
from adapters.sql.users import SqlUserRepository
from application.ports.unit_of_work import UnitOfWork, UnitOfWorkFactory


class SqlUnitOfWork(UnitOfWork):
    """One connection for the length of the block."""

    def __init__(self, acquire: AbstractAsyncContextManager[AsyncConnection]) -> None:
        self._acquire = acquire
        self._connection: AsyncConnection | None = None

    async def __aenter__(self) -> Self:
        with translated():
            self._connection = await self._acquire.__aenter__()
        runner = StatementRunner(self._connection)
        self.users = SqlUserRepository(runner)
        self.credentials = SqlCredentialRepository(runner)
        self.sessions = SqlSessionRepository(runner)
        self.roles = SqlRoleRepository(runner)
        self.events = SqlEventRepository(runner)
        self.signing_keys = SqlSigningKeyRepository(runner)
        return self

    async def commit(self) -> None:
        if self._connection is None:
            raise RuntimeError("commit outside the unit of work's block")
        with translated():
            await self._connection.commit()

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

    def __init__(self, primary: Database, replica: Database | None = None) -> None:
        self._primary = primary
        self._replica = replica or primary

    def __call__(self) -> SqlUnitOfWork:
        return SqlUnitOfWork(self._primary.writing())

    def reading(self, *, may_lag: bool = False) -> SqlUnitOfWork:
        return SqlUnitOfWork((self._replica if may_lag else self._primary).reading())
