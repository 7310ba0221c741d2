"""Periodic jobs in SQL."""

from datetime import datetime

from sqlalchemy import or_, update

from adapters.sql.statements import StatementRunner
from adapters.sql.tables import jobs
from adapters.sql.upserts import insert_for
from application.ports.jobs import JobClaim, JobRepository


class SqlJobRepository(JobRepository):
    def __init__(self, runner: StatementRunner) -> None:
        self._run = runner.run
        self._insert = insert_for(runner.dialect)

    async def claim(self, claim: JobClaim) -> bool:
        statement = self._insert(jobs).values(name=claim.name, leased_until=claim.lease_until)
        due = (
            jobs.c.leased_until <= claim.at,
            or_(jobs.c.last_run_at.is_(None), jobs.c.last_run_at <= claim.due_since),
        )
        result = await self._run(
            statement.on_conflict_do_update(
                index_elements=["name"],
                set_={"leased_until": claim.lease_until},
                where=due[0] & due[1],
            ).returning(jobs.c.name)
        )
        return result.one_or_none() is not None

    async def finish(self, name: str, at: datetime) -> None:
        await self._run(
            update(jobs).where(jobs.c.name == name).values(leased_until=at, last_run_at=at)
        )
