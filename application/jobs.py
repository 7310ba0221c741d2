"""Periodic work besides delivery: deleting what is past."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from application.ports.clock import Clock
from application.ports.jobs import JobClaim
from application.ports.retention import Cutoffs
from application.ports.unit_of_work import UnitOfWorkFactory
from domain.backoff import BackoffRules

_PURGE = "purge"
_EVERY = timedelta(hours=1)
_LEASE = timedelta(seconds=20)
_WORKING_TIME = timedelta(seconds=10)
"""Well within the lease; what is left then is for the next run, which may come at once."""
_BITE = 500


@dataclass(frozen=True, kw_only=True)
class Retention:
    """How long records are kept beyond their end. Events: from when they happened."""

    events: timedelta
    sessions: timedelta = timedelta(days=7)
    links: timedelta = timedelta(days=7)
    outbox: timedelta = timedelta(days=7)
    idempotency: timedelta = timedelta(0)
    sign_in_failures: timedelta = timedelta(days=30)
    known_addresses: timedelta = BackoffRules().known_for

    def cutoffs(self, now: datetime) -> Cutoffs:
        return Cutoffs(
            sessions=now - self.sessions,
            links=now - self.links,
            outbox=now - self.outbox,
            idempotency=now - self.idempotency,
            events=now - self.events,
            sign_in_failures=now - self.sign_in_failures,
            known_addresses=now - self.known_addresses,
        )


class PurgeExpired:
    """The service itself, as often as it likes: once an hour one of all callers does the work.

    Raises Unavailable.
    """

    def __init__(self, *, uow: UnitOfWorkFactory, clock: Clock, retention: Retention) -> None:
        self._uow = uow
        self._clock = clock
        self._retention = retention

    async def execute(self) -> dict[str, int] | None:
        """How many records of each kind went; None if it was not due, or another does it."""
        started = self._clock.now()
        async with self._uow() as uow:
            is_ours = await uow.jobs.claim(
                JobClaim(
                    name=_PURGE,
                    at=started,
                    lease_until=started + _LEASE,
                    due_since=started - _EVERY,
                )
            )
            await uow.commit()
        if not is_ours:
            return None
        cutoffs = self._retention.cutoffs(started)
        total: dict[str, int] = {}
        while self._clock.now() - started < _WORKING_TIME:
            async with self._uow() as uow:
                deleted = await uow.retention.purge(cutoffs, _BITE)
                is_done = not any(deleted.values())
                if is_done:
                    await uow.jobs.finish(_PURGE, started)
                await uow.commit()
            total = {kind: total.get(kind, 0) + count for kind, count in deleted.items()}
            if is_done:
                break
        return total
