"""Handing accounts out, page by page, for another installation or a backup."""

from dataclasses import dataclass
from uuid import UUID

from application.audit import EventFactory
from application.ports.unit_of_work import UnitOfWorkFactory
from domain.access import Actor, require_trusted
from domain.events import EventKind
from domain.transfer import AccountRecord

PAGE_ACCOUNTS = 500


@dataclass(frozen=True, kw_only=True)
class ExportUsersQuery:
    actor: Actor
    with_secrets: bool = False
    """With password hashes and what verifies API keys."""
    after: UUID | None = None
    """The id of the last account of the page before; None begins."""


class ExportUsers:
    """Operators only. Pages by ascending id; an empty one is the end.

    Every account that is there from the first page to the last is in exactly one of them, as it was
    when that page was read. Beginning is an event, before anything is handed out.
    Raises NotAuthenticated, PermissionMissing, Unavailable.
    """

    def __init__(self, *, uow: UnitOfWorkFactory, events: EventFactory) -> None:
        self._uow = uow
        self._events = events

    async def execute(self, query: ExportUsersQuery) -> list[AccountRecord]:
        require_trusted(query.actor)
        if query.after is None:
            async with self._uow() as uow:
                await uow.events.add(
                    self._events.success(
                        EventKind.USERS_EXPORTED, query.actor, with_secrets=query.with_secrets
                    )
                )
                await uow.commit()
        async with self._uow.reading(may_lag=True) as uow:
            return await uow.transfer.page(
                query.after, PAGE_ACCOUNTS, with_secrets=query.with_secrets
            )
