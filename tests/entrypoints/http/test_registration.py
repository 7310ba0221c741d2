"""Creating accounts over HTTP."""

from uuid import UUID

import pytest

from tests.entrypoints.http.api import PASSWORD, Api, OpenApi
from tests.entrypoints.http.promises import MARKER

USER_MEMBERS = {
    *("id", "email", "email_verified", "name", "kind", "status", "roles"),
    *("created_at", "updated_at"),
}


async def test_anyone_registers(api: Api) -> None:
    response = await api.register(email="Ada@Example.COM", name="Ada")
    assert response.status_code == 201
    user = response.json()
    assert user.keys() == USER_MEMBERS
    assert UUID(user["id"]).version == 7
    assert (user["email"], user["email_verified"]) == ("Ada@example.com", False)
    assert (user["name"], user["kind"], user["status"]) == ("Ada", "human", "active")
    assert user["roles"] == ["user"]
    assert user["created_at"] == user["updated_at"]
    assert user["created_at"].endswith("Z")
    assert PASSWORD not in response.text
    assert response.headers["location"] == f"/api/v1/users/{user['id']}"
    assert response.headers["etag"] == '"1"'
    assert response.headers["cache-control"] == "private, no-cache"


async def test_the_location_leads_to_the_account(api: Api) -> None:
    created = await api.register()
    account = await api.sign_in(created.json()["email"])
    found = await api.get(created.headers["location"], headers=account.auth)
    assert found.status_code == 200
    assert found.json() == created.json()
    assert found.headers["etag"] == created.headers["etag"]


@pytest.mark.parametrize("again", ["ada@example.com", "ADA@example.com", "ada@EXAMPLE.com"])
async def test_an_address_has_one_account(api: Api, again: str) -> None:
    await api.register(email="ada@example.com")
    before = api.stored()
    response = await api.register(email=again, name=MARKER)
    assert response.status_code == 409
    assert response.json()["error"] == "email_already_registered"
    assert api.stored() == before


@pytest.mark.parametrize(
    ("password", "reason"),
    [
        ("too short", "password_length"),
        ("x" * 257, "password_length"),
        ("password" * 3, "password_common"),
        ("123456789012345", "password_common"),
        ("doorwarddoorward", "password_context"),
        ("ada.lovelace.long", "password_context"),
    ],
)
async def test_a_weak_password_is_refused_with_the_reason(
    api: Api, password: str, reason: str
) -> None:
    before = api.stored()
    response = await api.register(email="ada.lovelace.long@example.com", password=password)
    assert response.status_code == 422
    assert response.json()["error"] == "weak_password"
    (detail,) = response.json()["details"]
    assert (detail["field"], detail["code"]) == ("body.password", reason)
    assert password not in response.text
    assert api.stored() == before


@pytest.mark.parametrize(
    "email",
    [
        *("", "ada", "ada@", "@example.com", "ada@localhost", "a b@example.com"),
        *("ada@example.com\n", "ada@exa mple.com", "ada@@example.com", "x" * 321),
        *(f"{'x' * 65}@example.com", "Ada <ada@example.com>", "ada@[127.0.0.1]"),
    ],
)
async def test_what_is_no_address_is_refused(api: Api, email: str) -> None:
    before = api.stored()
    response = await api.register(email=email)
    assert response.status_code == 422
    assert response.json()["error"] == "validation_error"
    assert [each["field"] for each in response.json()["details"]] == ["body.email"]
    assert api.stored() == before


@pytest.mark.parametrize("name", ["", " ", "\t", "a\x1bb", "a\x00b", "x" * 201])
async def test_what_is_no_name_is_refused(api: Api, name: str) -> None:
    before = api.stored()
    response = await api.register(name=name)
    assert response.status_code == 422
    assert [each["field"] for each in response.json()["details"]] == ["body.name"]
    assert api.stored() == before


async def test_where_registration_is_closed_only_holders_of_users_write_create_accounts(
    open_api: OpenApi,
) -> None:
    api = await open_api(registration="closed")
    response = await api.register()
    assert response.status_code == 403
    assert response.json()["error"] == "registration_closed"
    assert api.records.users == {}


async def test_where_registration_is_closed_an_administrator_still_creates_accounts(
    api: Api,
) -> None:
    person, administrator = await api.person(), await api.administrator()
    api.container.register_user()._registration_is_open = False
    body = {"email": "new@example.com", "name": "New", "password": PASSWORD}
    refused = await api.post("/api/v1/users", json=body, headers=person.auth)
    assert refused.status_code == 403
    assert refused.json()["error"] == "registration_closed"
    allowed = await api.post("/api/v1/users", json=body, headers=administrator.auth)
    assert allowed.status_code == 201
    assert allowed.json()["roles"] == ["user"]


@pytest.mark.parametrize("field", ["roles", "status", "id", "email_verified", "kind", "version"])
async def test_nobody_chooses_more_than_address_name_and_password(api: Api, field: str) -> None:
    response = await api.register(**{field: "admin"})
    assert response.status_code == 422
    (detail,) = response.json()["details"]
    assert detail["code"] == "extra_forbidden"
    assert api.records.users == {}


async def test_registering_does_not_sign_in(api: Api) -> None:
    response = await api.register()
    assert "set-cookie" not in response.headers
    assert api.records.sessions == {}
