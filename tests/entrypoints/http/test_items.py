"""Items over HTTP: one's own, other people's, and what they may not hold."""

import json
from typing import Any
from uuid import uuid4

import httpx
import pytest

from domain.events import EventKind
from tests.entrypoints.http.api import Account, Api
from tests.entrypoints.http.promises import MARKER
from tests.entrypoints.http.raw import HOST, call
from tests.entrypoints.http.test_lists import walk

ITEMS = "/api/v1/items"
MEMBERS = {"id", "owner_id", "title", "data", "version", "created_at", "updated_at"}


async def create(api: Api, owner: Account, title: str = "A title", **data: Any) -> httpx.Response:
    body = {"title": title, "data": data}
    response = await api.post(ITEMS, json=body, headers=owner.auth)
    assert response.status_code == 201, response.text
    return response


async def test_an_item_is_created_read_changed_and_deleted(api: Api) -> None:
    person = await api.person()
    created = await create(api, person, "A title", a=[1, {"b": None}])
    item = created.json()
    assert item.keys() == MEMBERS
    assert (item["owner_id"], item["version"]) == (person.id, 1)
    path = created.headers["location"]
    assert path == f"{ITEMS}/{item['id']}"
    got = await api.get(path, headers=person.auth)
    assert got.json() == item
    for response in (created, got):
        assert response.headers["etag"] == '"1"'
        assert response.headers["cache-control"] == "private, no-cache"
    renamed = await api.patch(path, json={"title": "New"}, headers=person.auth)
    assert (renamed.status_code, renamed.headers["etag"]) == (200, '"2"')
    assert renamed.json() == item | {
        "title": "New",
        "version": 2,
        "updated_at": renamed.json()["updated_at"],
    }
    refilled = await api.patch(path, json={"data": {"c": 1}}, headers=person.auth)
    assert (refilled.json()["title"], refilled.json()["data"]) == ("New", {"c": 1})
    assert (await api.delete(path, headers=person.auth)).status_code == 204
    assert (await api.get(path, headers=person.auth)).status_code == 404


async def test_somebody_elses_item_looks_like_a_missing_one(api: Api) -> None:
    owner, stranger = await api.person(), await api.person()
    path = (await create(api, owner)).headers["location"]
    before = api.stored()
    for method, body in (("GET", None), ("PATCH", {"title": "x"}), ("DELETE", None)):
        answers = []
        for place in (path, f"{ITEMS}/{uuid4()}"):
            for condition in ({}, {"If-Match": '"7"', "If-None-Match": '"1"'}):
                headers = stranger.auth | condition | {"X-Request-ID": "same"}
                response = await api.request(method, place, json=body, headers=headers)
                answers.append((response.status_code, response.content))
        assert answers[0][0] == 404
        assert len(set(answers)) == 1
    assert api.stored() == before


async def test_a_holder_of_items_admin_acts_on_everybodys_and_leaves_a_trace(api: Api) -> None:
    owner, keeper = await api.person(), await api.holder_of("items:admin")
    path = (await create(api, owner)).headers["location"]
    assert (await api.get(path, headers=keeper.auth)).status_code == 200
    assert (await api.patch(path, json={"title": "x"}, headers=keeper.auth)).status_code == 200
    listed = await api.get(f"{ITEMS}?owner_id={owner.id}", headers=keeper.auth)
    assert [item["title"] for item in listed.json()["items"]] == ["x"]
    # Without an owner it is one's own, as for everybody.
    assert (await api.get(ITEMS, headers=keeper.auth)).json()["items"] == []
    assert (await api.delete(path, headers=keeper.auth)).status_code == 204
    events = [e for e in api.records.events.values() if e.kind.value.startswith("item.")]
    assert [(e.kind, e.actor.id) for e in events] == [
        (EventKind.ITEM_UPDATED, keeper.id),
        (EventKind.ITEM_DELETED, keeper.id),
    ]
    assert events[0].data == {"owner_id": owner.id, "fields": ["title"]}


async def test_without_the_permission_there_is_no_use_of_ones_own_either(api: Api) -> None:
    person = await api.person()
    path = (await create(api, person)).headers["location"]
    await api.set_roles(person)
    for method, place, body, missing in (
        ("GET", path, None, "items:read"),
        ("GET", ITEMS, None, "items:read"),
        ("PATCH", path, {"title": "x"}, "items:write"),
        ("DELETE", path, None, "items:write"),
        ("POST", ITEMS, {"title": "x", "data": {}}, "items:write"),
        ("GET", f"{ITEMS}?owner_id={uuid4()}", None, "items:admin"),
    ):
        response = await api.request(method, place, json=body, headers=person.auth)
        assert (response.status_code, response.json()["error"]) == (403, "forbidden")
        assert [each["message"] for each in response.json()["details"]] == [f"Needs {missing}."]


async def test_conditions_hold_for_items_as_for_accounts(api: Api) -> None:
    person = await api.person()
    path = (await create(api, person)).headers["location"]
    known = await api.get(path, headers=person.auth | {"If-None-Match": 'W/"1"'})
    assert (known.status_code, known.headers["etag"]) == (304, '"1"')
    for tag, status in (('"2"', 412), ('W/"1"', 412), ('"x"', 412), ('"1"', 200), ('"1"', 412)):
        headers = person.auth | {"If-Match": tag}
        response = await api.patch(path, json={"title": "New"}, headers=headers)
        assert (tag, response.status_code) == (tag, status)
    stale = await api.delete(path, headers=person.auth | {"If-Match": '"1"'})
    assert (stale.status_code, stale.json()["error"]) == (412, "precondition_failed")
    assert (await api.head(path, headers=person.auth)).headers["etag"] == '"2"'
    gone = await api.delete(path, headers=person.auth | {"If-Match": '"2"'})
    assert gone.status_code == 204


DEEP: dict[str, Any] = {}
for _ in range(500):
    DEEP = {"a": DEEP}
NO_DATA: list[Any] = [[], "x", 7, True, None, [{}]]
BAD: list[dict[str, Any]] = [
    *({}, {"title": "x"}, {"data": {}}, {"title": "", "data": {}}, {"title": " ", "data": {}}),
    *({"title": "x" * 201, "data": {}}, {"title": "a\0", "data": {}}, {"title": 7, "data": {}}),
    *({"title": "x", "data": bad} for bad in NO_DATA),
    *({"title": "x", "data": {"n": bad}} for bad in (2**63, 10**300, -1e300, "\0", "\ud800")),
    *({"title": "x", "data": bad} for bad in ({"\0": 1}, {"\udc00": 1}, DEEP, {"t": "x" * 16379})),
    *(
        {"title": "x", "data": {}, name: value}
        for name, value in (
            *(("owner_id", str(uuid4())), ("id", str(uuid4())), ("id", 2**63), ("version", 7)),
            *(("created_at", "2030-01-01T00:00:00Z"), ("updated_at", None), (MARKER, True)),
            *(("owner_id", [MARKER]), ("owner_id", {MARKER: 1}), ("id", True)),
        )
    ),
]


async def test_what_an_item_cannot_be_is_refused(api: Api) -> None:
    person = await api.person()
    path = (await create(api, person)).headers["location"]
    before = api.stored()
    for body in BAD:
        content = json.dumps(body).encode()
        headers = person.auth | {"Content-Type": "application/json"}
        answers = [await api.post(ITEMS, content=content, headers=headers)]
        if len(body) > 1:
            answers.append(await api.patch(path, content=content, headers=headers))
        for answer in answers:
            told = (answer.status_code, answer.json()["error"])
            assert told == (422, "validation_error"), content[:80]
    assert api.stored() == before


async def test_as_much_data_as_there_may_be_is_taken(api: Api) -> None:
    person = await api.person()
    data = {"t": "x" * 16376}
    assert (await create(api, person, **data)).json()["data"] == data


@pytest.mark.parametrize(
    "bad", ["true", "[]", "{}", str(2**63), "0", "null", "%00", "%F0", "me", "x" * 10_000, MARKER]
)
async def test_an_id_that_is_none_is_refused(api: Api, bad: str) -> None:
    person = await api.person()
    for method in ("GET", "DELETE"):
        response = await api.request(method, f"{ITEMS}/{bad}", headers=person.auth)
        assert (response.status_code, response.json()["details"][0]["field"]) == (
            422,
            "path.item_id",
        )
    listed = await api.get(f"{ITEMS}?owner_id={bad}", headers=person.auth)
    assert listed.status_code == 422


async def test_a_prefix_is_literal_and_tells_case_apart(api: Api) -> None:
    person = await api.person()
    titles = ["100%", "100 per cent", "_x", "ax", "O'Neill", 'say "x"', "back\\slash", "Ada", "ada"]
    for title in titles:
        await create(api, person, title)

    for prefix in (*titles, "1", "%", "_", "'", '"', "\\", "A", "a", "back\\", "10_", ""):
        params = {"title_prefix": prefix}
        response = await api.get(ITEMS, params=params, headers=person.auth)
        found = [item["title"] for item in response.json()["items"]]
        assert found == [title for title in reversed(titles) if title.startswith(prefix)]


@pytest.mark.parametrize("prefix", ["x" * 201, "x" * 10_000, "\0", "a\0"])
async def test_a_prefix_that_no_title_has_is_refused(api: Api, prefix: str) -> None:
    person = await api.person()
    response = await api.get(ITEMS, params={"title_prefix": prefix}, headers=person.auth)
    assert response.status_code == 422
    assert response.json()["details"][0]["field"] == "query.title_prefix"


async def test_pages_keep_the_filter_and_belong_to_it(api: Api) -> None:
    person, other = await api.person(), await api.person()
    for number in range(5):
        await create(api, person, f"yes {number}")
        await create(api, person, f"no {number}")
    pages = [page async for page in walk(api, f"{ITEMS}?limit=2&title_prefix=yes", person)]
    found = [item["title"] for page in pages for item in page.json()["items"]]
    assert found == [f"yes {number}" for number in (4, 3, 2, 1, 0)]
    cursor = pages[0].json()["next_cursor"]
    for query, caller in (("", person), ("title_prefix=y&", person), ("title_prefix=yes&", other)):
        response = await api.get(f"{ITEMS}?{query}cursor={cursor}", headers=caller.auth)
        assert (response.status_code, response.json()["error"]) == (422, "invalid_cursor")
    auth = (b"authorization", person.auth["Authorization"].encode())
    huge = b"cursor=" + b"A" * 1_000_000
    response = await call(api.app, "GET", ITEMS, [HOST, auth], query=huge)
    assert (response.status_code, response.json()["error"]) == (422, "invalid_cursor")


async def test_items_go_with_their_owner(api: Api) -> None:
    administrator, person = await api.administrator(), await api.person()
    path = (await create(api, person)).headers["location"]
    await api.delete(person.path, headers=administrator.auth)
    assert (await api.get(path, headers=administrator.auth)).status_code == 404
