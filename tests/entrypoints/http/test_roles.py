"""Roles over HTTP."""

from typing import Any

from domain.events import EventKind
from tests.entrypoints.http.api import Account, Api
from tests.entrypoints.http.promises import MARKER
from tests.entrypoints.http.test_lists import walk

ROLES = "/api/v1/roles"
MEMBERS = {"name", "description", "permissions", "built_in", "created_at", "updated_at"}
CASHIER = {"name": "cashier", "description": "At the till.", "permissions": ["items:read"]}
CONTENT = {"description": "New", "permissions": ["items:write"]}

NO_ROLES: list[tuple[dict[str, Any], str]] = [
    *(({"name": name}, "body.name") for name in ("", "Cashier", "a b", "x" * 33, "é", "1a")),
    *(({"name": name}, "body.name") for name in ("a\n", "a\0", "../a", MARKER.upper(), 1, None)),
    ({"description": "x" * 501}, "body.description"),
    ({"description": "a\nb"}, "body.description"),
    ({"description": None}, "body.description"),
    ({"permissions": "items:read"}, "body.permissions"),
    ({"permissions": ["items:read", "items:read"]}, "body.permissions"),
    ({"permissions": ["Items:Read"]}, "body.permissions.0"),
    ({"permissions": ["items:read", 7]}, "body.permissions.1"),
    ({"permissions": [f"a:b{n}" for n in range(501)]}, "body.permissions"),
    ({"built_in": True}, "body.?"),
    ({"version": 1}, "body.?"),
]


async def create(api: Api, caller: Account, name: str, *permissions: str) -> None:
    body = {"name": name, "description": "", "permissions": permissions}
    response = await api.post(ROLES, json=body, headers=caller.auth)
    assert response.status_code == 201, response.text


async def test_a_role_is_created_and_found(api: Api) -> None:
    administrator = await api.administrator()
    created = await api.post(ROLES, json=CASHIER, headers=administrator.auth)
    assert created.status_code == 201
    role = created.json()
    assert role.keys() == MEMBERS
    assert {name: role[name] for name in CASHIER} == CASHIER
    assert role["built_in"] is False
    assert role["created_at"] == role["updated_at"]
    assert role["created_at"].endswith("Z")
    assert created.headers["location"] == f"{ROLES}/cashier"
    assert created.headers["etag"] == '"1"'
    found = await api.get(f"{ROLES}/cashier", headers=administrator.auth)
    assert (found.status_code, found.json(), found.headers["etag"]) == (200, role, '"1"')
    assert found.headers["cache-control"] == "private, no-cache"
    again = await api.post(ROLES, json=CASHIER, headers=administrator.auth)
    assert (again.status_code, again.json()["error"]) == (409, "already_exists")


async def test_the_list_holds_all_of_them_newest_first(api: Api) -> None:
    administrator = await api.administrator()
    for number in range(3):
        await create(api, administrator, f"role{number}")
    for limit in (1, 2, 100):
        pages = [page async for page in walk(api, f"{ROLES}?limit={limit}", administrator)]
        names = [role["name"] for page in pages for role in page.json()["items"]]
        assert names == ["role2", "role1", "role0", "user", "admin"]
    assert all(role.keys() == MEMBERS for role in pages[0].json()["items"])


async def test_roles_that_come_or_go_meanwhile_disturb_no_page(api: Api) -> None:
    administrator = await api.administrator()
    for name in ("first", "second", "third"):
        await create(api, administrator, name)
    first = await api.get(f"{ROLES}?limit=2", headers=administrator.auth)
    await api.delete(f"{ROLES}/second", headers=administrator.auth)
    await create(api, administrator, "fourth")
    link = first.headers["link"].partition(">")[0].strip("<")
    second = await api.get(link, headers=administrator.auth)
    assert [role["name"] for role in second.json()["items"]] == ["first", "user"]


async def test_a_cursor_belongs_to_its_list_and_its_caller(api: Api) -> None:
    administrator, other = await api.administrator(), await api.administrator()
    page = await api.get(f"{ROLES}?limit=1", headers=administrator.auth)
    cursor = page.json()["next_cursor"]
    for path, caller in (
        (f"{ROLES}?cursor={cursor}", other),
        (f"/api/v1/permissions?cursor={cursor}", administrator),
        (f"/api/v1/users?cursor={cursor}", administrator),
        (f"{ROLES}?cursor={cursor[:-4]}AAA=", administrator),
        (f"{ROLES}?cursor={'A' * 5000}", administrator),
        (f"{ROLES}?cursor=", administrator),
    ):
        response = await api.get(path, headers=caller.auth)
        assert (response.status_code, response.json()["error"]) == (422, "invalid_cursor")


async def test_a_role_is_replaced_and_bites_on_the_next_request(api: Api) -> None:
    administrator, person = await api.administrator(), await api.person()
    await create(api, administrator, "auditor", "items:read")
    await api.set_roles(person, "auditor")
    for permissions, status in ((["users:read"], 200), ([], 403)):
        body = {"description": "New", "permissions": permissions}
        replaced = await api.put(f"{ROLES}/auditor", json=body, headers=administrator.auth)
        assert replaced.status_code == 200
        assert {name: replaced.json()[name] for name in body} == body
        assert (await api.get("/api/v1/users", headers=person.auth)).status_code == status
        seen = await api.get(f"{ROLES}/auditor", headers=administrator.auth)
        assert seen.json() == replaced.json()
        assert seen.headers["etag"] == replaced.headers["etag"]


async def test_a_role_keeps_its_name(api: Api) -> None:
    administrator = await api.administrator()
    await create(api, administrator, "cashier")
    same = await api.put(
        f"{ROLES}/cashier", json=CONTENT | {"name": "cashier"}, headers=administrator.auth
    )
    assert same.status_code == 200
    other = await api.put(
        f"{ROLES}/cashier", json=CONTENT | {"name": "clerk"}, headers=administrator.auth
    )
    assert other.status_code == 422
    assert [each["code"] for each in other.json()["details"]] == ["immutable"]


async def test_conditions_are_minded_after_access_was_checked(api: Api) -> None:
    administrator, person = await api.administrator(), await api.person()
    await create(api, administrator, "cashier")
    path = f"{ROLES}/cashier"
    known = administrator.auth | {"If-None-Match": '"1"'}
    assert (await api.get(path, headers=known)).status_code == 304
    stale = administrator.auth | {"If-Match": '"7"'}
    before = api.stored()
    for response in (
        await api.put(path, json=CONTENT, headers=stale),
        await api.delete(path, headers=stale),
    ):
        assert (response.status_code, response.json()["error"]) == (412, "precondition_failed")
    hidden = await api.put(path, json=CONTENT, headers=person.auth | {"If-Match": '"7"'})
    assert hidden.status_code == 404
    assert api.stored() == before
    fresh = administrator.auth | {"If-Match": '"1"'}
    assert (await api.put(path, json=CONTENT, headers=fresh)).status_code == 200
    assert (await api.get(path, headers=known)).status_code == 200
    assert (await api.delete(path, headers=fresh)).status_code == 412


async def test_a_role_is_deleted_unless_somebody_has_it(api: Api) -> None:
    administrator, person = await api.administrator(), await api.person()
    await create(api, administrator, "cashier")
    await api.set_roles(person, "cashier")
    path = f"{ROLES}/cashier"
    refused = await api.delete(path, headers=administrator.auth)
    assert (refused.status_code, refused.json()["error"]) == (409, "role_in_use")
    await api.set_roles(person, "user")
    assert (await api.delete(path, headers=administrator.auth)).status_code == 204
    assert (await api.get(path, headers=administrator.auth)).status_code == 404
    assert (await api.delete(path, headers=administrator.auth)).status_code == 404
    assert (await api.put(path, json=CONTENT, headers=administrator.auth)).status_code == 404


async def test_what_ships_stays_and_admin_stays_as_it_is(api: Api) -> None:
    administrator = await api.administrator()
    before = api.stored()
    for path, method, expected in (
        ("admin", "PUT", "conflict"),
        ("admin", "DELETE", "role_in_use"),
        ("user", "DELETE", "role_in_use"),
    ):
        body = CONTENT if method == "PUT" else None
        response = await api.request(
            method, f"{ROLES}/{path}", json=body, headers=administrator.auth
        )
        assert (response.status_code, response.json()["error"]) == (409, expected)
    assert api.stored() == before
    changed = await api.put(f"{ROLES}/user", json=CONTENT, headers=administrator.auth)
    assert (changed.status_code, changed.json()["permissions"]) == (200, ["items:write"])
    person = await api.person()
    assert (await api.get("/api/v1/users/me", headers=person.auth)).json()["roles"] == ["user"]


async def test_what_is_no_role_is_refused(api: Api) -> None:
    administrator = await api.administrator()
    before = api.stored()
    for change, field in NO_ROLES:
        response = await api.post(ROLES, json=CASHIER | change, headers=administrator.auth)
        assert (response.status_code, response.json()["error"]) == (422, "validation_error"), change
        assert response.json()["details"][0]["field"] == field
    assert api.stored() == before


async def test_an_unknown_permission_is_refused(api: Api) -> None:
    administrator = await api.administrator()
    await create(api, administrator, "clerk")
    before = api.stored()
    body = CASHIER | {"permissions": ["items:read", f"{MARKER}:x"]}
    for response in (
        await api.post(ROLES, json=body, headers=administrator.auth),
        await api.put(f"{ROLES}/clerk", json=body | {"name": "clerk"}, headers=administrator.auth),
    ):
        assert (response.status_code, response.json()["error"]) == (422, "unknown_permission")
        assert response.json()["details"][0]["field"] == "body.permissions"
    assert api.stored() == before


async def test_every_act_is_in_the_audit_log(api: Api) -> None:
    administrator = await api.administrator()
    await create(api, administrator, "cashier", "items:read")
    await api.put(f"{ROLES}/cashier", json=CONTENT, headers=administrator.auth)
    await api.delete(f"{ROLES}/cashier", headers=administrator.auth)
    events = [each for each in api.records.events.values() if each.kind.startswith("role.")]
    assert [each.kind for each in events] == [
        EventKind.ROLE_CREATED,
        EventKind.ROLE_UPDATED,
        EventKind.ROLE_DELETED,
    ]
    assert {(each.actor.id, each.subject.id) for each in events if each.subject} == {
        (administrator.id, "cashier")
    }
    assert events[1].data == {"added": ["items:write"], "removed": ["items:read"]}
