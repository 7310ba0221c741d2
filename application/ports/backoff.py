"""Remembering failed tries at accounts, and the addresses that succeeded."""

from abc import ABC, abstractmethod
from datetime import datetime
from uuid import UUID

from domain.backoff import FailedSignIns


class BackoffRepository(ABC):
    """Failures are kept by a tag of what was tried, whether or not there is such an account.

    `SignInLookup` reads them.
    """

    @abstractmethod
    async def add_failure(self, tag: bytes, at: datetime) -> None:
        """One more; adds up exactly, however many come at once.

        Others who fail at the same account wait for the unit: make it the last thing before commit.
        """

    @abstractmethod
    async def claim_try(self, tag: bytes, seen: FailedSignIns, at: datetime) -> bool:
        """One conditional UPDATE: the last try is now, if nobody has tried since `seen`."""

    @abstractmethod
    async def forget_failures(self, tag: bytes) -> None:
        """The next failure is the first one."""

    @abstractmethod
    async def remember_address(self, user_id: UUID, address: str, at: datetime) -> None:
        """The account was signed in to from there, now."""

    @abstractmethod
    async def is_known(self, user_id: UUID, address: str, since: datetime) -> bool:
        """Whether the account was signed in to from there after that instant."""
