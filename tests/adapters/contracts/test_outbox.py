"""What every storage of outgoing mail promises: one delivers at a time, and nothing is lost."""

import asyncio
from dataclasses import replace
from datetime import datetime, timedelta
from uuid import UUID

from application.ports.outbox import ClaimedMessage, FailedTry, MailOwner, OutboxDepth
from domain.outbox import MessageTemplate, OutboxMessage
from domain.users import User
from tests.adapters.contracts.test_links import add_link, link_for
from tests.domain.samples import NOW, new_id
from tests.storage import Backend

SECOND = timedelta(seconds=1)
LEASE = timedelta(seconds=20)


def message_for(user_id: UUID, at: datetime = NOW) -> OutboxMessage:
    template = MessageTemplate.PASSWORD_CHANGED
    return OutboxMessage(id=new_id(), template=template, user_id=user_id, created_at=at, due_at=at)


async def add_message(backend: Backend, message: OutboxMessage) -> OutboxMessage:
    async with backend.uow() as uow:
        await uow.outbox.add(message)
        await uow.commit()
    return message


async def claim_with_facts(backend: Backend, at: datetime) -> ClaimedMessage | None:
    async with backend.uow.single() as uow:
        claimed = await uow.outbox.claim(at, at + LEASE)
        await uow.commit()
    return claimed


async def claim(backend: Backend, at: datetime) -> OutboxMessage | None:
    claimed = await claim_with_facts(backend, at)
    return claimed.message if claimed else None


async def test_a_message_is_claimed_by_one_until_its_lease_ends(
    backend: Backend, ada: User
) -> None:
    message = await add_message(backend, message_for(ada.id))
    claims = await asyncio.gather(*(claim(backend, NOW) for _ in range(5)))
    assert [each for each in claims if each] == [replace(message, leased_until=NOW + LEASE)]
    assert await claim(backend, NOW + LEASE - SECOND) is None
    again = await claim(backend, NOW + LEASE)
    assert again is not None
    assert again.attempts == 0


async def test_the_longest_due_comes_first_and_the_future_waits(
    backend: Backend, ada: User
) -> None:
    later = await add_message(backend, message_for(ada.id, NOW + SECOND))
    first = await add_message(backend, message_for(ada.id, NOW))
    claimed = [
        await claim(backend, NOW),
        await claim(backend, NOW),
        await claim(backend, NOW + SECOND),
    ]
    assert [each.id if each else None for each in claimed] == [first.id, None, later.id]


async def test_a_finished_message_is_not_claimed_again(backend: Backend, ada: User) -> None:
    message = await add_message(backend, message_for(ada.id))
    async with backend.uow() as uow:
        await uow.outbox.finish(message.id, NOW)
        await uow.commit()
    assert await claim(backend, NOW + LEASE) is None


async def test_a_failed_try_counts_once_and_only_for_who_holds_the_lease(
    backend: Backend, ada: User
) -> None:
    await add_message(backend, message_for(ada.id))
    stale, current = await claim(backend, NOW), await claim(backend, NOW + LEASE)
    assert stale is not None
    assert current is not None
    due_at = NOW + LEASE + SECOND
    failed = FailedTry(at=NOW + LEASE, due_at=due_at, reason="x" * 300)
    async with backend.uow() as uow:
        assert not await uow.outbox.fail(stale, failed)
        assert await uow.outbox.fail(current, failed)
        await uow.commit()
    assert await claim(backend, NOW + LEASE) is None
    again = await claim(backend, due_at)
    assert again is not None
    assert (again.attempts, set(again.last_error or "")) == (1, {"x"})


async def test_messages_set_aside_wait_for_an_operator(backend: Backend, ada: User) -> None:
    given_up = [await add_message(backend, message_for(ada.id)) for _ in range(3)]
    for _ in given_up:
        claimed = await claim(backend, NOW)
        assert claimed is not None
        async with backend.uow() as uow:
            await uow.outbox.fail(claimed, FailedTry(at=NOW, due_at=None, reason="refused"))
            await uow.commit()
    assert await claim(backend, NOW + LEASE) is None
    async with backend.uow() as uow:
        newest = await uow.outbox.page_set_aside(None, 2)
        rest = await uow.outbox.page_set_aside(newest[-1].id, 2)
        assert [each.id for each in [*newest, *rest]] == [each.id for each in given_up[::-1]]
        assert await uow.outbox.retry(given_up[0].id, NOW) == 1
        assert await uow.outbox.retry(None, NOW) == 2
        assert await uow.outbox.retry(new_id(), NOW) == 0
        await uow.commit()
    again = await claim(backend, NOW)
    assert again is not None
    assert (again.attempts, again.set_aside_at) == (0, None)


async def test_a_claimed_message_comes_with_its_account_and_its_link(
    backend: Backend, ada: User
) -> None:
    owner = MailOwner(address=ada.email.address, name=ada.name, email_verified=ada.email_verified)
    link = await add_link(backend, link_for(ada.id))
    plain = message_for(ada.id)
    with_link = replace(message_for(ada.id), link_id=link.id)
    without_link = replace(message_for(ada.id), link_id=new_id())
    nobodys = replace(message_for(new_id()), link_id=link.id)
    everything = (
        (plain, owner, None),
        (with_link, owner, link),
        (without_link, owner, None),
        (nobodys, None, link),
    )
    for message, its_owner, its_link in everything:
        async with backend.uow() as uow:
            # Its account may go away while it waits.
            await uow.outbox.add_first(message)
            await uow.commit()
        assert await claim_with_facts(backend, NOW) == ClaimedMessage(
            message=replace(message, leased_until=NOW + LEASE),
            owner=its_owner,
            link=its_link,
            others_due=False,
        )


async def test_others_are_due_that_nobody_has_taken(backend: Backend, ada: User) -> None:
    async def others_are_due(at: datetime) -> bool:
        claimed = await claim_with_facts(backend, at)
        assert claimed is not None
        async with backend.uow() as uow:
            assert await uow.outbox.fail(
                claimed.message, FailedTry(at=NOW, due_at=NOW - SECOND, reason="full")
            )
            await uow.commit()
        return claimed.others_due

    _taken, sent, given_up = [
        await add_message(backend, message_for(ada.id, NOW - number * SECOND))
        for number in (4, 3, 2)
    ]
    assert await claim(backend, NOW)
    async with backend.uow() as uow:
        await uow.outbox.finish(sent.id, NOW)
        await uow.commit()
    claimed = await claim(backend, NOW)
    assert claimed is not None
    assert claimed.id == given_up.id
    async with backend.uow() as uow:
        assert await uow.outbox.fail(claimed, FailedTry(at=NOW, due_at=None, reason="full"))
        await uow.commit()
    await add_message(backend, message_for(ada.id, NOW - SECOND))
    await add_message(backend, message_for(ada.id, NOW + SECOND))
    assert not await others_are_due(NOW)
    assert await others_are_due(NOW + SECOND)
    assert await others_are_due(NOW + LEASE)


async def test_no_message_is_stored_for_an_account_that_is_not_there(backend: Backend) -> None:
    await add_message(backend, message_for(new_id()))
    assert await claim(backend, NOW) is None


async def test_the_depth_is_what_is_not_sent(backend: Backend, ada: User) -> None:
    sent, given_up, *_ = [
        await add_message(backend, message_for(ada.id, NOW + number * SECOND))
        for number in range(5)
    ]
    assert (await claim(backend, NOW) or sent).id == sent.id
    claimed = await claim(backend, NOW + SECOND)
    assert claimed is not None
    assert claimed.id == given_up.id
    async with backend.uow() as uow:
        await uow.outbox.finish(sent.id, NOW)
        await uow.outbox.fail(claimed, FailedTry(at=NOW, due_at=None, reason="SMTP 550"))
        await uow.commit()
    async with backend.uow.reading() as uow:
        assert await uow.outbox.depth() == OutboxDepth(waiting=3, set_aside=1)


async def test_messages_are_counted_by_account_kind_and_time(backend: Backend, ada: User) -> None:
    for at in (NOW, NOW + SECOND):
        await add_message(backend, message_for(ada.id, at))
    async with backend.uow.reading() as uow:
        count = uow.outbox.count_since
        assert await count(ada.id, MessageTemplate.PASSWORD_CHANGED, NOW - SECOND) == 2
        assert await count(ada.id, MessageTemplate.PASSWORD_CHANGED, NOW) == 1
        assert await count(ada.id, MessageTemplate.VERIFY_EMAIL, NOW - SECOND) == 0
        assert await count(new_id(), MessageTemplate.PASSWORD_CHANGED, NOW - SECOND) == 0
