"""What every storage of links, outgoing mail and job leases promises."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import fields, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID

import pytest

from adapters.memory.clock import ManualClock
from adapters.system.clock import Uuid7Generator
from application.audit import EventFactory
from application.ports.jobs import JobClaim
from application.ports.outbox import FailedTry, OutboxDepth
from application.ports.retention import Cutoffs
from application.ports.unit_of_work import UnitOfWorkFactory
from application.ports.users import UserChanges
from domain.access import Actor
from domain.addresses import EmailAddress
from domain.events import EventKind
from domain.links import Link, LinkPurpose
from domain.outbox import MessageTemplate, OutboxMessage
from domain.users import EmailAlreadyRegistered, User, UserKind, UserStatus
from tests.backends import memory_backend, postgresql_database, sql_backend, sqlite_url

NOW = datetime(2030, 1, 1, tzinfo=UTC)
SECOND = timedelta(seconds=1)
LEASE = timedelta(seconds=20)
VERIFY = (LinkPurpose.VERIFY,)
ids = Uuid7Generator()


@pytest.fixture(params=["memory", "sqlite", pytest.param("postgresql", marks=pytest.mark.slow)])
async def uow(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[UnitOfWorkFactory]:
    if request.param == "memory":
        async with memory_backend() as factory:
            yield factory
    elif request.param == "sqlite":
        async with sql_backend(sqlite_url(tmp_path)) as factory:
            yield factory
    else:
        server = request.getfixturevalue("postgresql_url")
        async with postgresql_database(server) as url, sql_backend(url) as factory:
            yield factory


@pytest.fixture
async def user(uow: UnitOfWorkFactory) -> User:
    return await add_user(uow, "ada@example.com")


async def add_user(uow: UnitOfWorkFactory, email: str) -> User:
    user = User(
        id=ids.new_id(),
        email=EmailAddress.of_stored(email),
        email_verified=False,
        name="Ada",
        kind=UserKind.HUMAN,
        status=UserStatus.ACTIVE,
        roles=frozenset({"user"}),
        version=1,
        created_at=NOW,
        updated_at=NOW,
    )
    async with uow() as unit:
        await unit.users.add(user)
        await unit.commit()
    return user


def link_for(user_id: UUID, purpose: LinkPurpose = LinkPurpose.VERIFY) -> Link:
    email = EmailAddress.of_stored("ada@example.com")
    return Link.new(link_id=ids.new_id(), user_id=user_id, purpose=purpose, email=email, at=NOW)


def message_for(user_id: UUID, at: datetime = NOW) -> OutboxMessage:
    template = MessageTemplate.PASSWORD_CHANGED
    return OutboxMessage(
        id=ids.new_id(), template=template, user_id=user_id, created_at=at, due_at=at
    )


async def add_link(uow: UnitOfWorkFactory, link: Link) -> Link:
    async with uow() as unit:
        await unit.links.add(link)
        await unit.commit()
    return link


async def use_link(uow: UnitOfWorkFactory, link: Link, at: datetime = NOW) -> Link | None:
    async with uow() as unit:
        used = await unit.links.use(link.id, VERIFY, at)
        await unit.commit()
    return used


async def add_message(uow: UnitOfWorkFactory, message: OutboxMessage) -> OutboxMessage:
    async with uow() as unit:
        await unit.outbox.add(message)
        await unit.commit()
    return message


async def claim(uow: UnitOfWorkFactory, at: datetime) -> OutboxMessage | None:
    async with uow() as unit:
        message = await unit.outbox.claim(at, at + LEASE)
        await unit.commit()
    return message


async def test_a_link_comes_back_as_it_went(uow: UnitOfWorkFactory, user: User) -> None:
    link = await add_link(uow, link_for(user.id))
    async with uow.reading() as unit:
        assert await unit.links.get(link.id) == link
        assert await unit.links.get(ids.new_id()) is None


async def test_of_many_who_use_a_link_at_once_one_gets_it(
    uow: UnitOfWorkFactory, user: User
) -> None:
    link = await add_link(uow, link_for(user.id))
    results = await asyncio.gather(*(use_link(uow, link) for _ in range(20)))
    assert [used for used in results if used] == [replace(link, used_at=NOW)]


async def test_a_link_works_to_the_end_of_its_life_and_not_beyond(
    uow: UnitOfWorkFactory, user: User
) -> None:
    link = await add_link(uow, link_for(user.id))
    assert await use_link(uow, link, link.expires_at) is None
    assert await use_link(uow, link, link.expires_at - SECOND) is not None


async def test_a_link_of_another_purpose_is_unknown(uow: UnitOfWorkFactory, user: User) -> None:
    assert await use_link(uow, await add_link(uow, link_for(user.id, LinkPurpose.RESET))) is None


async def test_only_the_newest_of_a_purpose_works(uow: UnitOfWorkFactory, user: User) -> None:
    first = await add_link(uow, link_for(user.id))
    reset = await add_link(uow, link_for(user.id, LinkPurpose.RESET))
    second = await add_link(uow, link_for(user.id))
    assert await use_link(uow, first) is None
    assert await use_link(uow, second) is not None
    async with uow.reading() as unit:
        assert await unit.links.get(reset.id) == reset


async def test_withdrawn_links_are_gone_and_others_stay(uow: UnitOfWorkFactory, user: User) -> None:
    other = await add_user(uow, "grace@example.com")
    mine, theirs = await add_link(uow, link_for(user.id)), await add_link(uow, link_for(other.id))
    reset = await add_link(uow, link_for(user.id, LinkPurpose.RESET))
    async with uow() as unit:
        await unit.links.withdraw(user.id, VERIFY)
        await unit.commit()
    assert await use_link(uow, mine) is None
    assert await use_link(uow, theirs) is not None
    async with uow.reading() as unit:
        assert await unit.links.get(reset.id) == reset


async def test_nothing_is_stored_for_an_account_that_is_not_there(uow: UnitOfWorkFactory) -> None:
    nobody = ids.new_id()
    link = await add_link(uow, link_for(nobody))
    await add_message(uow, message_for(nobody))
    async with uow.reading() as unit:
        assert await unit.links.get(link.id) is None
    assert await claim(uow, NOW) is None


async def test_links_go_with_their_account(uow: UnitOfWorkFactory, user: User) -> None:
    link = await add_link(uow, link_for(user.id))
    async with uow() as unit:
        await unit.users.delete(user.id, None)
        await unit.commit()
    async with uow.reading() as unit:
        assert await unit.links.get(link.id) is None


async def test_an_account_takes_a_free_address_and_no_other(
    uow: UnitOfWorkFactory, user: User
) -> None:
    other = await add_user(uow, "grace@example.com")
    async with uow() as unit:
        with pytest.raises(EmailAlreadyRegistered):
            await unit.users.change(user.id, UserChanges(email=other.email), NOW, None)
    free = EmailAddress.of_stored("Ada@new.example")
    async with uow() as unit:
        changes = UserChanges(email=free, email_verified=True)
        changed = await unit.users.change(user.id, changes, NOW, None)
        await unit.commit()
    assert changed is not None
    assert (changed.email, changed.email_verified, changed.name) == (free, True, "Ada")


async def test_a_message_is_claimed_by_one_until_its_lease_ends(
    uow: UnitOfWorkFactory, user: User
) -> None:
    message = await add_message(uow, message_for(user.id))
    claims = await asyncio.gather(*(claim(uow, NOW) for _ in range(5)))
    assert [each for each in claims if each] == [replace(message, leased_until=NOW + LEASE)]
    assert await claim(uow, NOW + LEASE - SECOND) is None
    again = await claim(uow, NOW + LEASE)
    assert again is not None
    assert again.attempts == 0


async def test_the_longest_due_comes_first_and_the_future_waits(
    uow: UnitOfWorkFactory, user: User
) -> None:
    later = await add_message(uow, message_for(user.id, NOW + SECOND))
    first = await add_message(uow, message_for(user.id, NOW))
    claimed = [await claim(uow, NOW), await claim(uow, NOW), await claim(uow, NOW + SECOND)]
    assert [each.id if each else None for each in claimed] == [first.id, None, later.id]


async def test_a_finished_message_is_not_claimed_again(uow: UnitOfWorkFactory, user: User) -> None:
    message = await add_message(uow, message_for(user.id))
    async with uow() as unit:
        await unit.outbox.finish(message.id, NOW)
        await unit.commit()
    assert await claim(uow, NOW + LEASE) is None


async def test_a_failed_try_counts_once_and_only_for_who_holds_the_lease(
    uow: UnitOfWorkFactory, user: User
) -> None:
    await add_message(uow, message_for(user.id))
    stale, current = await claim(uow, NOW), await claim(uow, NOW + LEASE)
    assert stale is not None
    assert current is not None
    due_at = NOW + LEASE + SECOND
    failed = FailedTry(at=NOW + LEASE, due_at=due_at, reason="x" * 300)
    async with uow() as unit:
        assert not await unit.outbox.fail(stale, failed)
        assert await unit.outbox.fail(current, failed)
        await unit.commit()
    assert await claim(uow, NOW + LEASE) is None
    again = await claim(uow, due_at)
    assert again is not None
    assert (again.attempts, set(again.last_error or "")) == (1, {"x"})


async def test_messages_set_aside_wait_for_an_operator(uow: UnitOfWorkFactory, user: User) -> None:
    given_up = [await add_message(uow, message_for(user.id)) for _ in range(3)]
    for _ in given_up:
        claimed = await claim(uow, NOW)
        assert claimed is not None
        async with uow() as unit:
            await unit.outbox.fail(claimed, FailedTry(at=NOW, due_at=None, reason="refused"))
            await unit.commit()
    assert await claim(uow, NOW + LEASE) is None
    async with uow() as unit:
        newest = await unit.outbox.page_set_aside(None, 2)
        rest = await unit.outbox.page_set_aside(newest[-1].id, 2)
        assert [each.id for each in [*newest, *rest]] == [each.id for each in given_up[::-1]]
        assert await unit.outbox.retry(given_up[0].id, NOW) == 1
        assert await unit.outbox.retry(None, NOW) == 2
        assert await unit.outbox.retry(ids.new_id(), NOW) == 0
        await unit.commit()
    again = await claim(uow, NOW)
    assert again is not None
    assert (again.attempts, again.set_aside_at) == (0, None)


async def test_the_depth_is_what_is_not_sent(uow: UnitOfWorkFactory, user: User) -> None:
    sent, given_up, *_ = [
        await add_message(uow, message_for(user.id, NOW + number * SECOND)) for number in range(5)
    ]
    assert (await claim(uow, NOW) or sent).id == sent.id
    claimed = await claim(uow, NOW + SECOND)
    assert claimed is not None
    assert claimed.id == given_up.id
    async with uow() as unit:
        await unit.outbox.finish(sent.id, NOW)
        await unit.outbox.fail(claimed, FailedTry(at=NOW, due_at=None, reason="SMTP 550"))
        await unit.commit()
    async with uow.reading() as unit:
        assert await unit.outbox.depth() == OutboxDepth(waiting=3, set_aside=1)


async def test_messages_are_counted_by_account_kind_and_time(
    uow: UnitOfWorkFactory, user: User
) -> None:
    for at in (NOW, NOW + SECOND):
        await add_message(uow, message_for(user.id, at))
    async with uow.reading() as unit:
        count = unit.outbox.count_since
        assert await count(user.id, MessageTemplate.PASSWORD_CHANGED, NOW - SECOND) == 2
        assert await count(user.id, MessageTemplate.PASSWORD_CHANGED, NOW) == 1
        assert await count(user.id, MessageTemplate.VERIFY_EMAIL, NOW - SECOND) == 0
        assert await count(ids.new_id(), MessageTemplate.PASSWORD_CHANGED, NOW - SECOND) == 0


async def test_a_periodic_job_is_run_by_one_and_when_due(uow: UnitOfWorkFactory) -> None:
    every = timedelta(hours=1)

    async def take(at: datetime) -> bool:
        async with uow() as unit:
            taken = await unit.jobs.claim(
                JobClaim(name="purge", at=at, lease_until=at + LEASE, due_since=at - every)
            )
            await unit.commit()
        return taken

    assert sum(await asyncio.gather(*(take(NOW) for _ in range(5)))) == 1
    assert not await take(NOW + LEASE - SECOND)
    # Whoever held the lease is gone: the job is still due.
    assert await take(NOW + LEASE)
    async with uow() as unit:
        await unit.jobs.finish("purge", NOW + LEASE)
        await unit.commit()
    assert not await take(NOW + LEASE + every - SECOND)
    assert await take(NOW + LEASE + every)


async def test_purging_takes_what_is_past_in_bites(uow: UnitOfWorkFactory, user: User) -> None:
    events = EventFactory(clock=ManualClock(NOW), ids=ids)
    link = await add_link(uow, link_for(user.id))
    sent, waiting = [await add_message(uow, message_for(user.id)) for _ in range(2)]
    async with uow() as unit:
        await unit.outbox.finish(sent.id, NOW)
        for _ in range(3):
            await unit.events.add(events.success(EventKind.SIGNED_IN, Actor.system()))
        await unit.commit()

    async def purge(before: datetime) -> dict[str, int]:
        cutoffs = Cutoffs(**dict.fromkeys((each.name for each in fields(Cutoffs)), before))
        async with uow() as unit:
            deleted = await unit.retention.purge(cutoffs, 2)
            await unit.commit()
        return {kind: count for kind, count in deleted.items() if count}

    assert await purge(NOW) == {}
    late = link.expires_at + SECOND
    assert await purge(late) == {"links": 1, "outbox": 1, "events": 2}
    assert await purge(late) == {"events": 1}
    claimed = await claim(uow, late)
    assert claimed is not None
    assert claimed.id == waiting.id
