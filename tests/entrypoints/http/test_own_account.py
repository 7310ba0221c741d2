"""Acts on one's own account over HTTP."""

import pytest

from tests.entrypoints.http.api import PASSWORD, Api
from tests.entrypoints.http.test_registration import USER_MEMBERS

ME = "/api/v1/users/me"


async def test_the_caller_reads_their_own_account(api: Api) -> None:
    person = await api.person(name="Ada")
    response = await api.get(ME, headers=person.auth)
    assert response.status_code == 200
    assert response.json().keys() == USER_MEMBERS
    assert (response.json()["id"], response.json()["name"]) == (person.id, "Ada")
    assert response.headers["etag"] == '"1"'
    assert response.headers["cache-control"] == "private, no-cache"


async def test_the_caller_changes_their_own_name(api: Api) -> None:
    person = await api.person(name="Ada")
    response = await api.patch(ME, json={"name": "Ada King"}, headers=person.auth)
    assert response.status_code == 200
    assert response.json().keys() == USER_MEMBERS
    assert response.json()["name"] == "Ada King"
    assert response.headers["etag"] == '"2"'
    assert (await api.get(ME, headers=person.auth)).json() == response.json()


async def test_what_is_left_out_stays(api: Api) -> None:
    person = await api.person(name="Ada")
    response = await api.patch(ME, json={}, headers=person.auth)
    assert response.status_code == 200
    assert response.json()["name"] == "Ada"


@pytest.mark.parametrize("field", ["status", "roles", "email", "id", "email_verified", "kind"])
async def test_nothing_but_the_name_can_be_changed(api: Api, field: str) -> None:
    person = await api.person()
    before = api.stored()
    response = await api.patch(ME, json={field: "active"}, headers=person.auth)
    assert response.status_code == 422
    assert api.stored() == before


async def test_null_is_no_name(api: Api) -> None:
    person = await api.person()
    response = await api.patch(ME, json={"name": None}, headers=person.auth)
    assert response.status_code == 422
    (detail,) = response.json()["details"]
    assert (detail["field"], detail["code"]) == ("body", "null_not_allowed")


async def test_an_account_deletes_itself_with_its_password(api: Api) -> None:
    person = await api.person()
    response = await api.post(f"{ME}/deletion", json={"password": PASSWORD}, headers=person.auth)
    assert response.status_code == 204
    assert "content-type" not in response.headers
    records = api.records
    assert [records.users, records.credentials, records.sessions] == [{}, {}, {}]
    gone = await api.get(ME, headers=person.auth)
    assert (gone.status_code, gone.json()["error"]) == (401, "invalid_access_token")


async def test_a_wrong_password_deletes_nothing(api: Api) -> None:
    person = await api.person()
    before = api.stored()
    response = await api.post(f"{ME}/deletion", json={"password": "wrong"}, headers=person.auth)
    assert response.status_code == 401
    assert response.json()["error"] == "invalid_credentials"
    assert api.stored() == before


async def test_the_last_administrator_does_not_delete_themselves(api: Api) -> None:
    administrator = await api.administrator()
    before = api.stored()
    response = await api.post(
        f"{ME}/deletion", json={"password": PASSWORD}, headers=administrator.auth
    )
    assert response.status_code == 409
    assert response.json()["error"] == "last_administrator"
    assert api.stored() == before


async def test_me_is_no_id(api: Api) -> None:
    """`/users/me` has its own methods, not those of `/users/{user_id}`."""
    administrator = await api.administrator()
    refused = await api.delete(ME, headers=administrator.auth)
    assert refused.status_code == 405
    assert refused.headers["allow"] == "GET, HEAD, PATCH"
    missing = await api.put(f"{ME}/roles", json={"roles": []}, headers=administrator.auth)
    assert missing.status_code == 404
