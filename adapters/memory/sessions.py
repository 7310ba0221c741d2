"""Sessions in memory."""

from dataclasses import replace
from datetime import datetime
from uuid import UUID

from adapters.memory.records import MemoryDatabase, Records, StoredSession
from application.ports.sessions import LiveSession, SessionLookup, SessionRepository
from domain.sessions import Session


class MemorySessionRepository(SessionRepository):
    def __init__(self, records: Records) -> None:
        self._records = records

    async def add(self, session: Session) -> None:
        self._records.sessions[session.id] = StoredSession(session=session)

    async def end(self, session_id: UUID, at: datetime, reason: str) -> bool:
        stored = self._records.sessions.get(session_id)
        if stored is None or stored.ended_at is not None:
            return False
        self._records.sessions[session_id] = replace(stored, ended_at=at, end_reason=reason)
        return True

    async def end_all(
        self, user_id: UUID, at: datetime, reason: str, *, besides: UUID | None = None
    ) -> int:
        theirs = [
            session_id
            for session_id, stored in self._records.sessions.items()
            if stored.session.user_id == user_id and session_id != besides
        ]
        return sum([await self.end(session_id, at, reason) for session_id in theirs])


class MemorySessionLookup(SessionLookup):
    def __init__(self, database: MemoryDatabase) -> None:
        self._database = database

    async def find_live(self, session_id: UUID, user_id: UUID, at: datetime) -> LiveSession | None:
        records = self._database.committed
        stored = records.sessions.get(session_id)
        user = records.users.get(user_id)
        if stored is None or user is None or stored.session.user_id != user_id:
            return None
        if stored.ended_at is not None or stored.session.expires_at <= at or not user.is_active:
            return None
        held = (records.role_permissions.get(role, frozenset()) for role in user.roles)
        return LiveSession(
            session_id=session_id,
            user=user,
            permissions=frozenset().union(*held),
            auth_time=stored.session.auth_time,
        )
