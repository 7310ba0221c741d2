"""Sessions in SQL, and the statement behind every authenticated request."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import bindparam, func, insert, select, update

from adapters.sql.engine import Database
from adapters.sql.errors import translated
from adapters.sql.statements import StatementRunner
from adapters.sql.tables import role_permissions, sessions, user_roles, users
from adapters.sql.users import ROLE_NAMES, split_names, user_from_row
from application.ports.sessions import LiveSession, SessionLookup, SessionRepository
from domain.sessions import Session
from domain.users import UserStatus


class SqlSessionRepository(SessionRepository):
    def __init__(self, runner: StatementRunner) -> None:
        self._run = runner.run

    async def add(self, session: Session) -> None:
        await self._run(
            insert(sessions).values(
                id=session.id,
                user_id=session.user_id,
                client_id=session.client_id,
                amr=list(session.amr),
                auth_time=session.auth_time,
                ip=session.ip,
                user_agent=session.user_agent,
                created_at=session.created_at,
                last_used_at=session.last_used_at,
                expires_at=session.expires_at,
            )
        )

    async def end(self, session_id: UUID, at: datetime, reason: str) -> bool:
        result = await self._run(
            update(sessions)
            .where(sessions.c.id == session_id, sessions.c.ended_at.is_(None))
            .values(ended_at=at, end_reason=reason)
        )
        return bool(result.rowcount)

    async def end_all(
        self, user_id: UUID, at: datetime, reason: str, *, besides: UUID | None = None
    ) -> int:
        statement = (
            update(sessions)
            .where(sessions.c.user_id == user_id, sessions.c.ended_at.is_(None))
            .values(ended_at=at, end_reason=reason)
        )
        if besides is not None:
            statement = statement.where(sessions.c.id != besides)
        return (await self._run(statement)).rowcount


_PERMISSION_NAMES = (
    select(func.aggregate_strings(role_permissions.c.permission_name, ","))
    .select_from(
        user_roles.join(role_permissions, role_permissions.c.role_name == user_roles.c.role_name)
    )
    .where(user_roles.c.user_id == users.c.id)
    .correlate(users)
    .scalar_subquery()
    .label("permission_names")
)

_LIVE_SESSION = (
    select(users, ROLE_NAMES, _PERMISSION_NAMES, sessions.c.auth_time)
    .select_from(sessions.join(users, users.c.id == sessions.c.user_id))
    .where(
        sessions.c.id == bindparam("session_id"),
        sessions.c.user_id == bindparam("user_id"),
        sessions.c.ended_at.is_(None),
        sessions.c.expires_at > bindparam("at"),
        users.c.status == UserStatus.ACTIVE.value,
    )
)


class SqlSessionLookup(SessionLookup):
    """On the primary, in autocommit: one statement, one round trip."""

    def __init__(self, primary: Database) -> None:
        self._primary = primary

    async def find_live(self, session_id: UUID, user_id: UUID, at: datetime) -> LiveSession | None:
        parameters = {"session_id": session_id, "user_id": user_id, "at": at}
        with translated():
            async with self._primary.reading() as connection:
                row = (await connection.execute(_LIVE_SESSION, parameters)).one_or_none()
        if row is None:
            return None
        return LiveSession(
            session_id=session_id,
            user=user_from_row(row),
            permissions=split_names(row.permission_names),
            auth_time=row.auth_time,
        )
