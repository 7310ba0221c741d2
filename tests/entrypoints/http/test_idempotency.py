"""Sending a request again with the same Idempotency-Key: one act, one answer."""

import json
from typing import Any

import httpx
import pytest
from dependency_injector import providers
from pydantic import BaseModel

from adapters.memory.clock import ManualClock
from adapters.memory.passwords import FastPasswordHasher
from domain.errors import Unavailable
from domain.events import EventKind
from entrypoints.http.schemas.bodies import RequestBody
from tests.entrypoints.http.api import PASSWORD, Account, Api, OpenApi
from tests.entrypoints.http.contract import operations
from tests.entrypoints.http.promises import MARKER

USERS = "/api/v1/users"
DAY = 24 * 60 * 60
KEY = "5a3b8a52-7f0b-4c0e-9f55-0d6d9d5c3a11"
ADA = {"email": "ada@example.com", "name": "Ada Lovelace", "password": PASSWORD}


async def post(
    api: Api, key: str = KEY, caller: Account | None = None, path: str = USERS, **fields: Any
) -> httpx.Response:
    headers = {"Idempotency-Key": key} | (caller.auth if caller else {})
    return await api.post(path, json=ADA | fields, headers=headers)


def is_replay(response: httpx.Response, first: httpx.Response) -> bool:
    """Fails where it says that it is the first answer again, and is not."""
    if "idempotent-replayed" not in response.headers:
        return False
    assert response.headers["idempotent-replayed"] == "true"
    assert (response.status_code, response.content) == (first.status_code, first.content)
    for name in ("location", "etag", "cache-control", "content-type", "content-length"):
        assert response.headers.get(name) == first.headers.get(name)
    return True


@pytest.fixture
def clock(api: Api) -> ManualClock:
    """The service's own, to be turned."""
    clock = ManualClock()
    api.container.clock.override(providers.Object(clock))
    return clock


async def test_the_same_request_again_has_the_same_answer_and_no_effect(api: Api) -> None:
    first = await post(api)
    assert first.status_code == 201
    assert "idempotent-replayed" not in first.headers
    for _ in range(3):
        again = await post(api)
        assert is_replay(again, first)
        assert again.headers["x-request-id"] != first.headers["x-request-id"]
    assert len(api.records.users) == len(api.records.outbox) == 1
    kinds = [event.kind for event in api.records.events.values()]
    assert kinds.count(EventKind.USER_REGISTERED) == 1


async def test_without_a_key_nothing_is_kept(api: Api) -> None:
    await api.register(email="ada@example.com")
    assert api.records.idempotency == {}
    assert (await api.register(email="ada@example.com")).status_code == 409


async def test_the_spelling_of_the_body_does_not_matter(api: Api) -> None:
    first = await post(api)
    headers = {"Idempotency-Key": KEY, "Content-Type": "application/json"}
    respelled = json.dumps(dict(reversed(ADA.items())), indent=4).replace("e L", r"e\u0020L")
    assert json.loads(respelled) == ADA
    assert is_replay(await api.post(USERS, content=respelled, headers=headers), first)


async def test_a_known_caller_is_told_that_the_key_was_for_another_request(api: Api) -> None:
    administrator = await api.administrator()
    first = await post(api, caller=administrator)
    before = api.records.users
    for other in ({"name": MARKER}, {"email": f"{MARKER}@example.com"}):
        refused = await post(api, caller=administrator, **other)
        assert refused.status_code == 422
        assert refused.json()["error"] == "idempotency_key_reused"
    assert api.records.users == before
    assert is_replay(await post(api, caller=administrator), first)


async def test_no_password_is_part_of_the_fingerprint(api: Api) -> None:
    administrator = await api.administrator()
    first = await post(api, caller=administrator)
    again = await post(api, caller=administrator, password="another sentence, as long")
    assert is_replay(again, first)
    assert (await api.sign_in("ada@example.com")).email == "ada@example.com"


async def test_another_callers_key_is_another_key(api: Api) -> None:
    people = [await api.administrator(), await api.administrator(), None]
    for number, caller in enumerate(people):
        created = await post(api, caller=caller, email=f"new{number}@example.com")
        assert created.status_code == 201
        assert "idempotent-replayed" not in created.headers
    taken = await post(api, caller=people[0], email="new0@example.com")
    assert taken.status_code == 201
    stolen = await post(api, caller=people[1], email="new0@example.com")
    assert stolen.json()["error"] == "idempotency_key_reused"
    (refused,) = [await post(api, email="new0@example.com")]
    assert refused.json()["error"] == "email_already_registered"


async def test_strangers_with_the_same_key_do_not_learn_of_each_other(api: Api) -> None:
    first = await post(api)
    other = await post(api, email="bob@example.com", name="Bob")
    assert other.status_code == 201
    assert "idempotent-replayed" not in other.headers
    assert (await post(api, name="Eve")).json()["error"] == "email_already_registered"
    assert is_replay(await post(api), first)


async def test_an_answer_is_kept_for_a_day(api: Api, clock: ManualClock) -> None:
    first = await post(api)
    clock.advance(DAY - 1)
    assert is_replay(await post(api), first)
    clock.advance(1)
    late = await post(api)
    assert late.json()["error"] == "email_already_registered"
    assert api.records.idempotency == {}
    assert (await post(api, email="new@example.com")).status_code == 201


async def test_whoever_may_not_any_more_is_not_given_the_answer(api: Api) -> None:
    _, administrator = await api.administrator(), await api.administrator()
    api.container.register_user()._registration_is_open = False
    first = await post(api, caller=administrator)
    assert is_replay(await post(api, caller=administrator), first)
    await api.set_roles(administrator, "user")
    demoted = await post(api, caller=administrator)
    assert (demoted.status_code, demoted.json()["error"]) == (403, "registration_closed")
    await api.disable(administrator)
    disabled = await post(api, caller=administrator)
    assert (disabled.status_code, disabled.json()["error"]) == (401, "invalid_access_token")


async def test_an_answer_is_given_to_a_second_session_of_the_same_account(api: Api) -> None:
    administrator = await api.administrator()
    first = await post(api, caller=administrator)
    elsewhere = await api.sign_in(administrator.email)
    assert is_replay(await post(api, caller=elsewhere), first)


async def test_where_addresses_are_confirmed_the_mail_goes_out_once(open_api: OpenApi) -> None:
    api = await open_api(registration_confirmation="email")
    first = await post(api)
    assert (first.status_code, first.content) == (202, b"{}")
    for _ in range(2):
        assert is_replay(await post(api), first)
    assert len(api.records.outbox) == 1
    known = await post(api, key="another")
    assert (known.status_code, known.content) == (202, b"{}")
    assert "idempotent-replayed" not in known.headers
    assert len(api.records.outbox) == 2


@pytest.mark.parametrize(
    ("fields", "status"),
    [
        ({"email": "taken@example.com"}, 409),
        ({"email": "nowhere"}, 422),
        ({"password": "short"}, 422),
        ({"roles": ["admin"]}, 422),
    ],
)
async def test_a_refusal_is_not_kept(api: Api, fields: dict[str, Any], status: int) -> None:
    await api.register(email="taken@example.com")
    for _ in range(2):
        refused = await post(api, **fields)
        assert refused.status_code == status
        assert refused.json()["error"] != "conflict"
        assert "idempotent-replayed" not in refused.headers
        assert api.records.idempotency == {}
    assert (await post(api)).status_code == 201


async def test_a_refusal_for_want_of_room_is_not_kept(open_api: OpenApi) -> None:
    api = await open_api(rate_limit_auth="1/60")
    first = await post(api)
    before = api.records.idempotency
    refused = await post(api)
    assert refused.status_code == 429
    assert api.records.idempotency == before
    assert first.status_code == 201


class BrokenHasher(FastPasswordHasher):
    """Full, or at fault."""

    def __init__(self, fault: Exception) -> None:
        self._fault = fault

    async def hash(self, password: str) -> str:
        raise self._fault

    def close(self) -> None:
        return


@pytest.mark.parametrize(("fault", "status"), [(Unavailable(), 503), (ArithmeticError(), 500)])
async def test_a_fault_of_ours_is_not_kept(api: Api, fault: Exception, status: int) -> None:
    use_case = api.container.register_user()
    good, use_case._hasher = use_case._hasher, BrokenHasher(fault)
    api.may_fail = True
    for _ in range(2):
        assert (await post(api)).status_code == status
    assert api.records.idempotency == {}
    use_case._hasher = good
    assert (await post(api)).status_code == 201


@pytest.mark.parametrize(
    "key", ["", "x" * 65, f"{MARKER} spaced", "tab\tbed", "caf\u00e9", "\x7f", "x" * 10_000]
)
async def test_a_key_of_another_form_is_refused(api: Api, key: str) -> None:
    headers = {b"Idempotency-Key": key.encode("latin-1")}
    refused = await api.post(USERS, json=ADA, headers=headers)
    assert (refused.status_code, refused.json()["error"]) == (422, "validation_error")
    assert [each["field"] for each in refused.json()["details"]] == ["header.Idempotency-Key"]
    assert not key or key not in refused.text
    assert api.records.users == {}


@pytest.mark.parametrize("key", ["k", "~!@#$%^&*(){}[]<>?/\\|'\",;:", "x" * 64])
async def test_a_key_is_any_visible_ascii(api: Api, key: str) -> None:
    first = await post(api, key=key)
    assert first.status_code == 201
    assert is_replay(await post(api, key=key), first)


async def test_two_keys_are_refused(api: Api) -> None:
    headers = [("Idempotency-Key", "one"), ("Idempotency-Key", "two")]
    refused = await api.post(USERS, json=ADA, headers=headers)
    assert refused.status_code == 422
    (detail,) = refused.json()["details"]
    assert (detail["field"], detail["code"]) == ("header.Idempotency-Key", "repeated")


async def test_neither_key_nor_answer_can_be_read_in_the_storage(api: Api) -> None:
    await post(api)
    stored = repr(list(api.records.idempotency.items())) + repr(
        [vars(each) for each in api.records.idempotency.values()]
    )
    assert stored.count("anonymous") > 1
    for hidden in (KEY, "ada@example.com", "Ada Lovelace", PASSWORD, "location"):
        assert hidden not in stored


def test_every_operation_that_takes_a_key_says_what_it_does_with_it() -> None:
    taking = {
        each.id: each
        for each in operations()
        if any(p["name"] == "Idempotency-Key" for p in each.description.get("parameters", ()))
    }
    assert taking.keys() == {"registerUser", "createItem", "createApiKey", "rotateApiKey"}
    for each in taking.values():
        (parameter,) = [p for p in each.description["parameters"] if p["name"] == "Idempotency-Key"]
        assert parameter["required"] is False
        assert (parameter["schema"]["minLength"], parameter["schema"]["maxLength"]) == (1, 64)
        assert "conflict" in each.codes(409)
        assert "idempotency_key_reused" in each.codes(422)
        for status in (status for status in each.statuses if status < 300):
            described = each.description["responses"][str(status)]["headers"]
            assert described["Idempotent-Replayed"]["schema"]["enum"] == ["true"]


def bodies(kind: type[BaseModel] = RequestBody) -> set[type[BaseModel]]:
    return {kind}.union(*map(bodies, kind.__subclasses__()))


def test_every_field_for_a_secret_is_marked_as_one() -> None:
    """What is not shown is not part of a fingerprint either."""
    secrets = {
        (body.__name__, name): field.repr
        for body in bodies()
        for name, field in body.model_fields.items()
        if "password" in name or "token" in name
    }
    assert ("RegisterBody", "password") in secrets
    assert not any(secrets.values()), secrets
