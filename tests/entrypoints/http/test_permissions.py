"""Permissions over HTTP."""

from typing import Any

from domain.events import EventKind
from domain.roles import BUILT_IN_PERMISSIONS
from tests.entrypoints.http.api import Account, Api
from tests.entrypoints.http.promises import MARKER
from tests.entrypoints.http.test_lists import walk

PERMISSIONS = "/api/v1/permissions"
REFUND = {"name": "orders:refund", "description": "Give money back."}
NO_NAMES = [
    *("", "orders", "orders:", ":refund", "Orders:refund", "a:b:c", "a b:c", "a:b c", "a,b:c"),
    *("é:a", "a:b\n", "a:" + "b" * 63, "a\0:b", f"{MARKER}:X", 7, None, ["a:b"]),
]
NO_PERMISSIONS: list[dict[str, Any]] = [
    *({"name": name} for name in NO_NAMES),
    *({"description": text} for text in ("x" * 501, "a\0", None, 1)),
    {"built_in": True},
]


async def role_of(api: Api, caller: Account, name: str) -> dict[str, object]:
    response = await api.get(f"/api/v1/roles/{name}", headers=caller.auth)
    found: dict[str, object] = response.json()
    return found | {"etag": response.headers["etag"]}


async def test_a_permission_is_registered_and_admin_holds_it(api: Api) -> None:
    administrator = await api.administrator()
    before = await role_of(api, administrator, "admin")
    created = await api.post(PERMISSIONS, json=REFUND, headers=administrator.auth)
    assert created.status_code == 201
    assert created.json() == REFUND | {"built_in": False}
    admin = await role_of(api, administrator, "admin")
    assert admin["permissions"] == sorted({*BUILT_IN_PERMISSIONS, "orders:refund"})
    assert admin["etag"] != before["etag"]
    assert "orders:refund" not in str(await role_of(api, administrator, "user"))
    # What is held is looked up with every request.
    body = {"name": "cashier", "description": "", "permissions": ["orders:refund"]}
    role = await api.post("/api/v1/roles", json=body, headers=administrator.auth)
    assert role.status_code == 201
    again = await api.post(PERMISSIONS, json=REFUND, headers=administrator.auth)
    assert (again.status_code, again.json()["error"]) == (409, "already_exists")


async def test_a_permission_reaches_introspection(api: Api) -> None:
    administrator, person = await api.administrator(), await api.person()
    await api.post(PERMISSIONS, json=REFUND, headers=administrator.auth)
    body = {"name": "cashier", "description": "", "permissions": ["orders:refund"]}
    await api.post("/api/v1/roles", json=body, headers=administrator.auth)
    await api.set_roles(person, "cashier")
    token = {"token": person.access_token}
    told = await api.post("/oauth/introspect", data=token, headers=administrator.auth)
    assert told.json()["scope"] == "orders:refund"


async def test_the_list_holds_all_of_them_newest_first(api: Api) -> None:
    administrator = await api.administrator()
    for name in ("orders:a", "orders:b"):
        body = {"name": name, "description": ""}
        await api.post(PERMISSIONS, json=body, headers=administrator.auth)
    for limit in (1, 5, 100):
        pages = [page async for page in walk(api, f"{PERMISSIONS}?limit={limit}", administrator)]
        items = [item for page in pages for item in page.json()["items"]]
        names = [item["name"] for item in items]
        assert names == ["orders:b", "orders:a", *sorted(BUILT_IN_PERMISSIONS, reverse=True)]
        assert all(item.keys() == {"name", "description", "built_in"} for item in items)


async def test_the_services_own_words_are_reserved(api: Api) -> None:
    administrator = await api.administrator()
    before = api.stored()
    for subject in ("users", "roles", "api_keys", "items", "events", "tokens"):
        body = {"name": f"{subject}:anything", "description": ""}
        response = await api.post(PERMISSIONS, json=body, headers=administrator.auth)
        assert (response.status_code, response.json()["error"]) == (422, "validation_error")
        assert _codes(response.json()) == ["reserved_name"]
    for name in BUILT_IN_PERMISSIONS:
        body = {"name": name, "description": ""}
        response = await api.post(PERMISSIONS, json=body, headers=administrator.auth)
        assert (response.status_code, response.json()["error"]) == (409, "already_exists")
    assert api.stored() == before


def _codes(body: dict[str, list[dict[str, str]]]) -> list[str]:
    return [each["code"] for each in body.get("details", [])]


async def test_what_is_no_permission_is_refused(api: Api) -> None:
    administrator = await api.administrator()
    before = api.stored()
    for change in NO_PERMISSIONS:
        response = await api.post(PERMISSIONS, json=REFUND | change, headers=administrator.auth)
        assert (response.status_code, response.json()["error"]) == (422, "validation_error"), change
    assert api.stored() == before


async def test_a_permission_is_deleted_unless_a_role_holds_it(api: Api) -> None:
    administrator = await api.administrator()
    path = f"{PERMISSIONS}/orders:refund"
    await api.post(PERMISSIONS, json=REFUND, headers=administrator.auth)
    body = {"name": "cashier", "description": "", "permissions": ["orders:refund"]}
    await api.post("/api/v1/roles", json=body, headers=administrator.auth)
    refused = await api.delete(path, headers=administrator.auth)
    assert (refused.status_code, refused.json()["error"]) == (409, "permission_in_use")
    await api.delete("/api/v1/roles/cashier", headers=administrator.auth)
    assert (await api.delete(path, headers=administrator.auth)).status_code == 204
    assert (await api.delete(path, headers=administrator.auth)).status_code == 404
    admin = await role_of(api, administrator, "admin")
    assert admin["permissions"] == sorted(BUILT_IN_PERMISSIONS)


async def test_what_ships_stays(api: Api) -> None:
    administrator = await api.administrator()
    before = api.stored()
    for name in BUILT_IN_PERMISSIONS:
        response = await api.delete(f"{PERMISSIONS}/{name}", headers=administrator.auth)
        assert (response.status_code, response.json()["error"]) == (409, "permission_in_use")
    assert api.stored() == before


async def test_every_act_is_in_the_audit_log(api: Api) -> None:
    administrator = await api.administrator()
    await api.post(PERMISSIONS, json=REFUND, headers=administrator.auth)
    await api.delete(f"{PERMISSIONS}/orders:refund", headers=administrator.auth)
    events = [e for e in api.records.events.values() if e.kind.startswith("permission.")]
    assert [each.kind for each in events] == [
        EventKind.PERMISSION_CREATED,
        EventKind.PERMISSION_DELETED,
    ]
    assert {each.subject.id for each in events if each.subject} == {"orders:refund"}
