"""The access matrix: every operation, called by every kind of caller."""

import re
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any

import pytest
from fastapi import FastAPI

from config.container import container_for
from config.settings import load_settings
from domain.roles import BUILT_IN_PERMISSIONS
from entrypoints.http.app import create_app
from entrypoints.http.operations import AccessUndeclared, require_access_rules
from tests.entrypoints.http.api import PASSWORD, Account, Api
from tests.entrypoints.http.contract import Operation, operations

Headers = dict[str, str]
Row = dict[str, int]


@dataclass(frozen=True)
class People:
    """Whose records are called for, and who else there is."""

    owner: Account
    other: Account
    administrator: Account
    disabled: Account
    session_id: str
    item_id: str
    key_id: str
    keys: Mapping[str, str]
    """The columns that call with an API key, and the keys."""


async def _anonymous(_: Api, __: People, ___: Operation) -> Headers:
    return {}


async def _owner(_: Api, people: People, __: Operation) -> Headers:
    return people.owner.auth


async def _other(_: Api, people: People, __: Operation) -> Headers:
    return people.other.auth


async def _administrator(_: Api, people: People, __: Operation) -> Headers:
    return people.administrator.auth


async def _disabled(_: Api, people: People, __: Operation) -> Headers:
    return people.disabled.auth


def _key(column: str) -> Callable[[Api, People, Operation], Awaitable[Headers]]:
    async def key(_: Api, people: People, __: Operation) -> Headers:
        return {"X-API-Key": people.keys[column]}

    return key


OF_OWNER = ("owner's key", "owner's bare key")
OF_ADMINISTRATOR = ("administrator's key", "administrator's bare key")
KEYS = OF_OWNER + OF_ADMINISTRATOR
BARE_KEYS = ("owner's bare key", "administrator's bare key")
"""One without scopes; the other has all that its owner holds."""

CALLERS: dict[str, Callable[[Api, People, Operation], Awaitable[Headers]]] = {
    "anonymous": _anonymous,
    "owner": _owner,
    "other": _other,
    "administrator": _administrator,
    "disabled": _disabled,
    **{column: _key(column) for column in KEYS},
}
"""The columns. Each gives the headers to call an operation with; rows are made below."""


def anyone(status: int) -> Row:
    """Credentials are not looked at."""
    return dict.fromkeys(CALLERS, status)


def anyone_or_caller(status: int) -> Row:
    """Nobody needs a credential; a bad one is refused."""
    return anyone(status) | {"disabled": 401}


def any_credential(status: int) -> Row:
    return anyone(status) | {"anonymous": 401, "disabled": 401}


def all_of(columns: tuple[str, ...], status: int) -> Row:
    return dict.fromkeys(columns, status)


def own_session(status: int) -> Row:
    """An act on the caller's own account, whoever that is, but never with a key."""
    return any_credential(status) | all_of(KEYS, 403)


def own_record(status: int) -> Row:
    """A record of the owner's, for nobody else, and with a session only."""
    return own_session(status) | {"other": 404, "administrator": 404}


def self_or_holder(status: int) -> Row:
    """The account sees itself, whatever it calls with."""
    return any_credential(status) | {"other": 404, "administrator's bare key": 404}


def holder_of_list(status: int) -> Row:
    """Whoever lacks the permission is told so."""
    refused = ("owner", "other", *OF_OWNER, "administrator's bare key")
    return any_credential(status) | all_of(refused, 403)


def holder_of_record(status: int) -> Row:
    """Whoever may not see it is told that it does not exist."""
    refused = ("owner", "other", *OF_OWNER, "administrator's bare key")
    return any_credential(status) | all_of(refused, 404)


def act_on_account(status: int) -> Row:
    """The account sees itself, so it learns that it may not do this; to others it is not there."""
    return holder_of_record(status) | all_of(("owner", *OF_OWNER), 403)


def everybody_holds(status: int) -> Row:
    """What every account may do, and a key that has the scope."""
    return any_credential(status) | all_of(BARE_KEYS, 403)


def own_list_or_holder(status: int) -> Row:
    """The owner's list: others hold the permission for those of all, or are told."""
    return everybody_holds(status) | {"other": 403}


def own_item_or_holder(status: int) -> Row:
    """The owner's record: it exists for the owner's keys, whether or not they may use it."""
    return everybody_holds(status) | {"other": 404, "administrator's bare key": 404}


def own_keys_or_holder(status: int) -> Row:
    """A key sees no others of its account, nor that there are any, without the permission."""
    return any_credential(status) | all_of((*OF_OWNER, "administrator's bare key"), 403)


MATRIX: dict[str, Row] = {
    "registerUser": anyone_or_caller(201),
    "listUsers": holder_of_list(200),
    "getMe": any_credential(200),
    "updateMe": own_session(200),
    "deleteMe": own_session(204) | {"administrator": 409},
    "changeMyEmail": own_session(202),
    "getUser": self_or_holder(200),
    "updateUser": act_on_account(200),
    "deleteUser": act_on_account(204),
    "setUserRoles": act_on_account(200),
    "listUserSessions": act_on_account(200),
    "endUserSessions": act_on_account(204),
    "listRoles": holder_of_list(200),
    "createRole": holder_of_list(201),
    "getRole": holder_of_record(200),
    "updateRole": holder_of_record(200),
    "deleteRole": holder_of_record(204),
    "listPermissions": holder_of_list(200),
    "createPermission": holder_of_list(201),
    "deletePermission": holder_of_record(204),
    "login": anyone(200),
    "refresh": anyone(200),
    "reauthenticate": own_session(204),
    "logout": own_session(204),
    "changePassword": own_session(204),
    "forgotPassword": anyone(202),
    "resetPassword": anyone(400),
    "verifyEmail": anyone(400),
    "resendVerification": own_session(202),
    "listSessions": own_session(200),
    "endOtherSessions": own_session(204),
    "endSession": own_record(204),
    "createApiKey": own_session(201),
    "listApiKeys": own_keys_or_holder(200),
    "getApiKey": own_keys_or_holder(200) | {"other": 404},
    "revokeApiKey": own_keys_or_holder(204) | {"other": 404},
    "rotateApiKey": own_record(201),
    "listUserApiKeys": act_on_account(200),
    "createItem": everybody_holds(201),
    "listItems": own_list_or_holder(200),
    "getItem": own_item_or_holder(200),
    "updateItem": own_item_or_holder(200),
    "deleteItem": own_item_or_holder(204),
    "listEvents": holder_of_list(200),
    "oauthToken": anyone(200),
    "oauthIntrospect": holder_of_list(200),
    "oauthRevoke": anyone(200),
    "getJwks": anyone(200),
    "getServerMetadata": anyone(200),
    "getHealth": anyone(200),
    "getLiveness": anyone(200),
    "getReadiness": anyone(200),
}
"""What each operation answers to each caller, given a request that is right in every other way.

Links from mails are secret: whoever calls, an unknown one is 400.
"""


OF_USERS = ("items:read", "items:write")
"""What everybody holds."""


async def new_key(api: Api, owner: Account, *scopes: str) -> dict[str, str]:
    body = {"name": "A key", "scopes": sorted(set(scopes))}
    response = await api.post("/api/v1/api-keys", json=body, headers=owner.auth)
    made: dict[str, str] = response.json()
    return made


async def gather(api: Api) -> People:
    owner, administrator = await api.person(), await api.administrator()
    operator = administrator.auth
    role = {"name": "clerk", "description": "", "permissions": ["items:read"]}
    await api.post("/api/v1/roles", json=role, headers=operator)
    permission = {"name": "orders:ship", "description": ""}
    await api.post("/api/v1/permissions", json=permission, headers=operator)
    await api.sign_in(owner.email)
    sessions = (await api.get("/api/v1/auth/sessions", headers=owner.auth)).json()["items"]
    item = {"title": "Shopping list", "data": {}}
    stored = (await api.post("/api/v1/items", json=item, headers=owner.auth)).json()
    disabled = await api.person()
    await api.disable(disabled)
    everything = sorted(BUILT_IN_PERMISSIONS)
    return People(
        owner=owner,
        other=await api.person(),
        administrator=administrator,
        disabled=disabled,
        session_id=next(each["id"] for each in sessions if not each["current"]),
        item_id=stored["id"],
        key_id=(await new_key(api, owner))["id"],
        keys={
            "owner's key": (await new_key(api, owner, *OF_USERS))["key"],
            "owner's bare key": (await new_key(api, owner))["key"],
            "administrator's key": (await new_key(api, administrator, *everything))["key"],
            "administrator's bare key": (await new_key(api, administrator))["key"],
        },
    )


def request_for(called: Operation, people: People) -> dict[str, Any]:
    """A request of the owner's records that is right in every way but, perhaps, the caller."""
    there = {
        "user_id": people.owner.id,
        "session_id": people.session_id,
        "item_id": people.item_id,
        "api_key_id": people.key_id,
        "role_name": "clerk",
        "permission_name": "orders:ship",
    }
    made = called.request() | {"url": called.path.format(**there)}
    if called.id == "listItems":
        made["params"] = {"owner_id": people.owner.id}
    right = {
        "email": people.owner.email if called.id == "login" else "fresh@example.com",
        "password": PASSWORD,
        "current_password": PASSWORD,
        "refresh_token": people.owner.refresh_token,
        "token": people.owner.access_token if called.is_oauth else "unknown",
    }
    for kind in ("json", "data"):
        if kind in made:
            known = made[kind].keys() & right.keys()
            made[kind] = {**made[kind], **{name: right[name] for name in known}}
            made[kind].pop("audience", None)
    return made


async def answers(api: Api, people: People, called: Operation) -> Row:
    """What each caller is told, each in the same state of things."""
    database = api.container.memory_database()
    before = database.committed
    found = {}
    for name, headers_of in CALLERS.items():
        headers = await headers_of(api, people, called)
        response = await api.request(**request_for(called, people), headers=headers)
        found[name] = response.status_code
        database.committed = before
    return found


async def test_every_operation_answers_as_the_matrix_says(api: Api) -> None:
    people = await gather(api)
    assert {each.id: await answers(api, people, each) for each in operations()} == MATRIX


def test_the_matrix_is_full() -> None:
    assert MATRIX.keys() == {each.id for each in operations()}
    assert all(row.keys() == CALLERS.keys() for row in MATRIX.values())


_NAME = "[a-z_]+:[a-z_]+"


def permission_named(called: Operation) -> str | None:
    """What the document says one must hold for records of others, where that is what decides."""
    if called.access in ("anyone", "any credential", "session", "recent session"):
        return None
    found = re.fullmatch(
        rf"(?:self or |session or |own with {_NAME}, or )?({_NAME})", called.access
    )
    assert found, f"{called}: a new kind of access rule: {called.access}"
    return found[1]


def permission_named_for_own(called: Operation) -> str | None:
    """What the document says one must hold for records of one's own."""
    found = re.match(rf"own with ({_NAME})", called.access)
    return found[1] if found else None


async def answer_to(api: Api, called: Operation, people: People, credential: Headers) -> int:
    database = api.container.memory_database()
    before = database.committed
    response = await api.request(**request_for(called, people), headers=credential)
    database.committed = before
    return response.status_code


async def answers_to_holder(
    api: Api, called: Operation, people: People, *held: str
) -> dict[str, int]:
    """What somebody is told who holds these permissions and no others, in a session and by key."""
    database = api.container.memory_database()
    before = database.committed
    caller = await api.holder_of(*held)
    await api.set_roles(caller, "held")
    key = await new_key(api, caller, *held)
    found = {"key": await answer_to(api, called, people, {"X-API-Key": key["key"]})}
    if not called.access.startswith("session or "):
        found["session"] = await answer_to(api, called, people, caller.auth)
    database.committed = before
    return found


async def test_the_permission_that_is_named_is_the_one_that_decides(api: Api) -> None:
    people = await gather(api)
    for called in operations():
        permission = permission_named(called)
        if permission is None:
            continue
        assert permission in BUILT_IN_PERMISSIONS
        # To act on somebody takes what they hold, whatever the act.
        alone = await answers_to_holder(api, called, people, permission, *OF_USERS)
        right = MATRIX[called.id]["administrator"]
        assert (called.id, set(alone.values())) == (called.id, {right}), alone
        others = BUILT_IN_PERMISSIONS.keys() - {permission}
        without = await answers_to_holder(api, called, people, *others)
        assert (called.id, set(without.values()) <= {403, 404}) == (called.id, True), without


async def test_of_its_owners_records_a_key_uses_what_its_scopes_name(api: Api) -> None:
    people = await gather(api)
    named = [(called, permission_named_for_own(called)) for called in operations()]
    of_own = [(called, permission) for called, permission in named if permission]
    assert of_own
    for called, permission in of_own:
        for scopes, right in (
            ({permission}, MATRIX[called.id]["owner"]),
            ({*OF_USERS} - {permission}, 403),
        ):
            key = await new_key(api, people.owner, *scopes)
            told = await answer_to(api, called, people, {"X-API-Key": key["key"]})
            assert (called.id, scopes, told) == (called.id, scopes, right)


def test_the_document_asks_for_a_credential_where_one_is_needed() -> None:
    for called in operations():
        row = MATRIX[called.id]
        assert (row["anonymous"] == 401) is called.needs_credential, called
        assert (row["disabled"] == 401) is called.takes_credential, called
        everybody = {row[name] for name in row.keys() - {"anonymous", "disabled"}}
        if permission_named(called):
            assert everybody & {403, 404}, called
        else:
            assert row["owner"] < 403, called


def test_a_route_that_does_not_say_who_may_call_it_starts_no_application() -> None:
    app = create_app(container_for(load_settings(database_url="memory://")))
    assert isinstance(app, FastAPI)

    @app.get("/api/v1/planted")
    async def planted() -> None: ...

    with pytest.raises(AccessUndeclared, match="/api/v1/planted"):
        require_access_rules(app)
