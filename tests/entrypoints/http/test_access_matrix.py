"""The access matrix: every operation, called by every kind of caller."""

import re
from collections.abc import Awaitable, Callable
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


CALLERS: dict[str, Callable[[Api, People, Operation], Awaitable[Headers]]] = {
    "anonymous": _anonymous,
    "owner": _owner,
    "other": _other,
    "administrator": _administrator,
    "disabled": _disabled,
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


def own_session(status: int) -> Row:
    """An act on the caller's own account, whoever that is."""
    return any_credential(status)


def own_record(status: int) -> Row:
    """A record of the owner's, for nobody else, and with a session only."""
    return own_session(status) | {"other": 404, "administrator": 404}


def self_or_holder(status: int) -> Row:
    return any_credential(status) | {"other": 404}


def holder_of_list(status: int) -> Row:
    """Whoever lacks the permission is told so."""
    return any_credential(status) | {"owner": 403, "other": 403}


def holder_of_record(status: int) -> Row:
    """Whoever may not see it is told that it does not exist."""
    return any_credential(status) | {"owner": 404, "other": 404}


def act_on_account(status: int) -> Row:
    """The account sees itself, so it learns that it may not do this; to others it is not there."""
    return any_credential(status) | {"owner": 403, "other": 404}


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


async def gather(api: Api) -> People:
    owner, administrator = await api.person(), await api.administrator()
    operator = administrator.auth
    role = {"name": "clerk", "description": "", "permissions": ["items:read"]}
    await api.post("/api/v1/roles", json=role, headers=operator)
    permission = {"name": "orders:ship", "description": ""}
    await api.post("/api/v1/permissions", json=permission, headers=operator)
    await api.sign_in(owner.email)
    sessions = (await api.get("/api/v1/auth/sessions", headers=owner.auth)).json()["items"]
    disabled = await api.person()
    await api.disable(disabled)
    return People(
        owner=owner,
        other=await api.person(),
        administrator=administrator,
        disabled=disabled,
        session_id=next(each["id"] for each in sessions if not each["current"]),
    )


def request_for(called: Operation, people: People) -> dict[str, Any]:
    """A request of the owner's records that is right in every way but, perhaps, the caller."""
    there = {
        "user_id": people.owner.id,
        "session_id": people.session_id,
        "role_name": "clerk",
        "permission_name": "orders:ship",
    }
    made = called.request() | {"url": called.path.format(**there)}
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


def permission_named(called: Operation) -> str | None:
    """What the document says one must hold, where that is how access is decided."""
    if called.access in ("anyone", "any credential", "session"):
        return None
    found = re.fullmatch(r"(?:self or )?([a-z_]+:[a-z_]+)", called.access)
    assert found, f"{called}: a new kind of access rule: {called.access}"
    return found[1]


async def answer_to_holder(api: Api, called: Operation, people: People, *held: str) -> int:
    """What somebody is told who holds these permissions and no others."""
    database = api.container.memory_database()
    before = database.committed
    caller = await api.holder_of(*held)
    await api.set_roles(caller, "held")
    response = await api.request(**request_for(called, people), headers=caller.auth)
    database.committed = before
    return response.status_code


async def test_the_permission_that_is_named_is_the_one_that_decides(api: Api) -> None:
    people = await gather(api)
    # To act on somebody takes what they hold, whatever the act.
    of_target = {"items:read", "items:write"}
    for called in operations():
        permission = permission_named(called)
        if permission is None:
            continue
        assert permission in BUILT_IN_PERMISSIONS
        alone = await answer_to_holder(api, called, people, permission, *of_target)
        assert (called.id, alone) == (called.id, MATRIX[called.id]["administrator"])
        others = BUILT_IN_PERMISSIONS.keys() - {permission}
        without = await answer_to_holder(api, called, people, *others)
        assert (called.id, without in (403, 404)) == (called.id, True)


def test_the_document_asks_for_a_credential_where_one_is_needed() -> None:
    for called in operations():
        row = MATRIX[called.id]
        assert (row["anonymous"] == 401) is called.needs_credential, called
        assert (row["disabled"] == 401) is called.takes_credential, called
        everybody = {row["owner"], row["other"], row["administrator"]}
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
