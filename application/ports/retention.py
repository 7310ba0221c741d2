"""Deleting what nobody needs any more."""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, kw_only=True)
class Cutoffs:
    """What ended, expired or happened before these instants goes."""

    sessions: datetime
    links: datetime
    outbox: datetime
    idempotency: datetime
    events: datetime
    sign_in_failures: datetime
    known_addresses: datetime


class RetentionRepository(ABC):
    """Every table that would otherwise only grow."""

    @abstractmethod
    async def purge(self, cutoffs: Cutoffs, limit: int) -> dict[str, int]:
        """Deletes at most `limit` records of each kind; how many of each that were.

        Mail that was not sent stays, however old.
        """
