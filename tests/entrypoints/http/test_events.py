"""The audit log over HTTP."""

from uuid import uuid4

import pytest

from tests.entrypoints.http.api import Account, Api
from tests.entrypoints.http.promises import MARKER
from tests.entrypoints.http.test_lists import walk

EVENTS = "/api/v1/events"
MEMBERS = {
    *("id", "at", "kind", "outcome", "actor", "subject", "request_id", "ip", "user_agent", "data"),
}


async def found(api: Api, caller: Account, **params: str) -> list[tuple[str, str]]:
    response = await api.get(EVENTS, params=params, headers=caller.auth)
    assert response.status_code == 200, response.text
    return [(event["kind"], event["actor"]["id"]) for event in response.json()["items"]]


async def test_the_log_is_listed_newest_first(api: Api) -> None:
    reader, person = await api.holder_of("events:read"), await api.person()
    await api.patch(
        "/api/v1/users/me",
        json={"name": "New"},
        headers=person.auth | {"X-Request-ID": "mine", "User-Agent": "tests"},
    )
    response = await api.get(EVENTS, headers=reader.auth)
    assert response.headers["cache-control"] == "private, no-cache"
    newest = response.json()["items"][0]
    assert newest.keys() == MEMBERS
    assert newest["kind"] == "user.updated"
    assert newest["outcome"] == "success"
    assert newest["actor"] == newest["subject"] == {"type": "user", "id": person.id}
    assert (newest["request_id"], newest["user_agent"]) == ("mine", "tests")
    assert newest["data"] == {"fields": ["name"]}
    times = [event["at"] for event in response.json()["items"]]
    assert times == sorted(times, reverse=True)
    assert all(at.endswith("Z") for at in times)


async def test_the_log_is_narrowed(api: Api) -> None:
    administrator, person = await api.administrator(), await api.person()
    await api.patch(person.path, json={"status": "disabled"}, headers=administrator.auth)
    await api.patch(person.path, json={"status": "active"}, headers=administrator.auth)
    all_of_it = (await api.get(EVENTS, headers=administrator.auth)).json()["items"]
    edge = all_of_it[1]["at"]
    assert await found(api, administrator, kind="user.disabled") == [
        ("user.disabled", administrator.id)
    ]
    theirs = await found(api, administrator, actor=administrator.id, subject=person.id)
    assert theirs == [("user.enabled", administrator.id), ("user.disabled", administrator.id)]
    assert len(await found(api, administrator, since=edge)) == 2
    assert len(await found(api, administrator, until=edge)) == len(all_of_it) - 2
    assert await found(api, administrator, since=edge, until=edge) == []
    assert await found(api, administrator, actor=str(uuid4())) == []
    assert await found(api, administrator, subject="% or '1'='1'") == []


async def test_its_pages_lead_through_all_of_it_once(api: Api) -> None:
    reader = await api.holder_of("events:read")
    for _ in range(4):
        await api.person()
    everything = (await api.get(f"{EVENTS}?limit=100", headers=reader.auth)).json()["items"]
    for query in ("limit=3", "limit=3&kind=session.signed_in"):
        pages = [page async for page in walk(api, f"{EVENTS}?{query}", reader)]
        assert len(pages) > 1
        seen = [event for page in pages for event in page.json()["items"]]
        wanted = [e for e in everything if "kind" not in query or e["kind"].endswith("signed_in")]
        assert seen == wanted
    cursor = pages[0].json()["next_cursor"]
    assert len(cursor) <= 1024
    users = await api.get("/api/v1/users?limit=1", headers=(await api.administrator()).auth)
    for bad in (cursor, cursor[:-4], users.json()["next_cursor"], MARKER, "A" * 5000, ""):
        response = await api.get(f"{EVENTS}?cursor={bad}", headers=reader.auth)
        assert (response.status_code, response.json()["error"]) == (422, "invalid_cursor")


@pytest.mark.parametrize(
    "query",
    [
        *("kind=nothing", "kind=", "kind=USER.UPDATED", "actor=x", "actor=", "actor=[]"),
        *(f"actor={2**63}", "actor=true", "subject=", "subject=%00", "subject=" + "x" * 65),
        *("since=yesterday", "since=", "since=1", "since=2030-01-01", "since=2030-01-01T00:00:00"),
        *("until=0001-01-01T00:00:00%2B01:00", "until=9999-12-31T23:59:59-23:59", "until=%00"),
        *("limit=0", "limit=101", f"kind={MARKER}", f"since={MARKER}", "until=" + "9" * 10_000),
    ],
)
async def test_a_condition_that_makes_no_sense_is_named(api: Api, query: str) -> None:
    reader = await api.holder_of("events:read")
    response = await api.get(f"{EVENTS}?{query}", headers=reader.auth)
    assert (response.status_code, response.json()["error"]) == (422, "validation_error")
    (detail,) = response.json()["details"]
    assert detail["field"] == f"query.{query.partition('=')[0]}"


async def test_the_log_is_for_holders_of_its_permission(api: Api) -> None:
    person = await api.person()
    refused = await api.get(EVENTS, headers=person.auth)
    assert (refused.status_code, refused.json()["error"]) == (403, "forbidden")
    reader = await api.holder_of("events:read")
    newest = (await api.get(EVENTS, headers=reader.auth)).json()["items"]
    assert ("access.permission_denied", "refused") in [(e["kind"], e["outcome"]) for e in newest]
