"""Conditional requests on versioned records (RFC 9110, 13)."""

import pytest

from tests.entrypoints.http.api import Account, Api
from tests.entrypoints.http.promises import MARKER

ME = "/api/v1/users/me"
JUNK = [
    *('"', '""', '"1', "1", "x", '"x"', '"-1"', '"01"', '"1 "', "'1'", '"1.0"', '"\u0661"', ","),
    *(MARKER, '"' + "9" * 5000 + '"', '"1";', "W/", '"1"1"', "**"),
]
KINDS = ["me", "id"]


def path_of(kind: str, account: Account) -> str:
    return ME if kind == "me" else account.path


async def raw(api: Api, method: str, path: str, account: Account, **headers: str) -> int:
    encoded = [(name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()]
    auth = (b"authorization", account.auth["Authorization"].encode())
    json = {"name": "New"} if method == "PATCH" else None
    response = await api.request(method, path, headers=[auth, *encoded], json=json)
    return response.status_code


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("method", ["GET", "HEAD"])
async def test_what_the_caller_has_is_not_sent_again(api: Api, kind: str, method: str) -> None:
    person = await api.person()
    path = path_of(kind, person)
    known = (await api.get(path, headers=person.auth)).headers["etag"]
    for tag in (known, f"W/{known}", "*", f'"x", {known}', f'{known},"y"', f" {known} "):
        headers = person.auth | {"If-None-Match": tag}
        response = await api.request(method, path, headers=headers)
        assert response.status_code == 304
        assert response.headers["etag"] == known
        assert response.headers["cache-control"] == "private, no-cache"
        assert "content-type" not in response.headers
        assert "content-length" not in response.headers


@pytest.mark.parametrize("kind", KINDS)
async def test_what_the_caller_does_not_have_is_sent(api: Api, kind: str) -> None:
    person = await api.person()
    for other in (*JUNK, "", '"2"', 'W/"2"'):
        assert await raw(api, "GET", path_of(kind, person), person, if_none_match=other) == 200


async def test_a_change_brings_a_new_tag(api: Api) -> None:
    person = await api.person()
    changed = await api.patch(ME, json={"name": "New"}, headers=person.auth)
    stale = person.auth | {"If-None-Match": '"1"'}
    assert (await api.get(ME, headers=stale)).status_code == 200
    fresh = person.auth | {"If-None-Match": changed.headers["etag"]}
    assert (await api.get(ME, headers=fresh)).status_code == 304


async def test_a_role_is_part_of_the_record(api: Api) -> None:
    person = await api.person()
    await api.set_roles(person, "user", "admin")
    stale = person.auth | {"If-None-Match": '"1"'}
    assert (await api.get(ME, headers=stale)).status_code == 200


@pytest.mark.parametrize("kind", KINDS)
async def test_a_write_with_the_current_tag_goes_through(api: Api, kind: str) -> None:
    administrator = await api.administrator()
    path = path_of(kind, administrator)
    for form in ("{}", "*", " {} ", '"x", {}', 'W/"99", {}', "{},{}", "{},", '"1", {}'):
        tag = (await api.get(path, headers=administrator.auth)).headers["etag"]
        assert await raw(api, "PATCH", path, administrator, if_match=form.format(tag, tag)) == 200


@pytest.mark.parametrize("kind", KINDS)
async def test_a_write_with_any_other_tag_does_not(api: Api, kind: str) -> None:
    administrator = await api.administrator()
    before = api.stored()
    path = path_of(kind, administrator)
    # The record's version is 2.
    for stale in ('"7"', 'W/"1"', 'W/"2"', "", "*, *", '"1", "3"', *JUNK):
        assert await raw(api, "PATCH", path, administrator, if_match=stale) == 412
    assert api.stored() == before


async def test_every_write_of_an_account_minds_the_tag(api: Api) -> None:
    administrator, person = await api.administrator(), await api.person()
    before = api.stored()
    stale = administrator.auth | {"If-Match": '"7"'}
    for response in (
        await api.patch(person.path, json={"status": "disabled"}, headers=stale),
        await api.put(f"{person.path}/roles", json={"roles": []}, headers=stale),
        await api.delete(person.path, headers=stale),
    ):
        assert response.status_code == 412
        assert response.json()["error"] == "precondition_failed"
    assert api.stored() == before
    fresh = administrator.auth | {"If-Match": '"1"'}
    assert (await api.delete(person.path, headers=fresh)).status_code == 204


async def test_access_is_checked_before_the_tag(api: Api) -> None:
    person, other = await api.person(), await api.person()
    stale = {"If-Match": '"7"'}
    hidden = await api.patch(other.path, json={"name": "x"}, headers=person.auth | stale)
    assert hidden.status_code == 404
    anonymous = await api.patch(other.path, json={"name": "x"}, headers=stale)
    assert anonymous.status_code == 401


async def test_of_two_writes_with_one_tag_one_goes_through(api: Api) -> None:
    person = await api.person()
    headers = person.auth | {"If-Match": '"1"'}
    statuses = [
        (await api.patch(ME, json={"name": name}, headers=headers)).status_code
        for name in ("First", "Second")
    ]
    assert statuses == [200, 412]
    assert (await api.get(ME, headers=person.auth)).json()["name"] == "First"
