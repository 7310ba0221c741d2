"""API keys over HTTP: made, seen, replaced and revoked."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest

from domain.events import EventKind
from tests.entrypoints.http.api import PASSWORD, Account, Api
from tests.entrypoints.http.promises import MARKER

KEYS, ME = "/api/v1/api-keys", "/api/v1/users/me"
SOMEBODY = "0198c5f6-6f3a-7c3e-9d0a-3b1f6f1f2a10"
MEMBERS = {
    *("id", "owner_id", "name", "prefix", "scopes", "rate_limit", "status"),
    *("created_at", "expires_at", "last_used_at"),
}


async def create(api: Api, caller: Account, **fields: Any) -> httpx.Response:
    body = {"name": "Report", "scopes": ["items:read"]} | fields
    return await api.post(KEYS, json=body, headers=caller.auth)


async def made(api: Api, caller: Account, **fields: Any) -> dict[str, Any]:
    response = await create(api, caller, **fields)
    assert response.status_code == 201, response.text
    found: dict[str, Any] = response.json()
    return found


def with_key(key: dict[str, Any]) -> dict[str, str]:
    return {"X-API-Key": key["key"]}


async def is_alive(api: Api, key: dict[str, Any]) -> bool:
    return (await api.get(ME, headers=with_key(key))).status_code == 200


def age(api: Api, account: Account, **ago: float) -> None:
    """Lets the account's passwords have been given earlier."""
    for session in api.records.sessions.values():
        if session.user_id == UUID(account.id):
            object.__setattr__(session, "auth_time", session.auth_time - timedelta(**ago))


async def test_a_key_is_shown_once(api: Api) -> None:
    person = await api.person()
    response = await create(api, person, rate_limit=5)
    assert response.status_code == 201
    assert response.headers["cache-control"] == "no-store"
    created = response.json()
    assert created.keys() == MEMBERS | {"key"}
    assert response.headers["location"] == f"{KEYS}/{created['id']}"
    assert created["key"].startswith(created["prefix"] + "_")
    assert (created["owner_id"], created["name"]) == (person.id, "Report")
    assert (created["scopes"], created["rate_limit"]) == (["items:read"], 5)
    assert (created["status"], created["last_used_at"]) == ("active", None)
    got = await api.get(response.headers["location"], headers=person.auth)
    assert got.headers["cache-control"] == "private, no-cache"
    assert got.json() == {name: created[name] for name in MEMBERS}
    listed = await api.get(KEYS, headers=person.auth)
    assert listed.json() == {"items": [got.json()], "next_cursor": None}
    assert created["key"] not in repr(api.stored()) + repr(api.records.events)


async def test_a_key_lives_90_days_or_as_told(api: Api) -> None:
    person = await api.person()
    usual = await made(api, person)
    lifetime = datetime.fromisoformat(usual["expires_at"]) - datetime.fromisoformat(
        usual["created_at"]
    )
    assert lifetime == timedelta(days=90)
    tomorrow = datetime.now(UTC).replace(microsecond=0) + timedelta(days=1)
    for text in (tomorrow.isoformat(), tomorrow.isoformat().replace("+00:00", "z")):
        told = await made(api, person, expires_at=text)
        assert datetime.fromisoformat(told["expires_at"]) == tomorrow
    assert (await made(api, person, expires_at=None, rate_limit=None))["rate_limit"] is None


# What no field of a new key can be.
BAD_FIELDS: dict[str, list[object]] = {
    "expires_at": [
        *("2020-01-01T00:00:00Z", "2999-01-01T00:00:00Z", "2030-01-01T00:00:00", "2030-01-01"),
        *("9999-12-31T23:59:59-23:59", "tomorrow", "", 1893456000, True, [], {}),
    ],
    "rate_limit": [0, -1, 10_001, 2**63, 1.5, 1e300, "5", True, [5], {}],
    "scopes": [
        *(None, "items:read", {"items:read": 1}, [5], [None], [[]], [""], ["x" * 65], ["a\0b"]),
        *(["items:read"] * 2, [f"items:{number}" for number in range(101)]),
    ],
    "name": [None, "", " ", "a\nb", "x" * 201, 5, MARKER + "\0"],
    **{name: [MARKER, "2030-01-01T00:00:00Z"] for name in ("created_at", "last_used_at")},
    **{name: [MARKER, SOMEBODY] for name in ("id", "owner_id", "user_id")},
    "status": ["active"],
    "prefix": ["dw_a"],
    "key": [MARKER],
    MARKER: [1],
}


@pytest.mark.parametrize("field", BAD_FIELDS)
async def test_what_does_not_fit_is_refused(api: Api, field: str) -> None:
    person = await api.person()
    before = api.stored()
    for value in BAD_FIELDS[field]:
        response = await create(api, person, **{field: value})
        assert (value, response.status_code) == (value, 422)
        assert response.json()["error"] == "validation_error"
    assert api.stored() == before


async def test_an_unknown_permission_is_told_as_such(api: Api) -> None:
    person = await api.person()
    for scopes in (["no:such"], ["items:read", MARKER], ["'; DROP TABLE users"], ["%"]):
        response = await create(api, person, scopes=scopes)
        assert (response.status_code, response.json()["error"]) == (422, "unknown_permission")
        assert [d["field"] for d in response.json()["details"]] == ["body.scopes"]


async def test_a_permission_that_one_lacks_cannot_be_given(api: Api) -> None:
    person = await api.person()
    response = await create(api, person, scopes=["users:write", "items:read", "events:read"])
    assert (response.status_code, response.json()["error"]) == (403, "forbidden")
    told = [detail["message"] for detail in response.json()["details"]]
    assert told == ["Needs events:read.", "Needs users:write."]


async def test_making_and_rotating_ask_for_the_password_after_a_while(api: Api) -> None:
    person = await api.person()
    key = await made(api, person)
    age(api, person, minutes=16)
    rotating = f"{KEYS}/{key['id']}/rotate"
    for response in (await create(api, person), await api.post(rotating, headers=person.auth)):
        assert (response.status_code, response.json()["error"]) == (
            403,
            "reauthentication_required",
        )
    denials = [e for e in api.records.events.values() if e.kind is EventKind.PERMISSION_DENIED]
    assert [event.data["missing"] for event in denials] == [["reauthentication_required"]] * 2
    again = await api.post(
        "/api/v1/auth/reauthenticate", json={"password": PASSWORD}, headers=person.auth
    )
    assert again.status_code == 204
    assert (await create(api, person)).status_code == 201
    assert (await api.post(rotating, headers=person.auth)).status_code == 201


async def test_rotating_gives_a_new_key_and_ends_the_old_one_soon(api: Api) -> None:
    person = await api.person()
    old = await made(api, person, rate_limit=100)
    response = await api.post(
        f"{KEYS}/{old['id']}/rotate", json={"overlap_seconds": 60}, headers=person.auth
    )
    assert response.status_code == 201
    assert response.headers["cache-control"] == "no-store"
    new = response.json()
    assert new.keys() == MEMBERS | {"key"}
    assert response.headers["location"] == f"{KEYS}/{new['id']}"
    same = ("name", "scopes", "rate_limit", "owner_id")
    assert [new[name] for name in same] == [old[name] for name in same]
    assert await is_alive(api, old)
    assert await is_alive(api, new)
    left = (await api.get(f"{KEYS}/{old['id']}", headers=person.auth)).json()
    ends_in = datetime.fromisoformat(left["expires_at"]) - datetime.now(UTC)
    assert timedelta(seconds=50) < ends_in <= timedelta(seconds=60)
    again = await api.post(f"{KEYS}/{old['id']}/rotate", headers=person.auth)
    assert (again.status_code, again.json()["error"]) == (409, "conflict")
    at_once = await api.post(
        f"{KEYS}/{new['id']}/rotate", json={"overlap_seconds": 0}, headers=person.auth
    )
    assert at_once.status_code == 201
    assert not await is_alive(api, new)
    status = (await api.get(f"{KEYS}/{new['id']}", headers=person.auth)).json()["status"]
    assert status == "expired"


async def test_an_overlap_is_a_number_of_seconds(api: Api) -> None:
    person = await api.person()
    path = f"{KEYS}/{(await made(api, person))['id']}/rotate"
    headers = person.auth | {"Content-Type": "application/json"}
    overlaps = ("-1", "604801", "1.5", '"60"', "true", "null", "[]", "{}", "9223372036854775808")
    bodies = [f'{{"overlap_seconds": {overlap}}}' for overlap in overlaps]
    for body in (*bodies, '{"name": "x"}', f'{{"id": "{SOMEBODY}"}}', "[]", "5", "null"):
        response = await api.post(path, content=body, headers=headers)
        assert (body, response.status_code) == (body, 422)
        assert response.json()["error"] == "validation_error"


async def test_a_revoked_key_is_dead_and_stays_in_the_list(api: Api) -> None:
    person = await api.person()
    key, other = await made(api, person), await made(api, person)
    assert await is_alive(api, key)
    for _ in range(2):
        revoked = await api.delete(f"{KEYS}/{key['id']}", headers=person.auth)
        assert (revoked.status_code, revoked.content) == (204, b"")
        assert not await is_alive(api, key)
    assert await is_alive(api, other)
    listed = (await api.get(KEYS, headers=person.auth)).json()["items"]
    assert [(each["id"], each["status"]) for each in listed] == [
        (other["id"], "active"),
        (key["id"], "revoked"),
    ]


async def test_keys_come_in_pages(api: Api) -> None:
    person = await api.person()
    ids = [(await made(api, person))["id"] for _ in range(3)][::-1]
    first = await api.get(f"{KEYS}?limit=2", headers=person.auth)
    assert [each["id"] for each in first.json()["items"]] == ids[:2]
    link = first.headers["link"].partition(">")[0].strip("<")
    second = await api.get(link, headers=person.auth)
    assert [each["id"] for each in second.json()["items"]] == ids[2:]
    bent = await api.get(f"{KEYS}?cursor={MARKER}", headers=person.auth)
    assert (bent.status_code, bent.json()["error"]) == (422, "invalid_cursor")


def told(response: httpx.Response) -> dict[str, Any]:
    """An error without what differs from one request to the next."""
    return {name: value for name, value in response.json().items() if name != "request_id"}


async def test_somebody_elses_key_looks_like_one_that_does_not_exist(api: Api) -> None:
    person, other = await api.person(), await api.person()
    foreign = (await made(api, other))["id"]
    before = api.stored()
    for method, tail in (("GET", ""), ("DELETE", ""), ("POST", "/rotate")):
        answers = [
            await api.request(method, f"{KEYS}/{key_id}{tail}", headers=person.auth)
            for key_id in (foreign, uuid4())
        ]
        assert [each.status_code for each in answers] == [404, 404]
        assert told(answers[0]) == told(answers[1])
    assert api.stored() == before


async def test_what_is_no_id_is_refused(api: Api) -> None:
    person = await api.person()
    for key_id in ("1", "[]", "true", str(2**63), "%00", "..%2f", MARKER):
        for method, tail in (("GET", ""), ("DELETE", ""), ("POST", "/rotate")):
            response = await api.request(method, f"{KEYS}/{key_id}{tail}", headers=person.auth)
            assert response.status_code in (404, 422), response.text


async def test_administrators_see_and_revoke_the_keys_of_others(api: Api) -> None:
    person, admin = await api.person(), await api.administrator()
    helper = await api.holder_of("api_keys:admin", "items:read", "items:write")
    of_person, of_admin = await made(api, person), await made(api, admin)
    for caller in (admin, helper):
        listed = await api.get(f"{person.path}/api-keys", headers=caller.auth)
        assert [each["id"] for each in listed.json()["items"]] == [of_person["id"]]
        got = await api.get(f"{KEYS}/{of_person['id']}", headers=caller.auth)
        assert got.json()["id"] == of_person["id"]
        rotating = await api.post(f"{KEYS}/{of_person['id']}/rotate", headers=caller.auth)
        assert rotating.status_code == 404
    denied = await api.delete(f"{KEYS}/{of_admin['id']}", headers=helper.auth)
    assert (denied.status_code, denied.json()["error"]) == (403, "forbidden")
    assert await is_alive(api, of_admin)
    assert (await api.delete(f"{KEYS}/{of_person['id']}", headers=helper.auth)).status_code == 204
    assert not await is_alive(api, of_person)
    missing = await api.get(f"/api/v1/users/{uuid4()}/api-keys", headers=admin.auth)
    assert missing.status_code == 404


async def test_whoever_sees_an_account_is_told_that_its_keys_need_more(api: Api) -> None:
    reader, person = await api.holder_of("users:read"), await api.person()
    for caller in (reader, person):
        response = await api.get(f"{person.path}/api-keys", headers=caller.auth)
        assert (response.status_code, response.json()["error"]) == (403, "forbidden")
    hidden = await api.get(f"{reader.path}/api-keys", headers=person.auth)
    assert hidden.status_code == 404
