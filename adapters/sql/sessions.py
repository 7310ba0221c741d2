"""Sessions in SQL, and the statement behind every authenticated request."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Row, and_, insert, select, update

from adapters.sql.batched_lookups import BatchedLookup
from adapters.sql.credentials import IS_PASSWORD
from adapters.sql.engine import Database
from adapters.sql.fixed_statements import FixedStatement, parameter
from adapters.sql.rotations import BatchedRotation, is_live
from adapters.sql.statements import StatementRunner, every_column
from adapters.sql.tables import credentials, sessions, users
from adapters.sql.users import PERMISSION_NAMES, ROLE_NAMES, split_names, user_from_row
from application.ports.sessions import (
    LiveAt,
    LiveSession,
    Rotation,
    SessionLookup,
    SessionRefresher,
    SessionRepository,
)
from domain.sessions import Session, SessionEnd
from domain.users import User, UserStatus


def _to_row(session: Session) -> dict[str, Any]:
    return vars(session) | {
        "amr": list(session.amr),
        "end_reason": session.end_reason.value if session.end_reason else None,
    }


def _from_row(row: Row[Any]) -> Session:
    return _session(row._asdict())


def _session(values: dict[str, Any]) -> Session:
    values["amr"] = tuple(values["amr"])
    values["end_reason"] = SessionEnd(values["end_reason"]) if values["end_reason"] else None
    return Session(**values)


_PROVEN_OWNER = (
    select(users.c.id)
    .select_from(users.join(credentials, and_(credentials.c.user_id == users.c.id, IS_PASSWORD)))
    .where(
        users.c.id == parameter("owner_id"),
        users.c.status == UserStatus.ACTIVE.value,
        credentials.c.secret_hash == parameter("password_hash"),
    )
    # Of both rows: whoever has waited for a change of either looks at what it has become.
    .with_for_update(of=[users, credentials])
    .scalar_subquery()
)
# Where there is none the session has no owner, which the table refuses: check and insert are one.
_OPEN = FixedStatement(insert(sessions).values(every_column(sessions) | {"user_id": _PROVEN_OWNER}))
_GET = FixedStatement(select(sessions).where(sessions.c.id == parameter("session_id")))


class SqlSessionRepository(SessionRepository):
    def __init__(self, runner: StatementRunner) -> None:
        self._run = runner.run
        self._row = runner.row
        self._later = runner.later

    async def open(self, session: Session, password_hash: str) -> None:
        await self._later(
            _OPEN, owner_id=session.user_id, password_hash=password_hash, **_to_row(session)
        )

    async def get(self, session_id: UUID) -> Session | None:
        row = await self._row(_GET, session_id=session_id)
        return _from_row(row) if row else None

    async def page(
        self, user_id: UUID, live: LiveAt, before: UUID | None, limit: int
    ) -> list[Session]:
        statement = (
            select(sessions)
            .where(sessions.c.user_id == user_id, *is_live(live.at, live.idle_since))
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


_LIVE_SESSIONS = (
    select(
        users,
        ROLE_NAMES,
        PERMISSION_NAMES,
        sessions.c.id.label("session_id"),
        sessions.c.auth_time,
        sessions.c.expires_at,
    )
    .select_from(sessions.join(users, users.c.id == sessions.c.user_id))
    .where(sessions.c.ended_at.is_(None), users.c.status == UserStatus.ACTIVE.value)
)


class SqlSessionLookup(SessionLookup):
    """On the primary, in autocommit: one statement, one round trip."""

    def __init__(self, primary: Database) -> None:
        self._live = BatchedLookup(primary, _LIVE_SESSIONS, sessions.c.id, "session_id")

    async def find_live(self, session_id: UUID, user_id: UUID, at: datetime) -> LiveSession | None:
        row = await self._live.find(session_id)
        if row is None or row.id != user_id or row.expires_at <= at:
            return None
        return LiveSession(
            session_id=session_id,
            user=user_from_row(row),
            permissions=split_names(row.permission_names),
            auth_time=row.auth_time,
        )


_COLUMNS = tuple(sessions.c.keys())
_WITH_ACCOUNT = select(
    users,
    ROLE_NAMES,
    # Last, and under names of their own: the account has columns of the same names.
    *(column.label(f"session_{column.name}") for column in sessions.c),
).select_from(sessions.join(users, users.c.id == sessions.c.user_id))


class SqlSessionRefresher(SessionRefresher):
    def __init__(self, primary: Database) -> None:
        self._with_account = BatchedLookup(primary, _WITH_ACCOUNT, sessions.c.id, "session_id")
        self._rotations = BatchedRotation(primary)

    async def find(self, session_id: UUID) -> tuple[Session, User] | None:
        row = await self._with_account.find(session_id)
        if row is None:
            return None
        values = dict(zip(_COLUMNS, row[-len(_COLUMNS) :], strict=True))
        return _session(values), user_from_row(row)

    async def rotate(self, rotation: Rotation) -> bool:
        return await self._rotations.rotate(rotation)
