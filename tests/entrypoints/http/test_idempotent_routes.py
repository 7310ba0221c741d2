"""Items and API keys, asked for again with the same Idempotency-Key."""

from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any

import httpx
import pytest

from adapters.memory.api_keys import MemoryApiKeyRepository
from adapters.memory.items import MemoryItemRepository
from domain.errors import Unavailable
from domain.events import EventKind
from tests.entrypoints.http.api import PASSWORD, Account, Api, running_api
from tests.entrypoints.http.promises import MARKER
from tests.entrypoints.http.test_api_keys import age, with_key
from tests.entrypoints.http.test_idempotency import is_replay

ITEMS, KEYS = "/api/v1/items", "/api/v1/api-keys"
KEY = "f0b6b3de-6a35-4d43-8a08-51a2b7a3a0f4"
A_ITEM = {"title": "Shopping list", "data": {"lines": [{"what": "tea", "count": 2}]}}
A_KEY = {"name": "Report", "scopes": ["items:read"]}


@dataclass(frozen=True, kw_only=True)
class Ask:
    """Somebody's request that creates something."""

    api: Api
    caller: Account
    path: str
    body: dict[str, Any] | None
    other: dict[str, Any] = field(default_factory=dict)
    """Fields that make it another body."""

    async def send(
        self, key: str = KEY, auth: dict[str, str] | None = None, **fields: Any
    ) -> httpx.Response:
        body = self.body if not fields else (self.body or {}) | fields
        headers = {"Idempotency-Key": key} | (auth or self.caller.auth)
        return await self.api.post(self.path, json=body, headers=headers)

    async def first(self) -> httpx.Response:
        answer = await self.send()
        assert answer.status_code == 201, answer.text
        assert "idempotent-replayed" not in answer.headers
        return answer


async def ask_for(api: Api, what: str, caller: Account | None = None) -> Ask:
    caller = caller or await api.person()
    if what == "item":
        return Ask(
            api=api, caller=caller, path=ITEMS, body=A_ITEM, other={"data": {MARKER: MARKER}}
        )
    if what == "key":
        return Ask(api=api, caller=caller, path=KEYS, body=A_KEY, other={"name": MARKER})
    old = (await api.post(KEYS, json=A_KEY, headers=caller.auth)).json()
    path = f"{KEYS}/{old['id']}/rotate"
    return Ask(api=api, caller=caller, path=path, body=None, other={"overlap_seconds": 5})


@pytest.fixture(params=["item", "key", "rotation"])
async def ask(request: pytest.FixtureRequest, api: Api) -> Ask:
    return await ask_for(api, request.param)


@pytest.fixture(params=["item", "key", "rotation"])
async def limited(request: pytest.FixtureRequest) -> AsyncIterator[Ask]:
    """Of a caller who has three writes a minute, one of which a rotation takes for its old key."""
    async with running_api(rate_limit_write="3/60") as api:
        ask = await ask_for(api, request.param)
        if ask.body is not None:
            await api.post(ITEMS, json=A_ITEM, headers=ask.caller.auth)
        yield ask


async def test_the_same_request_again_has_the_same_answer_and_no_effect(ask: Ask) -> None:
    first = await ask.first()
    before = ask.api.stored(), len(ask.api.records.events)
    for _ in range(3):
        assert is_replay(await ask.send(), first)
    elsewhere = await ask.api.sign_in(ask.caller.email)
    after = ask.api.stored(), len(ask.api.records.events)
    assert is_replay(await ask.send(auth=elsewhere.auth), first)
    for kind in ("items", "api_keys", "idempotency", "outbox"):
        assert before[0][kind] == after[0][kind]
    kinds = [event.kind for event in ask.api.records.events.values()]
    made = kinds.count(EventKind.API_KEY_CREATED), kinds.count(EventKind.API_KEY_ROTATED)
    assert made == {ITEMS: (0, 0), KEYS: (1, 0)}.get(ask.path, (1, 1))


async def test_another_request_with_the_key_is_refused(ask: Ask) -> None:
    first = await ask.first()
    before = ask.api.stored()
    elsewhere = await ask_for(ask.api, "key" if ask.path == ITEMS else "item", ask.caller)
    for refused in (await ask.send(**ask.other), await elsewhere.send()):
        assert refused.status_code == 422
        assert refused.json()["error"] == "idempotency_key_reused"
    assert ask.api.stored() == before
    assert is_replay(await ask.send(), first)


async def test_another_account_has_keys_of_its_own(api: Api) -> None:
    first = await (await ask_for(api, "item")).first()
    other = await (await ask_for(api, "item")).first()
    assert first.json()["id"] != other.json()["id"]
    assert len(api.records.items) == 2


@pytest.mark.parametrize("what", ["item", "key"])
async def test_whoever_lost_the_permission_is_not_given_the_answer(api: Api, what: str) -> None:
    ask = await ask_for(api, what)
    first = await ask.first()
    await api.administrator()
    await api.set_roles(ask.caller)
    refused = await ask.send()
    assert (refused.status_code, refused.json()["error"]) == (403, "forbidden")
    await api.set_roles(ask.caller, "user")
    assert is_replay(await ask.send(), first)


async def test_whoever_lost_the_session_is_not_given_the_answer(ask: Ask) -> None:
    first = await ask.first()
    body = {"refresh_token": ask.caller.refresh_token}
    await ask.api.post("/api/v1/auth/logout", json=body, headers=ask.caller.auth)
    refused = await ask.send()
    assert (refused.status_code, refused.json()["error"]) == (401, "invalid_access_token")
    again = await ask.api.sign_in(ask.caller.email)
    assert is_replay(await ask.send(auth=again.auth), first)


@pytest.mark.parametrize("end", ["disabled", "deleted"])
async def test_nobody_is_given_the_answer_of_an_account_that_is_over(ask: Ask, end: str) -> None:
    await ask.first()
    if end == "disabled":
        await ask.api.disable(ask.caller)
    else:
        body = {"password": PASSWORD}
        gone = await ask.api.post("/api/v1/users/me/deletion", json=body, headers=ask.caller.auth)
        assert gone.status_code == 204
    refused = await ask.send()
    assert (refused.status_code, refused.json()["error"]) == (401, "invalid_access_token")
    namesake = await ask.api.person()
    assert not is_replay(await ask.send(auth=namesake.auth), refused)


@pytest.mark.parametrize("what", ["key", "rotation"])
async def test_the_password_must_have_been_given_lately_for_the_answer_too(
    api: Api, what: str
) -> None:
    ask = await ask_for(api, what)
    first = await ask.first()
    age(api, ask.caller, minutes=16)
    refused = await ask.send()
    assert (refused.status_code, refused.json()["error"]) == (403, "reauthentication_required")
    body = {"password": PASSWORD}
    given = await api.post("/api/v1/auth/reauthenticate", json=body, headers=ask.caller.auth)
    assert given.status_code == 204
    assert is_replay(await ask.send(), first)


async def test_an_api_key_is_given_what_it_may_do_itself(api: Api) -> None:
    ask = await ask_for(api, "item")
    first = await ask.first()
    keys = [
        (await api.post(KEYS, json=A_KEY | {"scopes": scopes}, headers=ask.caller.auth)).json()
        for scopes in (["items:write"], ["items:read"])
    ]
    writing, reading = map(with_key, keys)
    assert is_replay(await ask.send(auth=writing), first)
    assert (await ask.send(auth=reading)).json()["error"] == "forbidden"
    await api.delete(f"{KEYS}/{keys[0]['id']}", headers=ask.caller.auth)
    assert (await ask.send(auth=writing)).json()["error"] == "invalid_api_key"


async def test_a_replayed_key_works_and_its_text_is_nowhere_to_be_read(api: Api) -> None:
    for what in ("key", "rotation"):
        ask = await ask_for(api, what)
        first = await ask.first()
        again = await ask.send()
        assert is_replay(again, first)
        assert again.headers["cache-control"] == "no-store"
        me = await api.get("/api/v1/users/me", headers=with_key(again.json()))
        assert me.json()["id"] == ask.caller.id
        kept = [vars(each) for each in api.records.idempotency.values()]
        assert len(kept) > 0
        assert again.json()["key"] not in repr(api.stored()) + repr(kept)
        assert again.json()["key"].rpartition("_")[0] not in repr(kept)


async def test_a_rotation_is_replayed_where_another_is_a_conflict(api: Api) -> None:
    ask = await ask_for(api, "rotation")
    first = await ask.first()
    refused = await ask.send(key="another")
    assert (refused.status_code, refused.json()["error"]) == (409, "conflict")
    # The default, spelled out, is the same body as none.
    headers = ask.caller.auth | {"Idempotency-Key": KEY}
    assert is_replay(await api.post(ask.path, json={}, headers=headers), first)
    assert len(api.records.api_keys) == 2
    assert len(api.records.idempotency) == 1


async def test_somebody_elses_key_is_not_there_for_a_rotation(api: Api) -> None:
    ask = await ask_for(api, "rotation")
    stranger = await api.person()
    for claims in (0, 1):
        refused = await ask.send(auth=stranger.auth)
        assert (refused.status_code, refused.json()["error"]) == (404, "not_found")
        assert len(api.records.idempotency) == claims
        await ask.send()
    api.records.api_keys.clear()
    assert (await ask.send()).json()["error"] == "not_found"


@pytest.mark.parametrize(
    ("what", "fields", "code"),
    [
        ("item", {"title": " "}, "validation_error"),
        ("item", {"data": {"large": "x" * 20_000}}, "validation_error"),
        ("key", {"scopes": ["no:such"]}, "unknown_permission"),
        ("key", {"scopes": ["users:write"]}, "forbidden"),
        ("key", {"expires_at": "2020-01-01T00:00:00Z"}, "validation_error"),
        ("rotation", {"overlap_seconds": -1}, "validation_error"),
    ],
)
async def test_a_refusal_is_not_kept(
    api: Api, what: str, fields: dict[str, Any], code: str
) -> None:
    ask = await ask_for(api, what)
    for _ in range(2):
        refused = await ask.send(**fields)
        assert refused.json()["error"] == code
        assert "idempotent-replayed" not in refused.headers
        assert api.records.idempotency == {}
    await ask.first()


@pytest.mark.parametrize("depth", [65, 200, 300, 900])
async def test_data_of_any_depth_is_refused_as_without_a_key(api: Api, depth: int) -> None:
    person = await api.person()
    headers = person.auth | {"Idempotency-Key": KEY, "Content-Type": "application/json"}
    content = '{"title": "deep", "data": {"a": ' + "[" * depth + "]" * depth + "}}"
    refused = await api.post(ITEMS, content=content, headers=headers)
    assert refused.status_code == 422
    assert [each["code"] for each in refused.json()["details"]] == ["too_deep"]
    assert api.records.idempotency == {}


@pytest.mark.parametrize(("fault", "status"), [(Unavailable(), 503), (ArithmeticError(), 500)])
async def test_a_fault_of_ours_is_not_kept(
    ask: Ask, monkeypatch: pytest.MonkeyPatch, fault: Exception, status: int
) -> None:
    async def break_down(*_: object) -> None:
        raise fault

    ask.api.may_fail = True
    with monkeypatch.context() as patch:
        patch.setattr(MemoryItemRepository, "add", break_down)
        patch.setattr(MemoryApiKeyRepository, "add", break_down)
        for _ in range(2):
            assert (await ask.send()).status_code == status
            assert ask.api.records.idempotency == {}
    await ask.first()


async def test_a_replay_counts_as_a_request_and_too_many_leave_no_claim(limited: Ask) -> None:
    first = await limited.first()
    assert first.headers["x-ratelimit-remaining"] == "1"
    again = await limited.send()
    assert is_replay(again, first)
    assert again.headers["x-ratelimit-remaining"] == "0"
    before = limited.api.records.idempotency
    for key in (KEY, "another"):
        refused = await limited.send(key=key)
        assert (refused.status_code, refused.json()["error"]) == (429, "rate_limited")
        assert "idempotent-replayed" not in refused.headers
        assert limited.api.records.idempotency == before


async def test_nobody_in_particular_is_told_to_sign_in(ask: Ask) -> None:
    headers = {"Idempotency-Key": KEY}
    refused = await ask.api.post(ask.path, json=ask.body, headers=headers)
    assert (refused.status_code, refused.json()["error"]) == (401, "unauthorized")
    assert ask.api.records.idempotency == {}
