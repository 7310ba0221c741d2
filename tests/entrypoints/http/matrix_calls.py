"""Who calls, and what is called for: one account's records, and a request for each operation."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from domain.roles import BUILT_IN_PERMISSIONS
from tests.entrypoints.http.api import PASSWORD, Account, Api
from tests.entrypoints.http.contract import Operation

Headers = Mapping[str, str]

OF_USERS = ("items:read", "items:write")
"""What everybody holds."""


@dataclass(frozen=True)
class People:
    """Whose records are called for, and who else there is."""

    owner: Account
    session_id: str
    item_id: str
    key_id: str
    callers: Mapping[str, Headers]
    """What each column of the matrix calls with."""


async def new_key(api: Api, owner: Account, *scopes: str) -> dict[str, str]:
    body = {"name": "A key", "scopes": sorted(set(scopes))}
    response = await api.post("/api/v1/api-keys", json=body, headers=owner.auth)
    made: dict[str, str] = response.json()
    return made


async def with_key(api: Api, owner: Account, *scopes: str) -> Headers:
    return {"X-API-Key": (await new_key(api, owner, *scopes))["key"]}


async def gather(api: Api) -> People:
    owner, administrator = await api.person(), await api.administrator()
    role = {"name": "clerk", "description": "", "permissions": ["items:read"]}
    await api.post("/api/v1/roles", json=role, headers=administrator.auth)
    permission = {"name": "orders:ship", "description": ""}
    await api.post("/api/v1/permissions", json=permission, headers=administrator.auth)
    await api.sign_in(owner.email)
    sessions = (await api.get("/api/v1/auth/sessions", headers=owner.auth)).json()["items"]
    item = {"title": "Shopping list", "data": {}}
    stored = (await api.post("/api/v1/items", json=item, headers=owner.auth)).json()
    other, disabled = await api.person(), await api.person()
    await api.disable(disabled)
    return People(
        owner=owner,
        session_id=next(each["id"] for each in sessions if not each["current"]),
        item_id=stored["id"],
        key_id=(await new_key(api, owner))["id"],
        callers={
            "anonymous": {},
            "owner": owner.auth,
            "other": other.auth,
            "administrator": administrator.auth,
            "disabled": disabled.auth,
            "owner's key": await with_key(api, owner, *OF_USERS),
            "owner's bare key": await with_key(api, owner),
            "administrator's key": await with_key(api, administrator, *BUILT_IN_PERMISSIONS),
            "administrator's bare key": await with_key(api, administrator),
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


async def answer_to(api: Api, called: Operation, people: People, credential: Headers) -> int:
    """The status. Whatever the call has done is undone."""
    database = api.container.memory_database()
    before = database.committed
    response = await api.request(**request_for(called, people), headers=credential)
    database.committed = before
    return response.status_code
