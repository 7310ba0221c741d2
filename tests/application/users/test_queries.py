"""Reading accounts: who sees whom, and lists in pieces that belong to their caller."""

from uuid import UUID

import pytest

from application.users.queries import FindUserQuery, GetUserQuery, ListUsersQuery
from domain.access import Actor, NotAuthenticated, PermissionMissing
from domain.errors import NotFound
from domain.pages import InvalidCursor, Page
from domain.users import User, UserStatus
from tests.application.people import ANYBODY, ROOT, register, signed_in, unchanged, with_key
from tests.domain.samples import a_user, new_id
from tests.worlds import World

READER = signed_in(a_user(), "users:read")


async def get(world: World, actor: Actor, user_id: UUID) -> User:
    return await world.container.get_user().execute(GetUserQuery(actor=actor, user_id=user_id))


async def find(world: World, actor: Actor, email: str) -> User:
    return await world.container.find_user().execute(FindUserQuery(actor=actor, email=email))


async def list_users(world: World, actor: Actor = READER, **narrowed: object) -> Page[User]:
    query = ListUsersQuery(actor=actor, **({"limit": 20} | narrowed))  # type: ignore[arg-type]
    return await world.container.list_users().execute(query)


async def test_an_account_is_seen_by_itself_and_by_readers(service: World) -> None:
    ada = await register(service, "ada@example.com")
    for actor in (signed_in(ada, "items:read"), with_key(ada, "items:read"), READER, ROOT):
        assert await get(service, actor, ada.id) == ada


async def test_to_others_it_does_not_exist(service: World) -> None:
    ada = await register(service, "ada@example.com")
    stranger = signed_in(a_user(), "users:write", "roles:assign")
    told = []
    for user_id in (ada.id, new_id()):
        with pytest.raises(NotFound) as caught:
            await get(service, stranger, user_id)
        told.append((str(caught.value), caught.value.details))
        with pytest.raises(NotAuthenticated):
            await get(service, ANYBODY, user_id)
    assert told[0] == told[1]
    with pytest.raises(NotFound):
        await get(service, READER, new_id())


async def test_an_account_is_found_by_any_spelling_of_its_address(service: World) -> None:
    ada = await register(service, "ada@bücher.example")
    for spelling in ("ada@bücher.example", "ADA@xn--bcher-kva.EXAMPLE"):
        assert await find(service, ROOT, spelling) == ada
    for actor, email in ((READER, "nobody@example.com"), (READER, "no address")):
        with pytest.raises(NotFound):
            await find(service, actor, email)
    with pytest.raises(PermissionMissing):
        await find(service, signed_in(ada), "ada@bücher.example")
    with pytest.raises(NotAuthenticated):
        await find(service, ANYBODY, "ada@bücher.example")


@pytest.fixture
async def five(service: World) -> list[User]:
    """Newest first."""
    users = [await register(service, f"user{number}@example.com") for number in range(5)]
    return users[::-1]


async def test_a_list_goes_on_where_it_ended(service: World, five: list[User]) -> None:
    seen: list[User] = []
    cursor = None
    for expected in (2, 2, 1):
        page = await list_users(service, limit=2, cursor=cursor)
        assert len(page.items) == expected
        seen += page.items
        cursor = page.next_cursor
    assert cursor is None
    assert seen == five
    assert (await list_users(service, limit=5)).next_cursor is None


async def test_a_list_is_for_readers(service: World, five: list[User]) -> None:
    with pytest.raises(NotAuthenticated):
        await list_users(service, ANYBODY)
    with pytest.raises(PermissionMissing) as caught:
        await list_users(service, signed_in(five[0]))
    assert caught.value.permissions == ("users:read",)


async def test_a_list_is_narrowed(service: World, five: list[User]) -> None:
    root = await register(service, "root@example.com", "admin")
    assert (await list_users(service, role="admin")).items == (root,)
    assert (await list_users(service, email="USER3@example.com")).items == (five[1],)
    assert (await list_users(service, status=UserStatus.DISABLED)).items == ()
    assert (await list_users(service, role="admin", email="user3@example.com")).items == ()
    assert len((await list_users(service, status=UserStatus.ACTIVE)).items) == 6


async def test_nobody_has_what_is_no_address(service: World, five: list[User]) -> None:
    assert await list_users(service, email="no address") == Page(items=(), next_cursor=None)


async def test_a_cursor_is_for_one_caller_and_one_list(service: World, five: list[User]) -> None:
    cursor = (await list_users(service, limit=2)).next_cursor
    assert cursor is not None
    async with unchanged(service):
        for actor, narrowed in (
            (signed_in(a_user(), "users:read"), {}),
            (ROOT, {}),
            (READER, {"status": UserStatus.ACTIVE}),
            (READER, {"role": "user"}),
            (READER, {"email": "user1@example.com"}),
        ):
            with pytest.raises(InvalidCursor):
                await list_users(service, actor, cursor=cursor, **narrowed)
        with pytest.raises(InvalidCursor):
            await list_users(service, cursor="junk")
    assert (await list_users(service, cursor=cursor, limit=1)).items == (five[2],)


async def test_access_is_judged_before_the_cursor(service: World) -> None:
    with pytest.raises(NotAuthenticated):
        await list_users(service, ANYBODY, cursor="junk")
