"""Periodic jobs in memory."""

from dataclasses import replace
from datetime import datetime

from adapters.memory.records import Records
from application.ports.jobs import JobClaim, JobLease, JobRepository


class MemoryJobRepository(JobRepository):
    def __init__(self, records: Records) -> None:
        self._records = records

    async def claim(self, claim: JobClaim) -> bool:
        lease = self._records.jobs.get(claim.name)
        last_run_at = lease.last_run_at if lease else None
        if lease is not None and lease.leased_until > claim.at:
            return False
        if last_run_at is not None and last_run_at > claim.due_since:
            return False
        self._records.jobs[claim.name] = JobLease(
            name=claim.name, leased_until=claim.lease_until, last_run_at=last_run_at
        )
        return True

    async def finish(self, name: str, at: datetime) -> None:
        lease = self._records.jobs.get(name)
        if lease is not None:
            self._records.jobs[name] = replace(lease, leased_until=at, last_run_at=at)
