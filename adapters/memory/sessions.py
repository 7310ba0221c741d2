"""Sessions in memory."""

from dataclasses import replace
from datetime import datetime
from uuid import UUID

from adapters.memory.records import MemoryDatabase, Records
from adapters.memory.selection import newest_first, permissions_of
from application.ports.sessions import (
    LiveAt,
    LiveSession,
    Rotation,
    SessionLookup,
    SessionRefresher,
    SessionRepository,
)
from domain.sessions import InvalidCredentials, Session, SessionEnd
from domain.users import User


class MemorySessionRepository(SessionRepository):
    def __init__(self, records: Records) -> None:
        self._records = records

    async def open(self, session: Session, password_hash: str) -> None:
        user = self._records.users.get(session.user_id)
        credential = self._records.credentials.get(session.user_id)
        if user is None or not user.is_active:
            raise InvalidCredentials
        if credential is None or credential.password_hash != password_hash:
            raise InvalidCredentials
        self._records.sessions[session.id] = session

    async def get(self, session_id: UUID) -> Session | None:
        return self._records.sessions.get(session_id)

    async def page(
        self, user_id: UUID, live: LiveAt, before: UUID | None, limit: int
    ) -> list[Session]:
        theirs = (
            session
            for session in self._records.sessions.values()
            if session.user_id == user_id and _is_live(session, live)
        )
        return newest_first(theirs, before, limit)

    async def set_auth_time(self, session_id: UUID, at: datetime) -> None:
        session = self._records.sessions.get(session_id)
        if session is not None:
            self._records.sessions[session_id] = replace(session, auth_time=at)

    async def end(self, session_id: UUID, at: datetime, reason: SessionEnd) -> bool:
        session = self._records.sessions.get(session_id)
        if session is None or session.ended_at is not None:
            return False
        self._records.sessions[session_id] = replace(session, ended_at=at, end_reason=reason)
        return True

    async def end_all(
        self, user_id: UUID, at: datetime, reason: SessionEnd, *, besides: UUID | None = None
    ) -> int:
        theirs = [
            session.id
            for session in self._records.sessions.values()
            if session.user_id == user_id and session.id != besides
        ]
        return sum([await self.end(session_id, at, reason) for session_id in theirs])


def _is_live(session: Session, live: LiveAt) -> bool:
    return (
        session.ended_at is None
        and session.expires_at > live.at
        and session.last_used_at > live.idle_since
    )


class MemorySessionLookup(SessionLookup):
    def __init__(self, database: MemoryDatabase) -> None:
        self._database = database

    async def find_live(self, session_id: UUID, user_id: UUID, at: datetime) -> LiveSession | None:
        records = self._database.committed
        session = records.sessions.get(session_id)
        user = records.users.get(user_id)
        if session is None or user is None or session.user_id != user_id:
            return None
        if session.ended_at is not None or session.expires_at <= at or not user.is_active:
            return None
        return LiveSession(
            session_id=session_id,
            user=user,
            permissions=permissions_of(records, user.roles),
            auth_time=session.auth_time,
        )


class MemorySessionRefresher(SessionRefresher):
    def __init__(self, database: MemoryDatabase) -> None:
        self._database = database

    async def find(self, session_id: UUID) -> tuple[Session, User] | None:
        records = self._database.committed
        session = records.sessions.get(session_id)
        user = records.users.get(session.user_id) if session else None
        return (session, user) if session and user else None

    async def rotate(self, rotation: Rotation) -> bool:
        async with self._database.write_gate:
            records = self._database.committed.copy()
            session = records.sessions.get(rotation.session_id)
            if session is None or session.generation != rotation.generation:
                return False
            if not _is_live(session, rotation.live):
                return False
            records.sessions[session.id] = session.rotated(
                rotation.live.at, ip=rotation.ip, user_agent=rotation.user_agent
            )
            self._database.committed = records
            return True
