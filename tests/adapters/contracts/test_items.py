"""What every item repository promises: data as it was given, prefixes taken literally."""

from dataclasses import replace
from typing import Any
from uuid import UUID

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from adapters.sql.items import first_after
from application.ports.items import ItemChanges
from domain.access import NotAuthenticated
from domain.items import MAX_NUMBER, Item, check_data
from domain.users import User
from tests.adapters.contracts.texts import AWKWARD, texts
from tests.domain.samples import LATER, NOW, a_user, an_item, new_id
from tests.storage import Backend

values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-MAX_NUMBER, MAX_NUMBER)
    | st.floats(-MAX_NUMBER, MAX_NUMBER)
    | texts(40),
    lambda children: (
        st.lists(children, max_size=3) | st.dictionaries(texts(20), children, max_size=3)
    ),
    max_leaves=6,
)


async def add(backend: Backend, *items: Item) -> None:
    async with backend.uow() as uow:
        for item in items:
            await uow.items.add(item)
        await uow.commit()


async def get(backend: Backend, item_id: UUID) -> Item | None:
    async with backend.uow.reading() as uow:
        return await uow.items.get(item_id)


async def titles(backend: Backend, ada: User, prefix: str) -> set[str]:
    async with backend.uow.reading() as uow:
        return {item.title for item in await uow.items.page(ada.id, prefix, None, 100)}


@given(title=texts(200), data=st.dictionaries(texts(20), values, max_size=3))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=25)
async def test_an_item_comes_back_as_it_was_given(
    backend: Backend, ada: User, title: str, data: dict[str, Any]
) -> None:
    item = an_item(ada.id, title=title, data=check_data(data))
    await add(backend, item)
    assert await get(backend, item.id) == item
    async with backend.uow() as uow:
        changes = ItemChanges(title=title[::-1], data={"was": data})
        changed = await uow.items.change(item.id, changes, LATER, 1)
        await uow.commit()
    expected = replace(item, title=title[::-1], data={"was": data}, version=2, updated_at=LATER)
    assert await get(backend, item.id) == changed == expected


async def test_what_is_read_can_be_changed_without_changing_what_is_kept(
    backend: Backend, ada: User
) -> None:
    data = {"list": [1]}
    item = an_item(ada.id, data=data)
    await add(backend, item)
    data["list"].append(2)
    found = await get(backend, item.id)
    assert found is not None
    assert found.data == {"list": [1]}
    found.data["list"].append(3)
    assert (await get(backend, item.id)) == replace(item, data={"list": [1]})


async def test_a_write_takes_the_version_it_names(backend: Backend, ada: User) -> None:
    item = an_item(ada.id)
    await add(backend, item)
    async with backend.uow() as uow:
        for stale in (0, 2, -1):
            assert await uow.items.change(item.id, ItemChanges(title="x"), NOW, stale) is None
            assert not await uow.items.delete(item.id, stale)
        assert await uow.items.change(new_id(), ItemChanges(), NOW, None) is None
        assert not await uow.items.delete(new_id(), None)
        assert await uow.items.get(item.id) == item
        assert await uow.items.delete(item.id, 1)
        assert await uow.items.get(item.id) is None
        await uow.commit()
    assert await get(backend, item.id) is None


async def test_pages_are_of_one_owner_and_newest_first(backend: Backend, ada: User) -> None:
    other = a_user()
    async with backend.uow() as uow:
        await uow.users.add(other)
        await uow.commit()
    items = [an_item(ada.id) for _ in range(5)][::-1]
    await add(backend, *items[::-1], an_item(other.id))
    async with backend.uow.reading() as uow:
        assert await uow.items.page(ada.id, "", None, 2) == items[:2]
        assert await uow.items.page(ada.id, "", items[1].id, 10) == items[2:]
        assert await uow.items.page(new_id(), "", None, 10) == []


PREFIXES = ["%", "_", "'", '"', "\\", "100%", "e", "e\u0301", "A", "a", "\ud7ff", "\uffff"]


async def test_a_prefix_is_taken_literally(backend: Backend, ada: User) -> None:
    """By code points: no pattern, no folding, no language's order, on every storage alike."""
    given = {*AWKWARD, "Ada", "ada", "äda", "AB", "\ud7ff\ue000", "\U0010ffff\U0010ffff", "100 _"}
    await add(backend, *(an_item(ada.id, title=title) for title in given))
    for prefix in {*PREFIXES, *given, *(title[0] for title in given)}:
        expected = {title for title in given if title.startswith(prefix)}
        assert await titles(backend, ada, prefix) == expected, prefix
    assert await titles(backend, ada, "") == given


@given(st.text(st.characters(exclude_categories=["Cs"]), min_size=1), st.text())
def test_what_begins_so_lies_below_the_first_that_comes_after(prefix: str, rest: str) -> None:
    end = first_after(prefix)
    assert end is None or prefix + rest < end
    assert end is None or not end.startswith(prefix)
    assert (end is None) == (set(prefix) == {"\U0010ffff"})


async def test_an_item_needs_its_owner_and_goes_with_them(backend: Backend, ada: User) -> None:
    item = an_item(ada.id)
    await add(backend, item)
    async with backend.uow() as uow:
        await uow.users.delete(ada.id, None)
        await uow.commit()
    assert await get(backend, item.id) is None
    with pytest.raises(NotAuthenticated):
        await add(backend, an_item(ada.id))
