"""Moving accounts in bulk, with what proves them."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from domain.transfer import AccountRecord


@dataclass(frozen=True, kw_only=True)
class Taken:
    """What of several accounts to be added is there already."""

    email_keys: frozenset[str]
    ids: frozenset[UUID]
    public_ids: frozenset[str]
    """Of API keys."""


class TransferRepository(ABC):
    """Accounts together with password hashes and API keys, many at a time."""

    @abstractmethod
    async def page(
        self, after: UUID | None, limit: int, *, with_secrets: bool
    ) -> list[AccountRecord]:
        """By ascending id: at most `limit` accounts whose id is higher than `after`."""

    @abstractmethod
    async def existing_roles(self, names: frozenset[str]) -> frozenset[str]:
        """Those of the names that are roles; they stay so until this unit of work ends."""

    @abstractmethod
    async def taken(self, records: Sequence[AccountRecord]) -> Taken: ...

    @abstractmethod
    async def add_all(self, records: Sequence[AccountRecord]) -> frozenset[UUID]:
        """The ids of those that were added, each with all that belongs to it.

        Leaves out, whole, an account whose address or id is taken by the time it is written.
        Raises UnknownRole; ConcurrentChange where an API key's public id is taken.
        """
