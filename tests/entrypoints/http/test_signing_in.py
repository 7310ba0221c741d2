"""Signing in, staying in and signing out over HTTP."""

import base64
import json

import pytest

from tests.entrypoints.http.api import PASSWORD, Account, Api, OpenApi
from tests.entrypoints.http.promises import MARKER

LOGIN, REFRESH = "/api/v1/auth/login", "/api/v1/auth/refresh"
ME = "/api/v1/users/me"
TOKENS = {"access_token", "token_type", "expires_in", "refresh_token", "refresh_expires_in"}
NEW_PASSWORD = "another sentence is better"


def claims_of(token: str) -> dict[str, object]:
    payload = token.split(".")[1]
    claims: dict[str, object] = json.loads(base64.urlsafe_b64decode(payload + "=="))
    return claims


async def is_signed_in(api: Api, account: Account) -> bool:
    return (await api.get(ME, headers=account.auth)).status_code == 200


async def test_a_sign_in_gives_tokens_that_nobody_may_keep(api: Api) -> None:
    email = (await api.register()).json()["email"]
    response = await api.post(LOGIN, json={"email": email, "password": PASSWORD})
    assert response.status_code == 200
    tokens = response.json()
    assert tokens.keys() == TOKENS
    assert (tokens["token_type"], tokens["expires_in"]) == ("Bearer", 900)
    assert 0 < tokens["refresh_expires_in"] <= 30 * 24 * 3600
    assert response.headers["cache-control"] == "no-store"
    auth = {"Authorization": f"Bearer {tokens['access_token']}"}
    assert (await api.get(ME, headers=auth)).json()["email"] == email


async def test_the_scheme_is_read_in_any_case(api: Api) -> None:
    person = await api.person()
    for scheme in ("bearer", "BEARER", "Bearer "):
        headers = {"Authorization": f"{scheme} {person.access_token}"}
        assert (await api.get(ME, headers=headers)).status_code == 200


async def test_unknown_wrong_and_disabled_look_the_same(api: Api) -> None:
    person, disabled = await api.person(), await api.person()
    await api.disable(disabled)
    before = api.stored()
    answers = [
        await api.post(LOGIN, json={"email": email, "password": password})
        for email, password in (
            ("nobody@example.com", PASSWORD),
            ("no address", PASSWORD),
            (person.email, MARKER),
            (person.email, PASSWORD.upper()),
            (person.email, "x" * 10_000),
            (disabled.email, PASSWORD),
        )
    ]
    assert {each.status_code for each in answers} == {401}
    bodies = [{k: v for k, v in each.json().items() if k != "request_id"} for each in answers]
    assert bodies == [bodies[0]] * len(bodies)
    assert bodies[0]["error"] == "invalid_credentials"
    assert api.stored() == before


async def test_an_unverified_address_is_told_to_whoever_knows_the_password(
    open_api: OpenApi,
) -> None:
    api = await open_api(registration_confirmation="email")
    await api.register(email="ada@example.com")
    body = {"email": "ada@example.com", "password": PASSWORD}
    told = await api.post(LOGIN, json=body)
    assert (told.status_code, told.json()["error"]) == (403, "email_not_verified")
    wrong = await api.post(LOGIN, json=body | {"password": "wrong"})
    assert (wrong.status_code, wrong.json()["error"]) == (401, "invalid_credentials")


async def test_a_token_is_for_the_audience_that_was_asked_for(open_api: OpenApi) -> None:
    api = await open_api(jwt_audiences="https://orders.example.com")
    email = (await api.register()).json()["email"]
    body = {"email": email, "password": PASSWORD}
    response = await api.post(LOGIN, json=body | {"audience": "https://orders.example.com"})
    token = response.json()["access_token"]
    assert claims_of(token)["aud"] == "https://orders.example.com"
    # It is not for this API.
    refused = await api.get(ME, headers={"Authorization": f"Bearer {token}"})
    assert (refused.status_code, refused.json()["error"]) == (401, "invalid_access_token")
    unknown = await api.post(LOGIN, json=body | {"audience": MARKER})
    assert unknown.status_code == 422
    assert [each["field"] for each in unknown.json()["details"]] == ["body.audience"]
    assert [each["code"] for each in unknown.json()["details"]] == ["unknown_audience"]


async def test_a_refresh_gives_the_next_pair_of_the_same_session(api: Api) -> None:
    person = await api.person()
    response = await api.post(REFRESH, json={"refresh_token": person.refresh_token})
    assert response.status_code == 200
    assert response.json().keys() == TOKENS
    assert response.headers["cache-control"] == "no-store"
    assert response.json()["refresh_token"] != person.refresh_token
    sids = [claims_of(t)["sid"] for t in (person.access_token, response.json()["access_token"])]
    assert sids[0] == sids[1]


@pytest.mark.parametrize("junk", ["x", MARKER, "a.b.c", "\N{SNOWMAN}", "A" * 60_000, "\ud83d"])
async def test_a_refresh_token_that_was_not_handed_out_is_refused(api: Api, junk: str) -> None:
    person = await api.person()
    content = json.dumps({"refresh_token": junk}).encode()
    response = await api.post(
        REFRESH, content=content, headers={"Content-Type": "application/json"}
    )
    assert response.status_code in (401, 422)
    if response.status_code == 401:
        assert response.json()["error"] == "invalid_refresh_token"
    assert await is_signed_in(api, person)


async def test_an_access_token_is_no_refresh_token_nor_the_other_way_round(api: Api) -> None:
    person = await api.person()
    refused = await api.post(REFRESH, json={"refresh_token": person.access_token})
    assert (refused.status_code, refused.json()["error"]) == (401, "invalid_refresh_token")
    headers = {"Authorization": f"Bearer {person.refresh_token}"}
    refused = await api.get(ME, headers=headers)
    assert (refused.status_code, refused.json()["error"]) == (401, "invalid_access_token")


async def test_a_refresh_token_that_comes_late_ends_the_session(api: Api) -> None:
    person = await api.person()
    first = (await api.post(REFRESH, json={"refresh_token": person.refresh_token})).json()
    await api.post(REFRESH, json={"refresh_token": first["refresh_token"]})
    reused = await api.post(REFRESH, json={"refresh_token": person.refresh_token})
    assert (reused.status_code, reused.json()["error"]) == (401, "invalid_refresh_token")
    assert not await is_signed_in(api, person)


async def test_signing_out_ends_the_session_and_no_other(api: Api) -> None:
    person = await api.person()
    elsewhere = await api.sign_in(person.email)
    response = await api.post("/api/v1/auth/logout", headers=person.auth)
    assert response.status_code == 204
    assert not await is_signed_in(api, person)
    assert await is_signed_in(api, elsewhere)
    over = await api.post(REFRESH, json={"refresh_token": person.refresh_token})
    assert (over.status_code, over.json()["error"]) == (401, "invalid_refresh_token")


async def test_giving_the_password_again_renews_the_session(api: Api) -> None:
    person = await api.person()
    (before,) = (await api.get("/api/v1/auth/sessions", headers=person.auth)).json()["items"]
    path = "/api/v1/auth/reauthenticate"
    wrong = await api.post(path, json={"password": MARKER}, headers=person.auth)
    assert (wrong.status_code, wrong.json()["error"]) == (401, "invalid_credentials")
    right = await api.post(path, json={"password": PASSWORD}, headers=person.auth)
    assert right.status_code == 204
    (after,) = (await api.get("/api/v1/auth/sessions", headers=person.auth)).json()["items"]
    assert after["auth_time"] > before["auth_time"]


async def change(api: Api, person: Account, current: str, new: str) -> tuple[int, str]:
    response = await api.post(
        "/api/v1/auth/password/change",
        json={"current_password": current, "new_password": new},
        headers=person.auth,
    )
    return response.status_code, response.json()["error"] if response.content else ""


async def test_a_changed_password_ends_all_other_sessions(api: Api) -> None:
    person = await api.person()
    elsewhere = await api.sign_in(person.email)
    assert await change(api, person, PASSWORD, NEW_PASSWORD) == (204, "")
    assert await is_signed_in(api, person)
    assert not await is_signed_in(api, elsewhere)
    old = await api.post(LOGIN, json={"email": person.email, "password": PASSWORD})
    assert old.status_code == 401
    assert (await api.sign_in(person.email, NEW_PASSWORD)).id == person.id


async def test_a_password_is_not_changed_without_the_old_one_nor_to_a_weak_one(api: Api) -> None:
    person = await api.person()
    before = api.stored()
    assert await change(api, person, MARKER, NEW_PASSWORD) == (401, "invalid_credentials")
    assert await change(api, person, PASSWORD, "short") == (422, "weak_password")
    assert await change(api, person, PASSWORD, "password" * 4) == (422, "weak_password")
    assert await change(api, person, PASSWORD, "nul \0 in a long text") == (422, "validation_error")
    assert api.stored() == before
