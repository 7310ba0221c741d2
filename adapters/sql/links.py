"""Links in SQL."""

from collections.abc import Collection
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import delete, exists, insert, select, update

from adapters.sql.fixed_statements import FixedStatement, parameter
from adapters.sql.statements import StatementRunner, insert_for_account
from adapters.sql.tables import links
from application.ports.links import LinkRepository
from domain.addresses import EmailAddress
from domain.links import Link, LinkPurpose

_newer = links.alias("newer")
_HAS_NEWER = exists().where(
    _newer.c.user_id == links.c.user_id,
    _newer.c.purpose == links.c.purpose,
    # Ids are UUIDv7: they grow with time.
    _newer.c.id > links.c.id,
)


_INSERT = insert_for_account(links)
_INSERT_FIRST = FixedStatement(insert(links))
_REPLACE = FixedStatement(
    delete(links).where(
        links.c.user_id == parameter("owner_id"), links.c.purpose == parameter("purpose")
    )
)
_GET = FixedStatement(select(links).where(links.c.id == parameter("link_id")))


class SqlLinkRepository(LinkRepository):
    def __init__(self, runner: StatementRunner) -> None:
        self._run = runner.run
        self._row = runner.row
        self._later = runner.later

    async def add(self, link: Link) -> None:
        await self._later(_REPLACE, owner_id=link.user_id, purpose=link.purpose.value)
        await self._later(_INSERT, **_to_row(link))

    async def add_first(self, link: Link) -> None:
        await self._later(_INSERT_FIRST, **_to_row(link))

    async def get(self, link_id: UUID) -> Link | None:
        row = await self._row(_GET, link_id=link_id)
        return link_from_row(row) if row else None

    async def use(
        self, link_id: UUID, purposes: Collection[LinkPurpose], at: datetime
    ) -> Link | None:
        statement = (
            update(links)
            .where(
                links.c.id == link_id,
                links.c.purpose.in_([purpose.value for purpose in purposes]),
                links.c.used_at.is_(None),
                links.c.expires_at > at,
                ~_HAS_NEWER,
            )
            .values(used_at=at)
            .returning(links)
        )
        row = (await self._run(statement)).one_or_none()
        return link_from_row(row) if row else None

    async def withdraw(self, user_id: UUID, purposes: Collection[LinkPurpose]) -> None:
        await self._run(
            delete(links).where(
                links.c.user_id == user_id,
                links.c.purpose.in_([purpose.value for purpose in purposes]),
                links.c.used_at.is_(None),
            )
        )


def _to_row(link: Link) -> dict[str, Any]:
    return {
        "id": link.id,
        "user_id": link.user_id,
        "purpose": link.purpose.value,
        "email": link.email.address,
        "created_at": link.created_at,
        "expires_at": link.expires_at,
        "used_at": link.used_at,
    }


def link_from_row(row: Any, prefix: str = "") -> Link:
    """`prefix`: of the names of its columns in that row."""
    values = {column.name: getattr(row, prefix + column.name) for column in links.c}
    values["purpose"] = LinkPurpose(values["purpose"])
    values["email"] = EmailAddress.of_stored(values["email"])
    return Link(**values)
