"""Acts on other people's accounts over HTTP."""

from uuid import uuid4

import pytest

from tests.entrypoints.http.api import Account, Api
from tests.entrypoints.http.promises import MARKER
from tests.entrypoints.http.test_registration import USER_MEMBERS


async def test_an_account_sees_itself_by_its_id(api: Api) -> None:
    person = await api.person()
    response = await api.get(person.path, headers=person.auth)
    assert response.status_code == 200
    assert response.json()["id"] == person.id
    assert response.headers["etag"] == '"1"'
    assert response.headers["cache-control"] == "private, no-cache"


async def test_a_holder_of_users_read_sees_everybody_and_changes_nobody(api: Api) -> None:
    reader, person = await api.holder_of("users:read"), await api.person()
    found = await api.get(person.path, headers=reader.auth)
    assert found.status_code == 200
    assert found.json().keys() == USER_MEMBERS
    before = api.stored()
    for response in (
        await api.patch(person.path, json={"name": "New"}, headers=reader.auth),
        await api.delete(person.path, headers=reader.auth),
    ):
        assert response.status_code == 403
        assert response.json()["error"] == "forbidden"
        (detail,) = response.json()["details"]
        assert detail["message"] == "Needs users:write."
    assert api.stored() == before


async def test_a_holder_of_users_write_renames_and_disables(api: Api) -> None:
    writer, person = await api.holder_of("users:write"), await api.person()
    renamed = await api.patch(person.path, json={"name": "New"}, headers=writer.auth)
    assert (renamed.status_code, renamed.json()["name"]) == (200, "New")
    assert renamed.headers["etag"] == '"2"'
    disabled = await api.patch(person.path, json={"status": "disabled"}, headers=writer.auth)
    assert (disabled.json()["status"], disabled.headers["etag"]) == ("disabled", '"3"')
    over = await api.get("/api/v1/users/me", headers=person.auth)
    assert (over.status_code, over.json()["error"]) == (401, "invalid_access_token")


async def test_an_enabled_account_signs_in_anew(api: Api) -> None:
    administrator, person = await api.administrator(), await api.person()
    await api.disable(person)
    await api.patch(person.path, json={"status": "active"}, headers=administrator.auth)
    over = await api.get("/api/v1/users/me", headers=person.auth)
    assert over.status_code == 401
    again = await api.sign_in(person.email)
    assert again.id == person.id


async def test_a_deleted_account_is_gone_for_everybody(api: Api) -> None:
    administrator, person = await api.administrator(), await api.person()
    response = await api.delete(person.path, headers=administrator.auth)
    assert response.status_code == 204
    gone = await api.get(person.path, headers=administrator.auth)
    assert gone.status_code == 404
    assert (await api.delete(person.path, headers=administrator.auth)).status_code == 404
    assert (await api.get("/api/v1/users/me", headers=person.auth)).status_code == 401


async def test_roles_are_replaced_and_bite_at_once(api: Api) -> None:
    administrator, person = await api.administrator(), await api.person()
    response = await api.put(
        f"{person.path}/roles", json={"roles": ["user", "admin"]}, headers=administrator.auth
    )
    assert response.status_code == 200
    assert response.json()["roles"] == ["admin", "user"]
    assert response.headers["etag"] == '"2"'
    assert (await api.get("/api/v1/users", headers=person.auth)).status_code == 200
    await api.put(f"{person.path}/roles", json={"roles": []}, headers=administrator.auth)
    assert (await api.get("/api/v1/users", headers=person.auth)).status_code == 403


async def test_an_unknown_role_is_refused(api: Api) -> None:
    administrator, person = await api.administrator(), await api.person()
    before = api.stored()
    response = await api.put(
        f"{person.path}/roles", json={"roles": ["user", MARKER]}, headers=administrator.auth
    )
    assert response.status_code == 422
    assert response.json()["error"] == "validation_error"
    assert [each["code"] for each in response.json()["details"]] == ["unknown_role"]
    assert api.stored() == before


@pytest.mark.parametrize(
    "roles",
    [
        *(["User"], ["a b"], [""], ["x" * 33], [1], "user", ["user", "user"]),
        [f"role{number}" for number in range(21)],
    ],
)
async def test_what_is_no_list_of_roles_is_refused(api: Api, roles: object) -> None:
    administrator, person = await api.administrator(), await api.person()
    before = api.stored()
    response = await api.put(
        f"{person.path}/roles", json={"roles": roles}, headers=administrator.auth
    )
    assert response.status_code == 422
    assert response.json()["details"][0]["field"].startswith("body.roles")
    assert api.stored() == before


async def test_nobody_acts_on_who_holds_what_they_lack(api: Api) -> None:
    writer = await api.holder_of("users:write", "roles:assign")
    administrator = await api.administrator()
    await api.administrator()
    before = api.stored()
    for response in (
        await api.patch(administrator.path, json={"name": "New"}, headers=writer.auth),
        await api.delete(administrator.path, headers=writer.auth),
        await api.put(f"{writer.path}/roles", json={"roles": ["admin"]}, headers=writer.auth),
    ):
        assert response.status_code == 403
        assert "Needs users:read." in {each["message"] for each in response.json()["details"]}
    assert api.stored() == before


async def test_the_last_administrator_stays_one(api: Api) -> None:
    administrator = await api.administrator()
    before = api.stored()
    path, auth = administrator.path, administrator.auth
    for response in (
        await api.patch(path, json={"status": "disabled"}, headers=auth),
        await api.put(f"{path}/roles", json={"roles": ["user"]}, headers=auth),
        await api.delete(path, headers=auth),
    ):
        assert response.status_code == 409
        assert response.json()["error"] == "last_administrator"
    assert api.stored() == before


async def answers_about(api: Api, caller: Account, path: str) -> list[tuple[int, object]]:
    responses = (
        await api.get(path, headers=caller.auth),
        await api.patch(path, json={"name": "New"}, headers=caller.auth),
        await api.delete(path, headers=caller.auth),
        await api.put(f"{path}/roles", json={"roles": []}, headers=caller.auth),
        await api.get(f"{path}/sessions", headers=caller.auth),
        await api.delete(f"{path}/sessions", headers=caller.auth),
    )
    return [
        (each.status_code, {k: v for k, v in each.json().items() if k != "request_id"})
        for each in responses
    ]


async def test_somebody_elses_account_looks_like_one_that_does_not_exist(api: Api) -> None:
    person, other = await api.person(), await api.person()
    before = api.stored()
    foreign = await answers_about(api, person, other.path)
    missing = await answers_about(api, person, f"/api/v1/users/{uuid4()}")
    assert foreign == missing
    assert {status for status, _ in foreign} == {404}
    assert api.stored() == before


@pytest.mark.parametrize(
    "not_an_id", ["x", "123", MARKER, "%00", "..%2f", "0" * 31, "0" * 5000, "%ff", "-"]
)
async def test_what_is_no_id_is_refused(api: Api, not_an_id: str) -> None:
    administrator = await api.administrator()
    response = await api.get(f"/api/v1/users/{not_an_id}", headers=administrator.auth)
    assert response.status_code in (404, 422)
    if response.status_code == 422:
        (detail,) = response.json()["details"]
        assert (detail["field"], detail["code"]) == ("path.user_id", "uuid_parsing")
