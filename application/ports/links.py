"""Keeping the links that mail carries."""

from abc import ABC, abstractmethod
from collections.abc import Collection
from datetime import datetime
from uuid import UUID

from domain.links import Link, LinkPurpose


class LinkRepository(ABC):
    """Links by id. What makes a link work, its token, is never stored."""

    @abstractmethod
    async def add(self, link: Link) -> None:
        """Replaces the account's earlier links of that purpose.

        Lock the account first. Stores nothing, at the same cost, where there is no such account.
        """

    @abstractmethod
    async def add_first(self, link: Link) -> None:
        """For an account that this unit has added: there is nothing to replace."""

    @abstractmethod
    async def get(self, link_id: UUID) -> Link | None:
        """The link in whatever state."""

    @abstractmethod
    async def use(
        self, link_id: UUID, purposes: Collection[LinkPurpose], at: datetime
    ) -> Link | None:
        """One conditional UPDATE: of many callers at once one gets the link, the others None.

        None for what is unknown, of another purpose, used, expired, or not the newest.
        """

    @abstractmethod
    async def withdraw(self, user_id: UUID, purposes: Collection[LinkPurpose]) -> None:
        """No link of the account for these purposes that is still open works from now on."""
