"""Whatever a unit writes, it has done one after the other: no write sees less than came before."""

from collections.abc import Callable, Coroutine
from dataclasses import replace
from typing import Any
from uuid import UUID

from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from application.ports.unit_of_work import UnitOfWork
from domain.addresses import EmailAddress
from domain.events import EventFilter, EventKind, Party
from domain.links import Link, LinkPurpose
from domain.outbox import MessageTemplate
from domain.sessions import InvalidCredentials
from domain.users import User
from tests.adapters.contracts.test_outbox import message_for
from tests.domain.samples import LATER, NOW, a_session, a_user, an_event, new_id
from tests.storage import Backend, memory_backend

Write = Callable[[UnitOfWork, User, UUID], Coroutine[Any, Any, None]]
TEMPLATE = MessageTemplate.PASSWORD_CHANGED


async def set_password(uow: UnitOfWork, user: User, _: UUID) -> None:
    await uow.credentials.set_password(user.id, "a hash", LATER)


async def set_another(uow: UnitOfWork, user: User, _: UUID) -> None:
    await uow.credentials.set_password(user.id, "another hash", LATER)


async def open_session(uow: UnitOfWork, user: User, fresh: UUID) -> None:
    await uow.sessions.open(replace(a_session(user.id), id=fresh), "a hash")


async def send_link(uow: UnitOfWork, user: User, fresh: UUID) -> None:
    purpose, email = LinkPurpose.VERIFY, EmailAddress.of_stored(user.email.address)
    await uow.links.add(
        Link.new(link_id=fresh, user_id=user.id, purpose=purpose, email=email, at=NOW)
    )


async def send_mail(uow: UnitOfWork, user: User, fresh: UUID) -> None:
    await uow.outbox.add(replace(message_for(user.id), id=fresh))


async def note(uow: UnitOfWork, user: User, fresh: UUID) -> None:
    subject = Party(type="user", id=str(user.id))
    await uow.events.add(an_event(id=fresh, subject=subject, kind=EventKind.USER_REGISTERED))


async def fail(uow: UnitOfWork, user: User, _: UUID) -> None:
    await uow.backoff.add_failure(user.id.bytes, NOW)


async def forget(uow: UnitOfWork, user: User, _: UUID) -> None:
    await uow.backoff.forget_failures(user.id.bytes)


async def remember(uow: UnitOfWork, user: User, _: UUID) -> None:
    await uow.backoff.remember_address(user.id, "192.0.2.7", LATER)


async def look(uow: UnitOfWork, user: User, _: UUID) -> None:
    assert await uow.users.get(user.id) == user


WRITES: list[Write] = [
    *(set_password, set_another, open_session, send_link, send_mail),
    *(note, fail, forget, remember, look),
]
Acts = list[tuple[bool, Write, UUID]]
"""Whether it is about the account that the unit adds, what, and an id for what it makes."""


async def outcome(backend: Backend, there: User, added: User, acts: Acts) -> object:
    """What is stored afterwards; of a unit that was refused, that and nothing else."""
    async with backend.uow() as uow:
        await uow.users.add(there)
        await uow.credentials.set_password(there.id, "a hash", NOW)
        await uow.commit()
    try:
        async with backend.uow() as uow:
            await uow.users.add(added)
            for is_new, write, fresh in acts:
                await write(uow, added if is_new else there, fresh)
            await uow.commit()
    except InvalidCredentials:
        return "refused", await stored(backend, added, acts)
    return [await stored(backend, user, acts) for user in (there, added)]


async def stored(backend: Backend, user: User, acts: Acts) -> object:
    facts = await backend.sign_ins.find(user.email.key, user.id.bytes)
    async with backend.uow.reading() as uow:
        return (
            facts,
            [await uow.sessions.get(fresh) is not None for *_, fresh in acts],
            [await uow.links.get(fresh) is not None for *_, fresh in acts],
            await uow.outbox.count_since(user.id, TEMPLATE, NOW.replace(year=2000)),
            await uow.events.page(None, 100, EventFilter(subject_id=str(user.id))),
            await uow.backoff.is_known(user.id, "192.0.2.7", NOW),
        )


ACTS = st.lists(st.tuples(st.booleans(), st.sampled_from(WRITES)), max_size=8)


@given(acts=ACTS)
# The account's own row, then what is stored only where there is one.
@example(acts=[(True, send_link), (True, send_mail)])
# A hash that is made anew, on either side of what asks for it.
@example(acts=[(False, open_session), (False, set_another)])
@example(acts=[(False, set_another), (False, open_session)])
@example(acts=[(False, fail), (False, forget), (False, fail), (False, fail)])
@example(acts=[(False, send_link), (False, send_link)])
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
async def test_writes_are_done_in_their_order(
    backend: Backend, acts: list[tuple[bool, Write]]
) -> None:
    there, added = a_user(), a_user()
    with_ids = [(is_new, write, new_id()) for is_new, write in acts]
    expected = await outcome(memory_backend(), there, added, with_ids)
    assert await outcome(backend, there, added, with_ids) == expected
