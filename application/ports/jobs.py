"""Who runs a periodic job, when several processes could."""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, kw_only=True)
class JobLease:
    """A job's state. Without a live lease, and long enough after `last_run_at`, it is due."""

    name: str
    leased_until: datetime
    last_run_at: datetime | None


@dataclass(frozen=True, kw_only=True)
class JobClaim:
    """`due_since`: a job that last ran after this instant is not due yet."""

    name: str
    at: datetime
    lease_until: datetime
    due_since: datetime


class JobRepository(ABC):
    """The periodic jobs that some process has run."""

    @abstractmethod
    async def claim(self, claim: JobClaim) -> bool:
        """One conditional statement: of all processes one gets the job, and only when it is due.

        Whoever dies with a lease leaves the job due, to be taken over when the lease has ended.
        """

    @abstractmethod
    async def finish(self, name: str, at: datetime) -> None:
        """It ran through: the lease ends."""
