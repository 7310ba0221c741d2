"""What every storage promises periodic work: one does it, when it is due, in small bites."""

import asyncio
from dataclasses import fields
from datetime import datetime, timedelta

from application.ports.jobs import JobClaim
from application.ports.retention import Cutoffs
from domain.links import Link, LinkPurpose
from domain.outbox import MessageTemplate, OutboxMessage
from domain.users import User
from tests.domain.samples import NOW, an_event, new_id
from tests.storage import Backend

SECOND = timedelta(seconds=1)
LEASE = timedelta(seconds=20)


async def test_a_periodic_job_is_run_by_one_and_when_due(backend: Backend) -> None:
    every = timedelta(hours=1)

    async def take(at: datetime) -> bool:
        async with backend.uow() as uow:
            taken = await uow.jobs.claim(
                JobClaim(name="purge", at=at, lease_until=at + LEASE, due_since=at - every)
            )
            await uow.commit()
        return taken

    assert sum(await asyncio.gather(*(take(NOW) for _ in range(5)))) == 1
    assert not await take(NOW + LEASE - SECOND)
    # Whoever held the lease is gone: the job is still due.
    assert await take(NOW + LEASE)
    async with backend.uow() as uow:
        await uow.jobs.finish("purge", NOW + LEASE)
        await uow.commit()
    assert not await take(NOW + LEASE + every - SECOND)
    assert await take(NOW + LEASE + every)


async def test_purging_takes_what_is_past_in_bites(backend: Backend, ada: User) -> None:
    link = Link.new(
        link_id=new_id(),
        user_id=ada.id,
        purpose=LinkPurpose.VERIFY,
        email=ada.email,
        at=NOW,
    )
    sent, waiting = [
        OutboxMessage(
            id=new_id(),
            template=MessageTemplate.PASSWORD_CHANGED,
            user_id=ada.id,
            created_at=NOW,
            due_at=NOW,
        )
        for _ in range(2)
    ]
    async with backend.uow() as uow:
        await uow.links.add(link)
        for message in (sent, waiting):
            await uow.outbox.add(message)
        await uow.outbox.finish(sent.id, NOW)
        for _ in range(3):
            await uow.events.add(an_event())
        await uow.commit()

    async def purge(before: datetime) -> dict[str, int]:
        cutoffs = Cutoffs(**dict.fromkeys((each.name for each in fields(Cutoffs)), before))
        async with backend.uow() as uow:
            deleted = await uow.retention.purge(cutoffs, 2)
            await uow.commit()
        return {kind: count for kind, count in deleted.items() if count}

    assert await purge(NOW) == {}
    late = link.expires_at + SECOND
    assert await purge(late) == {"links": 1, "outbox": 1, "events": 2}
    assert await purge(late) == {"events": 1}
    async with backend.uow() as uow:
        claimed = await uow.outbox.claim(late, late + LEASE)
        await uow.commit()
    assert claimed is not None
    assert claimed.message.id == waiting.id
