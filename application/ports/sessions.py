"""Keeping sessions, and what is asked of them too often for a unit of work."""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from domain.sessions import Session, SessionEnd
from domain.users import User


@dataclass(frozen=True, kw_only=True)
class LiveAt:
    """Live means: not ended, not expired at `at`, and used after `idle_since`."""

    at: datetime
    idle_since: datetime


@dataclass(frozen=True, kw_only=True)
class Rotation:
    """A refresh: the generation that is handed in, and where from."""

    session_id: UUID
    generation: int
    live: LiveAt
    ip: str | None
    user_agent: str | None


class SessionRepository(ABC):
    """Signed-in devices. A session that has ended stays until it is purged."""

    @abstractmethod
    async def open(self, session: Session, password_hash: str) -> None:
        """Adds it, if its account is active and this is its hash still.

        Neither changes until the unit of work ends. Raises InvalidCredentials where it does not
        hold, at the latest with the commit.
        """

    @abstractmethod
    async def get(self, session_id: UUID) -> Session | None:
        """The session in whatever state."""

    @abstractmethod
    async def page(
        self, user_id: UUID, live: LiveAt, before: UUID | None, limit: int
    ) -> list[Session]:
        """Live ones, newest first: at most `limit` whose id is lower than `before`."""

    @abstractmethod
    async def set_auth_time(self, session_id: UUID, at: datetime) -> None:
        """The user has just proved themselves again."""

    @abstractmethod
    async def end(self, session_id: UUID, at: datetime, reason: SessionEnd) -> bool:
        """One conditional UPDATE; False if the session had ended already or never was."""

    @abstractmethod
    async def end_all(
        self, user_id: UUID, at: datetime, reason: SessionEnd, *, besides: UUID | None = None
    ) -> int:
        """Ends every session of the account but one; how many that were."""


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


class SessionRefresher(ABC):
    """The two statements of a refresh, each a transaction of its own. Always on the primary.

    Either raises Unavailable where the database is away; one that the database interrupts is
    repeated once.
    """

    @abstractmethod
    async def find(self, session_id: UUID) -> tuple[Session, User] | None:
        """The session in whatever state, and its account."""

    @abstractmethod
    async def rotate(self, rotation: Rotation) -> bool:
        """Whether this used the generation up, if it is the live one: one conditional UPDATE,
        durable when it returns.

        Repeated after an interruption that came too late it is False, although it is done.
        """
