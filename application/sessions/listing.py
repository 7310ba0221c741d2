"""Seeing sessions."""

from dataclasses import dataclass
from uuid import UUID

from application.pages import CursorCodec
from application.ports.clock import Clock
from application.ports.sessions import LiveAt
from application.ports.unit_of_work import UnitOfWorkFactory
from domain.access import Actor, require, require_session, require_visible
from domain.errors import NotFound
from domain.pages import Page
from domain.roles import USERS_READ, USERS_WRITE
from domain.sessions import RefreshRules, Session


@dataclass(frozen=True, kw_only=True)
class ListSessionsQuery:
    """`user_id` None: the caller's own."""

    actor: Actor
    user_id: UUID | None = None
    limit: int
    cursor: str | None = None


class ListSessions:
    """Live sessions: one's own for a signed-in user, anybody's for holders of `users:write`.

    Raises NotAuthenticated, PermissionMissing, NotFound, InvalidCursor.
    """

    def __init__(
        self, *, uow: UnitOfWorkFactory, cursors: CursorCodec, rules: RefreshRules, clock: Clock
    ) -> None:
        self._uow = uow
        self._cursors = cursors
        self._rules = rules
        self._clock = clock

    async def execute(self, query: ListSessionsQuery) -> Page[Session]:
        actor = query.actor
        user_id = query.user_id or require_session(actor)[0]
        if query.user_id is not None and not actor.may(USERS_WRITE):
            require_visible(actor, user_id, USERS_READ)
            require(actor, USERS_WRITE)
        filters = {"user_id": str(user_id)}
        before = self._cursors.decode(
            query.cursor, listing="sessions", filters=filters, actor=actor
        )
        now = self._clock.now()
        live = LiveAt(at=now, idle_since=self._rules.idle_since(now))
        async with self._uow.reading() as uow:
            if query.user_id is not None and await uow.users.get(user_id) is None:
                raise NotFound
            found = await uow.sessions.page(user_id, live, before, query.limit + 1)
        return self._cursors.page(
            found, query.limit, listing="sessions", filters=filters, actor=actor
        )
