"""Keeping sessions, and the one look-up behind every authenticated request."""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from domain.sessions import Session
from domain.users import User


class SessionRepository(ABC):
    """Signed-in devices."""

    @abstractmethod
    async def add(self, session: Session) -> None: ...

    @abstractmethod
    async def end(self, session_id: UUID, at: datetime, reason: str) -> bool:
        """One conditional UPDATE; False if the session had ended already or never was."""

    @abstractmethod
    async def end_all(
        self, user_id: UUID, at: datetime, reason: str, *, besides: UUID | None = None
    ) -> int:
        """Ends every live session of the account but one; how many that were."""


@dataclass(frozen=True, kw_only=True)
class LiveSession:
    """A session that is neither ended nor expired, of an account that is active."""

    session_id: UUID
    user: User
    permissions: frozenset[str]
    auth_time: datetime


class SessionLookup(ABC):
    """Authentication's only question to the database. Always asked of the primary."""

    @abstractmethod
    async def find_live(self, session_id: UUID, user_id: UUID, at: datetime) -> LiveSession | None:
        """One statement, outside any unit of work: session, account, roles and permissions."""
