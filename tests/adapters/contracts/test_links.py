"""What every storage of links promises: the newest of each purpose works, once, to its end."""

import asyncio
from dataclasses import replace
from datetime import datetime, timedelta
from uuid import UUID

from domain.links import Link, LinkPurpose
from domain.users import User
from tests.domain.samples import NOW, a_user, an_address, new_id
from tests.storage import Backend

SECOND = timedelta(seconds=1)
VERIFY = (LinkPurpose.VERIFY,)


def link_for(user_id: UUID, purpose: LinkPurpose = LinkPurpose.VERIFY) -> Link:
    return Link.new(link_id=new_id(), user_id=user_id, purpose=purpose, email=an_address(), at=NOW)


async def add_link(backend: Backend, link: Link) -> Link:
    async with backend.uow() as uow:
        await uow.links.add(link)
        await uow.commit()
    return link


async def use_link(backend: Backend, link: Link, at: datetime = NOW) -> Link | None:
    async with backend.uow() as uow:
        used = await uow.links.use(link.id, VERIFY, at)
        await uow.commit()
    return used


async def test_a_link_comes_back_as_it_went(backend: Backend, ada: User) -> None:
    link = await add_link(backend, link_for(ada.id))
    async with backend.uow.reading() as uow:
        assert await uow.links.get(link.id) == link
        assert await uow.links.get(new_id()) is None


async def test_of_many_who_use_a_link_at_once_one_gets_it(backend: Backend, ada: User) -> None:
    link = await add_link(backend, link_for(ada.id))
    results = await asyncio.gather(*(use_link(backend, link) for _ in range(20)))
    assert [used for used in results if used] == [replace(link, used_at=NOW)]


async def test_a_link_works_to_the_end_of_its_life_and_not_beyond(
    backend: Backend, ada: User
) -> None:
    link = await add_link(backend, link_for(ada.id))
    assert await use_link(backend, link, link.expires_at) is None
    assert await use_link(backend, link, link.expires_at - SECOND) is not None


async def test_a_link_of_another_purpose_is_unknown(backend: Backend, ada: User) -> None:
    assert (
        await use_link(backend, await add_link(backend, link_for(ada.id, LinkPurpose.RESET)))
        is None
    )


async def test_only_the_newest_of_a_purpose_works(backend: Backend, ada: User) -> None:
    first = await add_link(backend, link_for(ada.id))
    reset = await add_link(backend, link_for(ada.id, LinkPurpose.RESET))
    second = await add_link(backend, link_for(ada.id))
    assert await use_link(backend, first) is None
    assert await use_link(backend, second) is not None
    async with backend.uow.reading() as uow:
        assert await uow.links.get(reset.id) == reset


async def test_withdrawn_links_are_gone_and_others_stay(backend: Backend, ada: User) -> None:
    other = a_user()
    async with backend.uow() as uow:
        await uow.users.add(other)
        await uow.commit()
    mine, theirs = (
        await add_link(backend, link_for(ada.id)),
        await add_link(backend, link_for(other.id)),
    )
    reset = await add_link(backend, link_for(ada.id, LinkPurpose.RESET))
    async with backend.uow() as uow:
        await uow.links.withdraw(ada.id, VERIFY)
        await uow.commit()
    assert await use_link(backend, mine) is None
    assert await use_link(backend, theirs) is not None
    async with backend.uow.reading() as uow:
        assert await uow.links.get(reset.id) == reset


async def test_no_link_is_stored_for_an_account_that_is_not_there(backend: Backend) -> None:
    link = await add_link(backend, link_for(new_id()))
    async with backend.uow.reading() as uow:
        assert await uow.links.get(link.id) is None


async def test_links_go_with_their_account(backend: Backend, ada: User) -> None:
    link = await add_link(backend, link_for(ada.id))
    async with backend.uow() as uow:
        await uow.users.delete(ada.id, None)
        await uow.commit()
    async with backend.uow.reading() as uow:
        assert await uow.links.get(link.id) is None
