"""Sessions over HTTP."""

from uuid import uuid4

from tests.entrypoints.http.api import Account, Api

SESSIONS = "/api/v1/auth/sessions"
SESSION_MEMBERS = {
    *("id", "current", "client_id", "ip", "user_agent", "auth_time"),
    *("created_at", "last_used_at", "expires_at"),
}


async def session_ids(api: Api, caller: Account, path: str = SESSIONS) -> list[str]:
    response = await api.get(path, headers=caller.auth)
    assert response.status_code == 200
    return [session["id"] for session in response.json()["items"]]


async def test_an_account_sees_where_it_is_signed_in(api: Api) -> None:
    person = await api.person()
    await api.sign_in(person.email)
    await api.person()
    response = await api.get(SESSIONS, headers=person.auth | {"User-Agent": "now"})
    assert response.json().keys() == {"items", "next_cursor"}
    newest, oldest = response.json()["items"]
    assert newest.keys() == oldest.keys() == SESSION_MEMBERS
    assert (newest["current"], oldest["current"]) == (False, True)
    assert newest["created_at"] > oldest["created_at"]
    assert (newest["ip"], newest["client_id"]) == ("127.0.0.1", "first-party")
    assert newest["user_agent"].startswith("python-httpx/")
    assert person.refresh_token not in response.text
    assert response.headers["cache-control"] == "private, no-cache"


async def test_sessions_come_in_pages(api: Api) -> None:
    person = await api.person()
    for _ in range(2):
        await api.sign_in(person.email)
    everything = await session_ids(api, person)
    first = await api.get(f"{SESSIONS}?limit=2", headers=person.auth)
    link = first.headers["link"].partition(">")[0].strip("<")
    assert await session_ids(api, person, link) == everything[2:]


async def test_one_session_is_ended_at_once(api: Api) -> None:
    person = await api.person()
    elsewhere = await api.sign_in(person.email)
    newest, _ = await session_ids(api, person)
    response = await api.delete(f"{SESSIONS}/{newest}", headers=person.auth)
    assert response.status_code == 204
    assert (await api.get("/api/v1/users/me", headers=elsewhere.auth)).status_code == 401
    assert (await api.delete(f"{SESSIONS}/{newest}", headers=person.auth)).status_code == 404


async def test_all_other_sessions_are_ended_at_once(api: Api) -> None:
    person, other = await api.person(), await api.person()
    elsewhere = await api.sign_in(person.email)
    response = await api.delete(SESSIONS, headers=person.auth)
    assert response.status_code == 204
    assert len(await session_ids(api, person)) == 1
    assert (await api.get(SESSIONS, headers=elsewhere.auth)).status_code == 401
    assert len(await session_ids(api, other)) == 1


async def test_somebody_elses_session_looks_like_one_that_does_not_exist(api: Api) -> None:
    person, other = await api.person(), await api.person()
    (foreign,) = await session_ids(api, other)
    answers = [
        await api.delete(f"{SESSIONS}/{session_id}", headers=person.auth)
        for session_id in (foreign, uuid4())
    ]
    bodies = [
        (each.status_code, each.json()["error"], each.json()["message"], len(each.json()))
        for each in answers
    ]
    assert bodies[0] == bodies[1]
    assert bodies[0][:2] == (404, "not_found")
    assert await session_ids(api, other) == [foreign]


async def test_a_holder_of_users_write_sees_and_ends_other_peoples_sessions(api: Api) -> None:
    writer, person = await api.holder_of("users:write"), await api.person()
    await api.sign_in(person.email)
    path = f"{person.path}/sessions"
    assert len(await session_ids(api, writer, path)) == 2
    response = await api.delete(path, headers=writer.auth)
    assert response.status_code == 204
    assert await session_ids(api, writer, path) == []
    assert (await api.get(SESSIONS, headers=person.auth)).status_code == 401


async def test_whoever_sees_an_account_is_told_that_its_sessions_need_more(api: Api) -> None:
    reader, person = await api.holder_of("users:read"), await api.person()
    for response in (
        await api.get(f"{person.path}/sessions", headers=reader.auth),
        await api.delete(f"{person.path}/sessions", headers=reader.auth),
        await api.get(f"{person.path}/sessions", headers=person.auth),
    ):
        assert (response.status_code, response.json()["error"]) == (403, "forbidden")
        assert [d["message"] for d in response.json()["details"]] == ["Needs users:write."]


async def test_the_sessions_of_nobody_are_not_found(api: Api) -> None:
    administrator = await api.administrator()
    path = f"/api/v1/users/{uuid4()}/sessions"
    assert (await api.get(path, headers=administrator.auth)).status_code == 404
    assert (await api.delete(path, headers=administrator.auth)).status_code == 404
