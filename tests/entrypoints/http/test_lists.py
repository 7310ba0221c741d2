"""Lists over HTTP: pages, cursors, filters, links."""

import re
from collections.abc import AsyncIterator
from urllib.parse import quote

import httpx
import pytest

from tests.entrypoints.http.api import Account, Api
from tests.entrypoints.http.promises import MARKER
from tests.entrypoints.http.raw import HOST, call
from tests.entrypoints.http.test_registration import USER_MEMBERS

USERS = "/api/v1/users"


async def walk(api: Api, path: str, caller: Account) -> AsyncIterator[httpx.Response]:
    """Every page, by the Link header alone."""
    following: str | None = path
    while following:
        response = await api.get(following, headers=caller.auth)
        yield response
        link = response.headers.get("link")
        assert (link is None) == (response.json()["next_cursor"] is None)
        match = re.fullmatch(r'<(/[^>]*)>; rel="next"', link or "")
        assert bool(link) == bool(match)
        following = match[1] if match else None


async def people(api: Api, count: int) -> tuple[Account, list[str]]:
    """An administrator, and the ids of all accounts, newest first."""
    administrator = await api.administrator()
    ids = [administrator.id] + [(await api.register()).json()["id"] for _ in range(count)]
    return administrator, ids[::-1]


async def test_a_page_holds_accounts_newest_first(api: Api) -> None:
    administrator, ids = await people(api, 3)
    response = await api.get(USERS, headers=administrator.auth)
    assert response.status_code == 200
    assert response.json().keys() == {"items", "next_cursor"}
    assert [user["id"] for user in response.json()["items"]] == ids
    assert all(user.keys() == USER_MEMBERS for user in response.json()["items"])
    assert response.json()["next_cursor"] is None
    assert "link" not in response.headers
    assert response.headers["cache-control"] == "private, no-cache"


async def test_without_a_limit_a_page_holds_twenty(api: Api) -> None:
    administrator, _ = await people(api, 21)
    pages = [len(page.json()["items"]) async for page in walk(api, USERS, administrator)]
    assert pages == [20, 2]


@pytest.mark.parametrize("limit", [1, 2, 3, 100])
async def test_links_lead_through_all_of_it_once(api: Api, limit: int) -> None:
    administrator, ids = await people(api, 4)
    pages = [page async for page in walk(api, f"{USERS}?limit={limit}", administrator)]
    assert [user["id"] for page in pages for user in page.json()["items"]] == ids
    assert len(pages) == -(-len(ids) // limit)


async def test_a_link_keeps_the_filters_and_nothing_else(api: Api) -> None:
    administrator, ids = await people(api, 4)
    path = f"{USERS}?limit=2&status=active&role=user&unknown={MARKER}"
    pages = [page async for page in walk(api, path, administrator)]
    assert [user["id"] for page in pages for user in page.json()["items"]] == ids
    assert MARKER not in pages[0].headers["link"]


async def test_accounts_that_come_or_go_meanwhile_disturb_no_page(api: Api) -> None:
    administrator, ids = await people(api, 4)
    first = await api.get(f"{USERS}?limit=2", headers=administrator.auth)
    await api.register()
    await api.delete(f"{USERS}/{ids[1]}", headers=administrator.auth)
    link = first.headers["link"].partition(">")[0].strip("<")
    second = await api.get(link, headers=administrator.auth)
    assert [user["id"] for user in second.json()["items"]] == ids[2:4]


async def test_filters_narrow_the_list_together(api: Api) -> None:
    administrator, person = await api.administrator(), await api.person(email="Ada@example.com")
    await api.disable(await api.person())

    async def found(query: str) -> list[str]:
        response = await api.get(f"{USERS}?{query}", headers=administrator.auth)
        return [user["id"] for user in response.json()["items"]]

    assert await found("email=ada@EXAMPLE.com") == [person.id]
    assert await found("email=ada@example.com&status=disabled") == []
    assert await found("role=admin") == [administrator.id]
    assert await found("status=active&role=user") == [person.id, administrator.id]
    assert len(await found("status=disabled")) == 1
    assert await found("role=nobody") == await found("email=no-address") == []


async def test_a_parameter_that_makes_no_sense_is_named(api: Api) -> None:
    administrator = await api.administrator()
    for query in (
        *("limit=0", "limit=101", "limit=-1", "limit=x", "limit=", "limit=1.5", "limit=1e2"),
        *(f"limit={'9' * 5000}", "status=gone", "status=", f"role={MARKER.upper()}", "role="),
        f"email={'x' * 321}",
    ):
        response = await api.get(f"{USERS}?{query}", headers=administrator.auth)
        assert (response.status_code, query) == (422, query)
        assert response.json()["error"] == "validation_error"
        (detail,) = response.json()["details"]
        assert detail["field"] == f"query.{query.partition('=')[0]}"


async def test_a_cursor_that_was_not_handed_out_is_refused(api: Api) -> None:
    administrator = await api.administrator()
    for junk in (
        *("", "x", MARKER, "AAAA", "=" * 64, "%00", "%ff%fe", "%ed%a0%80", "💥"),
        *("A" * 64, "A" * 5000, quote("../../etc/passwd")),
    ):
        response = await api.get(f"{USERS}?cursor={junk}", headers=administrator.auth)
        assert (response.status_code, junk) == (422, junk)
        assert response.json()["error"] == "invalid_cursor"


async def test_a_cursor_of_a_megabyte_is_refused(api: Api) -> None:
    administrator = await api.administrator()
    auth = (b"authorization", administrator.auth["Authorization"].encode())
    query = b"cursor=" + b"A" * 1_000_000
    response = await call(api.app, "GET", USERS, [HOST, auth], query=query)
    assert (response.status_code, response.json()["error"]) == (422, "invalid_cursor")


async def test_a_cursor_belongs_to_its_list_its_filters_and_its_caller(api: Api) -> None:
    administrator, ids = await people(api, 3)
    other = await api.administrator()
    page = await api.get(f"{USERS}?limit=1", headers=administrator.auth)
    cursor = page.json()["next_cursor"]
    assert len(cursor) <= 1024
    bent = cursor[:-2] + ("A" if cursor[-2] != "A" else "B") + cursor[-1]
    for path, caller in (
        (f"{USERS}?cursor={cursor}", other),
        (f"{USERS}?cursor={cursor}&status=active", administrator),
        (f"{USERS}?cursor={bent}", administrator),
        (f"{USERS}?cursor={cursor.swapcase()}", administrator),
        (f"{USERS}/{ids[0]}/sessions?cursor={cursor}", administrator),
        (f"/api/v1/auth/sessions?cursor={cursor}", administrator),
    ):
        response = await api.get(path, headers=caller.auth)
        assert (response.status_code, response.json()["error"]) == (422, "invalid_cursor")
    # The limit may change on the way. `other` came last, so the first page was theirs.
    good = await api.get(f"{USERS}?cursor={cursor}&limit=2", headers=administrator.auth)
    assert [user["id"] for user in good.json()["items"]] == ids[:2]


async def test_a_list_is_for_holders_of_its_permission(api: Api) -> None:
    person, reader = await api.person(), await api.holder_of("users:read")
    refused = await api.get(USERS, headers=person.auth)
    assert (refused.status_code, refused.json()["error"]) == (403, "forbidden")
    assert [each["message"] for each in refused.json()["details"]] == ["Needs users:read."]
    assert (await api.get(USERS, headers=reader.auth)).status_code == 200
