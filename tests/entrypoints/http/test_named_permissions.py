"""The permission that the OpenAPI document names for an operation is the one that decides."""

import re

from domain.roles import BUILT_IN_PERMISSIONS
from tests.entrypoints.http.access_matrix import MATRIX
from tests.entrypoints.http.api import Api
from tests.entrypoints.http.contract import Operation, operations
from tests.entrypoints.http.matrix_calls import (
    OF_USERS,
    People,
    answer_to,
    gather,
    with_key,
)

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


async def answers_to_holder(
    api: Api, called: Operation, people: People, *held: str
) -> dict[str, int]:
    """What somebody is told who holds these permissions and no others, in a session and by key."""
    database = api.container.memory_database()
    before = database.committed
    caller = await api.holder_of(*held)
    await api.set_roles(caller, "held")
    found = {"key": await answer_to(api, called, people, await with_key(api, caller, *held))}
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
            key = await with_key(api, people.owner, *scopes)
            told = await answer_to(api, called, people, key)
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
