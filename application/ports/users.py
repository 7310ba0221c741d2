"""Keeping accounts."""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from domain.addresses import EmailAddress
from domain.users import User, UserFilter, UserStatus


@dataclass(frozen=True, kw_only=True)
class UserChanges:
    """What to overwrite; None leaves a field as it is."""

    name: str | None = None
    status: UserStatus | None = None
    email: EmailAddress | None = None
    email_verified: bool | None = None


class UserRepository(ABC):
    """Accounts with their roles. Every write raises the version by one and sets `updated_at`."""

    @abstractmethod
    async def add(self, user: User) -> None:
        """Raises EmailAlreadyRegistered; UnknownRole where a role does not exist."""

    @abstractmethod
    async def get(self, user_id: UUID) -> User | None: ...

    @abstractmethod
    async def find(self, email_key: str) -> User | None: ...

    @abstractmethod
    async def lock(self, user_id: UUID) -> User | None:
        """The account as it now is; nobody else changes it until this unit of work ends."""

    @abstractmethod
    async def page(self, where: UserFilter, before: UUID | None, limit: int) -> list[User]:
        """Newest first: at most `limit` accounts whose id is lower than `before`."""

    @abstractmethod
    async def change(
        self, user_id: UUID, changes: UserChanges, at: datetime, if_version: int | None
    ) -> User | None:
        """One UPDATE, conditional on the version where one is given; None if it met no row.

        Raises EmailAlreadyRegistered where the new address is another account's.
        """

    @abstractmethod
    async def set_roles(
        self, user_id: UUID, roles: frozenset[str], at: datetime, if_version: int | None
    ) -> User | None:
        """Replaces the roles, under the same condition. Raises UnknownRole."""

    @abstractmethod
    async def delete(self, user_id: UUID, if_version: int | None) -> bool:
        """Takes credentials, sessions, keys and items along; False if the condition met no row."""

    @abstractmethod
    async def count_active_administrators(self, *, besides: UUID) -> int:
        """Active accounts with the role `admin`, one account left out."""
