"""Failed tries and known addresses in SQL, and the two tables that hold them."""

from datetime import datetime
from functools import cache
from uuid import UUID

from sqlalchemy import (
    Column,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    String,
    Table,
    delete,
    select,
    update,
)

from adapters.sql.column_types import UtcDateTime
from adapters.sql.fixed_statements import FixedStatement, parameter
from adapters.sql.statements import StatementRunner
from adapters.sql.tables import metadata
from adapters.sql.upserts import insert_for
from application.ports.backoff import BackoffRepository
from domain.backoff import FailedSignIns

sign_in_failures = Table(
    "sign_in_failures",
    metadata,
    # By a tag of the address that was tried: a failure says nothing of there being an account.
    Column("tag", LargeBinary, primary_key=True),
    Column("failures", Integer, nullable=False),
    Column("last_try_at", UtcDateTime, nullable=False),
    Index(None, "last_try_at"),
)

known_addresses = Table(
    "known_addresses",
    metadata,
    # An IPv4 address or the /64 of an IPv6 one: what is charged for attempts, too.
    Column("user_id", ForeignKey("users.id", ondelete="CASCADE"), primary_key=True),
    Column("address", String(64), primary_key=True),
    Column("last_signed_in_at", UtcDateTime, nullable=False),
    Index(None, "last_signed_in_at"),
)


@cache
def _add_failure(dialect: str) -> FixedStatement:
    statement = insert_for(dialect)(sign_in_failures)
    one_more = {
        "failures": sign_in_failures.c.failures + 1,
        "last_try_at": statement.excluded.last_try_at,
    }
    return FixedStatement(statement.on_conflict_do_update(index_elements=["tag"], set_=one_more))


@cache
def _remember(dialect: str) -> FixedStatement:
    statement = insert_for(dialect)(known_addresses)
    return FixedStatement(
        statement.on_conflict_do_update(
            index_elements=["user_id", "address"],
            set_={"last_signed_in_at": statement.excluded.last_signed_in_at},
        )
    )


_FORGET = FixedStatement(delete(sign_in_failures).where(sign_in_failures.c.tag == parameter("tag")))


class SqlBackoffRepository(BackoffRepository):
    def __init__(self, runner: StatementRunner) -> None:
        self._run = runner.run
        self._later = runner.later
        self._add_failure = _add_failure(runner.dialect)
        self._remember = _remember(runner.dialect)

    async def add_failure(self, tag: bytes, at: datetime) -> None:
        await self._later(self._add_failure, tag=tag, failures=1, last_try_at=at)

    async def claim_try(self, tag: bytes, seen: FailedSignIns, at: datetime) -> bool:
        statement = (
            update(sign_in_failures)
            .where(
                sign_in_failures.c.tag == tag,
                sign_in_failures.c.failures == seen.count,
                sign_in_failures.c.last_try_at == seen.last_try_at,
            )
            .values(last_try_at=at)
        )
        return bool((await self._run(statement)).rowcount)

    async def forget_failures(self, tag: bytes) -> None:
        await self._later(_FORGET, tag=tag)

    async def remember_address(self, user_id: UUID, address: str, at: datetime) -> None:
        await self._later(self._remember, user_id=user_id, address=address, last_signed_in_at=at)

    async def is_known(self, user_id: UUID, address: str, since: datetime) -> bool:
        statement = select(known_addresses.c.user_id).where(
            known_addresses.c.user_id == user_id,
            known_addresses.c.address == address,
            known_addresses.c.last_signed_in_at > since,
        )
        return (await self._run(statement)).one_or_none() is not None
