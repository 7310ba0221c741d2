"""Calls that are made with an API key, good and bad ones."""

import string
from datetime import datetime
from typing import Any
from uuid import uuid4

import httpx
from dependency_injector import providers

from application.ports.api_keys import ApiKeyLookup, LiveApiKey
from domain.errors import Unavailable
from tests.entrypoints.http.api import PASSWORD, Api, OpenApi
from tests.entrypoints.http.contract import operations
from tests.entrypoints.http.test_api_keys import KEYS, ME, made, told, with_key

OWN = [each for each in operations() if each.access in ("session", "recent session")]


class AwayLookup(ApiKeyLookup):
    """A database that is away; counts how often it is asked all the same."""

    def __init__(self) -> None:
        self.asked = 0

    async def find_live(self, public_id: str, at: datetime) -> LiveApiKey | None:
        self.asked += 1
        raise Unavailable


def bent(key: str) -> list[bytes]:
    """Ways to get a key wrong."""
    middle = len(key) // 2
    other = next(c for c in string.ascii_letters if c != key[middle])
    texts = [
        *(key[:-1], key[1:], key[:middle], key + "0", key + key, f"{key}, {key}"),
        *(key.lower(), key.upper(), key.swapcase(), key.replace("_", "-")),
        key[:middle] + other + key[middle + 1 :],
        *("", "dw_", "dw_a_b_c", "null", "Bearer " + key, "k" * 10_240, key + "k" * 10_240),
    ]
    raw = [b"\xe9" * 70, key[:-1].encode() + b"\xe9", "\N{SNOWMAN}".encode(), b"\xff\xfe"]
    return [*(text.encode() for text in texts), *raw]


async def call(api: Api, key: bytes | str, path: str = ME) -> httpx.Response:
    given = key.encode() if isinstance(key, str) else key
    return await api.get(path, headers=[(b"X-API-Key", given)])


async def test_bad_keys_look_alike_and_never_reach_the_database(api: Api) -> None:
    person = await api.person()
    key = (await made(api, person))["key"]
    lookup = AwayLookup()
    answers: list[dict[str, Any]] = []
    with api.container.api_key_lookup.override(providers.Object(lookup)):
        api.container.api_key_reader.reset()
        api.container.authenticate_api_key.reset()
        for each in bent(key):
            response = await call(api, each)
            assert response.status_code == 401, each[:80]
            answers.append(told(response))
        assert lookup.asked == 0
        api.may_fail = True
        assert (await call(api, key)).status_code == 503
        assert lookup.asked == 1
    api.may_fail = False
    api.container.api_key_reader.reset()
    api.container.authenticate_api_key.reset()
    # Neither do those that are whole, and dead: unknown, forged, revoked, of a disabled account.
    codec = api.container.api_key_codec()
    answers.append(told(await call(api, codec.mint().text)))
    revoked, disabled = await made(api, person), await api.person()
    await api.delete(f"{KEYS}/{revoked['id']}", headers=person.auth)
    answers.append(told(await call(api, revoked["key"])))
    of_disabled = await made(api, disabled)
    await api.disable(disabled)
    answers.append(told(await call(api, of_disabled["key"])))
    assert answers[0]["error"] == "invalid_api_key"
    assert all(answer == answers[0] for answer in answers)
    assert (await call(api, key)).status_code == 200


async def test_a_key_answers_wherever_its_scopes_let_it(api: Api) -> None:
    admin, person = await api.administrator(), await api.person()
    reader = with_key(await made(api, admin, scopes=["users:read"]))
    assert (await api.get("/api/v1/users", headers=reader)).status_code == 200
    assert (await api.get(person.path, headers=reader)).status_code == 200
    denied = await api.patch(person.path, json={"name": "X"}, headers=reader)
    assert (denied.status_code, denied.json()["details"][0]["message"]) == (
        403,
        "Needs users:write.",
    )
    nothing = with_key(await made(api, admin, scopes=[]))
    assert (await api.get(ME, headers=nothing)).json()["id"] == admin.id
    assert (await api.get("/api/v1/users", headers=nothing)).status_code == 403
    # With nothing but its own, it sees nobody.
    assert (await api.get(person.path, headers=nothing)).status_code == 404
    assert (await api.get(admin.path, headers=nothing)).status_code == 200


async def test_what_the_owner_loses_the_key_loses_on_the_next_call(api: Api) -> None:
    await api.administrator()
    admin = await api.administrator()
    key = with_key(await made(api, admin, scopes=["users:read"]))
    assert (await api.get("/api/v1/users", headers=key)).status_code == 200
    await api.set_roles(admin, "user")
    assert (await api.get("/api/v1/users", headers=key)).status_code == 403
    await api.set_roles(admin, "admin")
    assert (await api.get("/api/v1/users", headers=key)).status_code == 200


async def test_acts_on_ones_own_account_need_a_session(api: Api) -> None:
    admin = await api.administrator()
    everything = api.container.memory_database().committed.roles["admin"].permissions
    key = with_key(await made(api, admin, scopes=sorted(everything)))
    before = api.stored()
    assert len(OWN) > 10
    for each in OWN:
        response = await api.request(**each.request(), headers=key)
        assert (str(each), response.status_code) == (str(each), 403)
        assert [d["message"] for d in response.json()["details"]] == ["Needs session."]
    for method, path in (
        ("DELETE", admin.path),
        ("DELETE", f"{admin.path}/sessions"),
        ("DELETE", f"{KEYS}/{(await api.get(KEYS, headers=key)).json()['items'][0]['id']}"),
    ):
        response = await api.request(method, path, headers=key)
        assert (path, response.status_code) == (path, 403)
    # But for when the key was used.
    assert api.stored() | {"api_keys": 0} == before | {"api_keys": 0}


async def test_a_key_without_the_permission_learns_nothing_of_keys(api: Api) -> None:
    admin = await api.administrator()
    own = await made(api, admin, scopes=["users:read", "users:write"])
    for method, path in (
        ("GET", KEYS),
        *(
            (method, f"{KEYS}/{each}")
            for method in ("GET", "DELETE")
            for each in (own["id"], uuid4())
        ),
    ):
        response = await api.request(method, path, headers=with_key(own))
        assert (path, response.status_code) == (path, 403)


async def test_a_use_is_shown_and_soon_written(api: Api) -> None:
    person = await api.person()
    key = await made(api, person)
    await api.get(ME, headers=with_key(key))
    shown = (await api.get(f"{KEYS}/{key['id']}", headers=person.auth)).json()["last_used_at"]
    assert shown is not None
    (listed,) = (await api.get(KEYS, headers=person.auth)).json()["items"]
    assert listed["last_used_at"] == shown


async def test_a_key_with_a_limit_of_its_own_is_charged_by_that_alone(open_api: OpenApi) -> None:
    api = await open_api(rate_limit_read="4/60", rate_limit_write="3/60")
    person = await api.person()
    # Signing in has read once.
    limited = with_key(await made(api, person, rate_limit=2))
    usual = with_key(await made(api, person))
    first = await api.get(ME, headers=limited)
    assert first.headers["ratelimit-policy"] == '"api_key";q=2;w=60'
    assert first.headers["x-ratelimit-remaining"] == "1"
    # One for all that it does: a write counts as well.
    assert (await api.patch(ME, json={"name": "X"}, headers=limited)).status_code == 403
    over = await api.get(ME, headers=limited)
    assert (over.status_code, over.json()["error"]) == (429, "rate_limited")
    assert int(over.headers["retry-after"]) >= 50
    # The account was charged for none of it, and is for the key without one.
    statuses = [(await api.get(ME, headers=usual)).status_code for _ in range(2)]
    assert statuses == [200, 200]
    assert (await api.get(ME, headers=person.auth)).status_code == 200
    assert (await api.get(ME, headers=usual)).status_code == 429


async def test_a_refused_key_is_charged_to_the_address(open_api: OpenApi) -> None:
    api = await open_api(rate_limit_read="3/60")
    statuses = [(await call(api, "junk")).status_code for _ in range(4)]
    assert statuses == [401, 401, 401, 429]


async def test_keys_are_introspected_and_given_up(api: Api) -> None:
    person, server = await api.person(), await api.holder_of("tokens:introspect")
    key = await made(api, person)
    asking = with_key(await made(api, server, scopes=["tokens:introspect"]))

    async def introspect(headers: dict[str, str]) -> dict[str, Any]:
        response = await api.post("/oauth/introspect", data={"token": key["key"]}, headers=headers)
        assert response.status_code == 200
        answer: dict[str, Any] = response.json()
        return answer

    for headers in (server.auth, asking):
        assert await introspect(headers) == {
            "active": True,
            "sub": person.id,
            "scope": "items:read",
            "client_id": key["id"],
            "token_type": "api_key",
            "exp": int(datetime.fromisoformat(key["expires_at"]).timestamp()),
            "iat": int(datetime.fromisoformat(key["created_at"]).timestamp()),
            "username": person.email,
        }
    # To ask is no use.
    unused = await api.get(f"{KEYS}/{key['id']}", headers=person.auth)
    assert unused.json()["last_used_at"] is None
    for _ in range(2):
        given_up = await api.post("/oauth/revoke", data={"token": key["key"]})
        assert (given_up.status_code, given_up.content) == (200, b"")
        assert await introspect(server.auth) == {"active": False}
    assert (await call(api, key["key"])).status_code == 401


async def test_a_changed_password_leaves_programs_alone(api: Api) -> None:
    person = await api.person()
    key = await made(api, person)
    assert (await call(api, key["key"])).status_code == 200
    change = {"current_password": PASSWORD, "new_password": "another sentence is better"}
    changed = await api.post("/api/v1/auth/password/change", json=change, headers=person.auth)
    assert changed.status_code == 204
    assert (await call(api, key["key"])).status_code == 200
