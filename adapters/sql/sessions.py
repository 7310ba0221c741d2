"""Sessions in SQL, and the statement behind every authenticated request."""

from dataclasses import asdict
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Row, insert, select, update

from adapters.sql.engine import Database
from adapters.sql.errors import translated
from adapters.sql.fixed_statements import FixedStatement, parameter
from adapters.sql.hot_statements import HotStatement
from adapters.sql.statements import StatementRunner, once_more
from adapters.sql.tables import sessions, users
from adapters.sql.users import PERMISSION_NAMES, ROLE_NAMES, split_names, user_from_row
from application.ports.sessions import (
    LiveAt,
    LiveSession,
    Rotation,
    SessionLookup,
    SessionRepository,
)
from domain.sessions import Session, SessionEnd
from domain.users import UserStatus


def _to_row(session: Session) -> dict[str, Any]:
    row = asdict(session)
    row["amr"] = list(session.amr)
    row["end_reason"] = session.end_reason.value if session.end_reason else None
    return row


def _from_row(row: Row[Any]) -> Session:
    values = row._asdict()
    values["amr"] = tuple(values["amr"])
    values["end_reason"] = SessionEnd(values["end_reason"]) if values["end_reason"] else None
    return Session(**values)


class SqlSessionRepository(SessionRepository):
    def __init__(self, runner: StatementRunner) -> None:
        self._run = runner.run

    async def add(self, session: Session) -> None:
        await self._run(insert(sessions).values(_to_row(session)))

    async def get(self, session_id: UUID) -> Session | None:
        row = (await self._run(select(sessions).where(sessions.c.id == session_id))).one_or_none()
        return _from_row(row) if row else None

    async def rotate(self, rotation: Rotation) -> Session | None:
        statement = (
            update(sessions)
            .where(
                sessions.c.id == rotation.session_id,
                sessions.c.generation == rotation.generation,
                *_is_live(rotation.live),
            )
            .values(
                generation=sessions.c.generation + 1,
                rotated_at=rotation.live.at,
                last_used_at=rotation.live.at,
                ip=rotation.ip,
                user_agent=rotation.user_agent,
            )
            .returning(sessions)
        )
        row = (await self._run(statement)).one_or_none()
        return _from_row(row) if row else None

    async def page(
        self, user_id: UUID, live: LiveAt, before: UUID | None, limit: int
    ) -> list[Session]:
        statement = (
            select(sessions)
            .where(sessions.c.user_id == user_id, *_is_live(live))
            .order_by(sessions.c.id.desc())
            .limit(limit)
        )
        if before is not None:
            statement = statement.where(sessions.c.id < before)
        return [_from_row(row) for row in await self._run(statement)]

    async def set_auth_time(self, session_id: UUID, at: datetime) -> None:
        await self._run(update(sessions).where(sessions.c.id == session_id).values(auth_time=at))

    async def end(self, session_id: UUID, at: datetime, reason: SessionEnd) -> bool:
        result = await self._run(
            update(sessions)
            .where(sessions.c.id == session_id, sessions.c.ended_at.is_(None))
            .values(ended_at=at, end_reason=reason.value)
        )
        return bool(result.rowcount)

    async def end_all(
        self, user_id: UUID, at: datetime, reason: SessionEnd, *, besides: UUID | None = None
    ) -> int:
        statement = (
            update(sessions)
            .where(sessions.c.user_id == user_id, sessions.c.ended_at.is_(None))
            .values(ended_at=at, end_reason=reason.value)
        )
        if besides is not None:
            statement = statement.where(sessions.c.id != besides)
        return (await self._run(statement)).rowcount


def _is_live(live: LiveAt) -> tuple[ColumnElement[bool], ...]:
    return (
        sessions.c.ended_at.is_(None),
        sessions.c.expires_at > live.at,
        sessions.c.last_used_at > live.idle_since,
    )


_LIVE_SESSION = (
    select(users, ROLE_NAMES, PERMISSION_NAMES, sessions.c.auth_time)
    .select_from(sessions.join(users, users.c.id == sessions.c.user_id))
    .where(
        sessions.c.id == parameter("session_id"),
        sessions.c.user_id == parameter("user_id"),
        sessions.c.ended_at.is_(None),
        sessions.c.expires_at > parameter("at"),
        users.c.status == UserStatus.ACTIVE.value,
    )
)


class SqlSessionLookup(SessionLookup):
    """On the primary, in autocommit: one statement, one round trip."""

    def __init__(self, primary: Database) -> None:
        self._live_session = HotStatement(primary, FixedStatement(_LIVE_SESSION))

    async def find_live(self, session_id: UUID, user_id: UUID, at: datetime) -> LiveSession | None:
        parameters = {"session_id": session_id, "user_id": user_id, "at": at}
        row = await once_more(lambda: self._find(parameters))
        if row is None:
            return None
        return LiveSession(
            session_id=session_id,
            user=user_from_row(row),
            permissions=split_names(row.permission_names),
            auth_time=row.auth_time,
        )

    async def _find(self, parameters: dict[str, object]) -> Any:
        with translated():
            return await self._live_session.one_or_none(**parameters)
